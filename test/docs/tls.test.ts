import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { BADSSL, DOMAIN, lab } from '../kit/badssl.ts';
import { runTls, tlsCheck } from '../kit/tls.ts';

const started = closesAtEnd();

/** The name to look up for one of badssl.com's hosts. */
const nameOf = (host: string): string => (host === 'badssl.com' ? DOMAIN : `${host}.${DOMAIN}`);

let held = 0;
afterAll(() => void process.stdout.write(`badssl: ${held} of ${BADSSL.length} configurations\n`));

it.each(BADSSL)('$group/$host is $status $reasons', async ({ host, server, status, reasons }) => {
  const { port } = await started(server());
  const check = tlsCheck({ host: nameOf(host), port, connectTo: `127.0.0.1:${port}`, ca: lab.ca });
  const finding = await runTls(check);
  expect({ status: finding.status, reasons: finding.reasons }).toEqual({ status, reasons });
  held += 1;
});

it('docs/tls.md tells what is found at each (WATCHBILL_UPDATE=1 writes it anew)', () => {
  if (process.env.WATCHBILL_UPDATE === '1') writeFileSync('docs/tls.md', page());
  expect(readFileSync('docs/tls.md', 'utf8')).toBe(page());
  expect(new Set(BADSSL.map(({ group, host }) => `${group}/${host}`)).size).toBe(88);
});

function page(): string {
  const rows = BADSSL.map(({ group, host, status, reasons, note }) => {
    const codes = reasons.map((reason) => `\`${reason}\``).join(', ');
    return `| ${group} | ${host} | ${status} | ${codes} | ${note} |`;
  });
  return `# What a tls check finds

badssl.com keeps a host for each way in which TLS can be wrong, or unusual and right. The table has all ${BADSSL.length} of its
configurations and what a tls check with default settings finds at a local server of the same kind. The reasons are
explained in [reasons.md](reasons.md), the settings in [checks.md](checks.md#tls). Made by the test that looks at these
servers; \`WATCHBILL_UPDATE=1 npx vitest run test/docs\` writes it anew.

| group | host | status | reasons | note |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
