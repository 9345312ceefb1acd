import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { steadyClock } from '../../lib/adapters/local/steady-clock.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import type { Issued } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { a, startDnsServer } from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';
import { loopbackNet, runTls, tlsCheck } from '../kit/tls.ts';
import { check, DAY, HOST, lab, past } from '../kit/tls-cases.ts';
import { serving } from '../kit/tls-lab.ts';
import { listening } from '../kit/tls-server.ts';

/* What changes between two looks or from address to address: B39–B41 and B44 in the catalogue of faults. */

const { leaf } = lab;

const started = closesAtEnd();
countSections();

it('B39 sees on the very next look that the certificate was swapped for an expired one', async () => {
  const { cert, key } = leaf();
  const server = createServer({ cert, key, ticketKeys: Buffer.alloc(48, 7) });
  const { port } = await started(listening(server));
  const net = loopbackNet();
  expect((await runTls(check(port), net)).status).toBe('up');
  const old = leaf(past);
  server.setSecureContext({ cert: old.cert, key: old.key, ticketKeys: Buffer.alloc(48, 7) });
  expect((await runTls(check(port), net)).reasons).toEqual(['cert_expired']);
});

it('B40 clears a warning on the very next look after a renewal', async () => {
  const { cert, key } = leaf({ to: Date.now() + 5 * DAY });
  const server = createServer({ cert, key });
  const { port } = await started(listening(server));
  expect((await runTls(check(port))).status).toBe('degraded');
  const renewed = leaf();
  server.setSecureContext({ cert: renewed.cert, key: renewed.key });
  expect((await runTls(check(port))).status).toBe('up');
});

describe('B41 looks at every address of a name', () => {
  async function atBoth(first: Issued, second: Issued | undefined) {
    const dns = await started(
      startDnsServer({
        [`A ${HOST}`]: { answers: [a(HOST, '127.0.0.1'), a(HOST, '127.0.0.2')] },
        [`AAAA ${HOST}`]: {},
      }),
    );
    const one = await started(serving(first));
    if (second)
      await started(listening(createServer({ cert: second.cert, key: second.key }), '127.0.0.2', one.port));
    return runTls(
      tlsCheck({ host: HOST, port: one.port, ca: lab.ca }),
      loopbackNet(systemClock, [dns.address]),
    );
  }

  it('B41 the worst of all decides, and is told by its address', async () => {
    const finding = await atBoth(leaf(), leaf({ to: Date.now() + DAY }));
    expect(finding).toMatchObject({
      status: 'down',
      reasons: ['cert_expires_soon'],
      facts: { address: '127.0.0.2', addresses: { '127.0.0.1': 'ok', '127.0.0.2': 'cert_expires_soon' } },
    });
    expect(finding.message).toMatch(/^127\.0\.0\.2: The certificate/);
  });

  it('B41 says once what is wrong everywhere', async () => {
    const one = leaf(past);
    expect((await atBoth(one, one)).message).toMatch(
      /^The certificate of "api.acme.test" has expired at [^ ]+$/,
    );
  });

  it('B41 an address where nobody answers is a fact while another one does', async () => {
    expect(await atBoth(leaf(), undefined)).toMatchObject({
      status: 'up',
      facts: { addresses: { '127.0.0.1': 'ok', '127.0.0.2': 'connect_refused' } },
    });
  });
});

describe('B44 our own clock is wrong', () => {
  const log = { info() {}, warn() {}, error() {} };

  it.each([
    ['two days ahead', 2 * DAY],
    ['two days behind', -2 * DAY],
  ])('B44 by a jump, %s: no certificate expires of it', async (_, jump) => {
    const machine = new VirtualClock(Date.now());
    const net = loopbackNet(steadyClock(machine, log));
    const { port } = await started(serving(leaf({ from: machine.now() - DAY, to: machine.now() + 4 * DAY })));
    const wanted = { status: 'degraded', reasons: ['cert_expires_soon'] };
    expect(await runTls(check(port), net)).toMatchObject(wanted);
    machine.jump(jump);
    expect(await runTls(check(port), net)).toMatchObject(wanted);
  });

  it('B44 since the start, by hours: the finding says that it may be', async () => {
    const { port } = await started(serving(leaf({ from: Date.now() })));
    const slow = loopbackNet(new VirtualClock(Date.now() - 5 * 3_600_000));
    expect((await runTls(check(port), slow)).message).toContain('Is a clock wrong, the server’s or ours?');
  });
});
