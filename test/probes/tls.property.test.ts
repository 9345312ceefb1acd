import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import type { Finding } from '../../lib/reading.ts';
import { REASONS } from '../../lib/reasons.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { settle, VirtualClock } from '../kit/clock.ts';
import { leavesNothing } from '../kit/held.ts';
import { alert, handshakeRecord } from '../kit/hello-server.ts';
import { loopbackNet, runTls } from '../kit/tls.ts';
import { check, lab } from '../kit/tls-cases.ts';
import { serving, TLS12 } from '../kit/tls-lab.ts';
import { listening } from '../kit/tls-server.ts';

/*
 * B43 and invariant 9: whatever bytes a server sends, a look ends by its deadline, in bounded memory, leaves no
 * socket behind, and is never deceived. A sound server's bytes are damaged on their way, or there is none.
 */

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 200);
const WARM_UP = Math.min(RUNS, 1_000);
const TIMEOUT_MS = 10_000;

const started = closesAtEnd();
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

/** What happens to the server's bytes at a place in their stream; `end`: nothing comes after it. */
const damage = fc.record({
  at: fc.oneof(fc.nat(150), fc.nat(3_000)),
  how: fc.constantFrom('flip', 'drop', 'double', 'insert', 'end', 'reset', 'stall'),
  with: bytes.filter(({ length }) => length > 0),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

const record = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 1, 2, 4, 8, 11, 12, 13, 14, 15, 20, 22, 25), bytes)
    .map(([type, body]) => handshakeRecord(0x0303, type, body)),
  fc.tuple(fc.constantFrom(0x0300, 0x0303), fc.nat(255)).map(([version, code]) => alert(version, code)),
  fc
    .tuple(fc.constantFrom(20, 21, 22, 23, 24, 128), fc.nat(4), fc.nat(0xffff), bytes)
    .map(([type, minor, size, body]) =>
      Buffer.concat([Buffer.from([type, 3, minor, size >> 8, size & 255]), body]),
    ),
  bytes,
  fc.nat(65_000).map((size) => handshakeRecord(0x0303, 11, Buffer.alloc(size))),
);

const ending = fc.constantFrom('end', 'reset', 'stall');
type Ending = typeof ending extends fc.Arbitrary<infer T> ? T : never;
type Script = (client: Socket) => void;

/** A server in front, whose part each run writes anew. */
async function stage() {
  let script: Script = () => {};
  const { port } = await started(listening(createServer((client) => script(client))));
  return {
    async play(next: Script): Promise<Finding> {
      script = next;
      const clock = new VirtualClock(Date.now());
      let isOver = false;
      const running = runTls(check(port), loopbackNet(clock)).finally(() => {
        isOver = true;
      });
      for (let turn = 0; turn < 200 && !isOver; turn += 1) await settle();
      const finding = await clock.run(running, 2 * TIMEOUT_MS);
      expect(clock.monotonic()).toBeLessThanOrEqual(TIMEOUT_MS);
      expect(clock.pending).toBe(0);
      expect(finding.reasons.every((reason) => reason in REASONS)).toBe(true);
      return finding;
    },
  };
}

function endWith(client: Socket, how: Ending): void {
  if (how === 'end') client.end();
  if (how === 'reset') client.resetAndDestroy();
}

/** The way to the server at this port, on which its bytes come to harm. */
function damaged(port: number, { at, how, with: stuff }: Damage): Script {
  return (client) => {
    const server = connect({ port, host: '127.0.0.1' }).on('error', () => client.destroy());
    client.on('data', (bytes) => server.write(bytes)).on('close', () => server.destroy());
    let passed = 0;
    let isCut = false;
    server.on('data', (bytes) => {
      const place = at - passed;
      passed += bytes.length;
      if (isCut) return;
      if (place < 0 || place >= bytes.length) return client.write(bytes);
      const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
      client.write(before);
      if (how === 'flip') client.write(Buffer.from([(after[0] ?? 0) ^ (stuff[0] || 1)]));
      if (how === 'flip') return client.write(after.subarray(1));
      if (how === 'drop') return client.write(after.subarray(stuff.length));
      if (how === 'double') return client.write(Buffer.concat([after.subarray(0, stuff.length), after]));
      if (how === 'insert') return client.write(Buffer.concat([stuff, after]));
      isCut = true;
      endWith(client, how);
    });
    server.on('close', () => client.end());
  };
}

const timeout = 60_000 + 50 * RUNS;

it.each([
  ['TLS 1.2', TLS12],
  ['TLS 1.3', {}],
])(`B43 ${RUNS} servers of %s whose bytes are damaged deceive nobody`, { timeout }, async (_, options) => {
  const leaf = lab.leaf();
  const { fingerprint } = parseCertificate(leaf.der);
  const { port } = await started(serving(leaf, options));
  const { play } = await stage();
  const told = new Map<string, number>();
  const property = fc.asyncProperty(damage, async (harm) => {
    const { status, reasons, facts } = await play(damaged(port, harm));
    // what came after the handshake, or was of no importance, may be damaged
    if (status === 'up') expect(facts.fingerprint).toBe(fingerprint);
    else expect(status).toBe('down');
    const reason = reasons[0] ?? 'ok';
    told.set(reason, (told.get(reason) ?? 0) + 1);
  });
  await leavesNothing(
    () => fc.assert(property, { numRuns: WARM_UP }),
    () => fc.assert(property, { numRuns: RUNS }),
  );
  expect([...told.keys()]).toEqual(expect.arrayContaining(['ok', 'tls_protocol_error', 'tls_closed']));
  process.stdout.write(`damaged: ${[...told].map(([reason, n]) => `${n} ${reason}`).join(', ')}\n`);
});

it(`B43 ${RUNS} servers that say anything are found down in time, in little memory`, {
  timeout,
}, async () => {
  const { play } = await stage();
  const property = fc.asyncProperty(fc.array(record, { maxLength: 6 }), ending, async (said, how) => {
    const { status } = await play((client) =>
      client.once('data', () => {
        client.write(Buffer.concat(said));
        endWith(client, how);
      }),
    );
    expect(status).toBe('down');
  });
  await leavesNothing(
    () => fc.assert(property, { numRuns: WARM_UP }),
    () => fc.assert(property, { numRuns: RUNS }),
  );
});
