import { expect, test } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority } from '../kit/ca.ts';
import { tlsServer } from '../kit/tls-server.ts';
import { configOf, Folder } from './kit.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const root = makeAuthority({ name: 'Acme root' });
const started = closesAtEnd();

/** A check of a certificate that has so long left. */
async function certificate(id: string, left: number) {
  const { cert, key } = root.issue({
    names: ['api.acme.test'],
    from: Date.now() - 90 * DAY,
    to: Date.now() + left,
  });
  const { port } = await started(tlsServer({ cert, key }));
  const common = { id, type: 'tls', host: 'api.acme.test', ca: 'root.pem', revocation: 'off' };
  return { ...common, port, connectTo: `127.0.0.1:${port}` };
}

/** Nothing listens there. */
const gone = { id: 'gone', type: 'tls', host: '127.0.0.1', port: 9, timeout: '2s' };

const folderWith = (checks: readonly object[]) =>
  Folder.make({ 'watchbill.config.json': configOf(checks), 'root.pem': root.pem });

test('what runs out first is at the top, with how long is left and who knows', async () => {
  const checks = [await certificate('later', 40 * DAY + HOUR), await certificate('soon', 5 * DAY + HOUR)];
  await using folder = await folderWith(checks);
  const { code, stdout, stderr } = await folder.cli(['expiries']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [head, ...lines] = stdout.trim().split('\n');
  expect(head).toMatch(/^STATUS +LEFT +WHEN \(UTC\) +CHECK +WHAT +THEN IT$/);
  expect(lines[0]).toMatch(
    /^degraded +5 d( 1 h| 59 min)? .* soon +certificate of api\.acme\.test:\d+ +expires$/,
  );
  expect(lines.find((line) => line.includes('later'))).toMatch(/^up +40 d/);
});

test.each([
  ['nothing has run out', [30 * DAY], false, 0],
  ['something has', [30 * DAY, -DAY], true, 1],
  ['something could not be seen', [30 * DAY], true, 3],
])('when %s, the exit code says so', async (_, lefts, isBlind, code) => {
  const checks = await Promise.all(lefts.map((left, i) => certificate(`c${i}`, left)));
  await using folder = await folderWith([...checks, ...(isBlind ? [gone] : [])]);
  const answer = await folder.cli(['expiries', '--json']);
  expect(answer).toMatchObject({ code, stderr: '' });
  const { at, expiries, unknown } = JSON.parse(answer.stdout);
  const leaves = expiries.filter(({ what }: { what: string }) => what.startsWith('certificate of'));
  expect(leaves.map(({ leftMs }: { leftMs: number }) => Math.round(leftMs / DAY))).toEqual(
    lefts.toSorted((a, b) => a - b).map((left) => left / DAY),
  );
  for (const one of expiries) expect(Date.parse(one.at) - Date.parse(at)).toBe(one.leftMs);
  expect(unknown).toEqual(
    isBlind
      ? [{ check: 'gone', status: 'down', reason: 'connect_refused', message: expect.any(String) }]
      : [],
  );
});

test('checks of what never runs out are not looked at', async () => {
  const tcp = { id: 'port', type: 'tcp', host: '127.0.0.1', port: 9 };
  await using folder = await folderWith([tcp]);
  const { code, stdout } = await folder.cli(['expiries']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Nothing is known that runs out.\n' });
});
