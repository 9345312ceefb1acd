import { createServer, TLSSocket } from 'node:tls';
import { expect, it, vi } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { type Issued, selfSigned } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { loopbackNet, runTls } from '../kit/tls.ts';
import { check, DAY, HOST, lab } from '../kit/tls-cases.ts';
import { alone, sending, serving, TLS12 } from '../kit/tls-lab.ts';
import { listening } from '../kit/tls-server.ts';

/* What a server sends above its leaf is remembered, since reading it leaks: and yet a change is seen. */

const started = closesAtEnd();
const { root, intermediate } = lab;

/** A server whose certificates can be exchanged, and what a look at it finds. */
async function serve(first: Issued, clock = new VirtualClock(Date.now())) {
  const server = createServer({ cert: first.cert, key: first.key });
  const { port } = await started(listening(server));
  const net = loopbackNet(clock);
  return {
    send: ({ cert, key }: Issued) => server.setSecureContext({ cert, key }),
    look: async () => (await runTls(check(port), net)).reasons,
  };
}

const leaf = lab.leaf({ to: Date.now() + 90 * DAY });
const stranger = selfSigned();

it.each<[string, Issued, string[], Issued, string[]]>([
  ['an intermediate that is added', alone(leaf), ['chain_incomplete'], leaf, []],
  ['an intermediate that is left out', leaf, [], alone(leaf), ['chain_incomplete']],
  [
    'a stranger that is added',
    sending(leaf, intermediate),
    [],
    sending(leaf, intermediate, stranger),
    ['chain_order'],
  ],
  [
    'a stranger that is gone',
    sending(leaf, stranger, intermediate),
    ['chain_order'],
    sending(leaf, intermediate),
    [],
  ],
])('%s is seen by the very next look, under the same leaf', async (_, first, before, second, after) => {
  const { send, look } = await serve(first);
  for (let i = 0; i < 3; i += 1) expect(await look()).toEqual(before);
  send(second);
  expect(await look()).toEqual(after);
});

it('certificates that only change places are seen within a day', async () => {
  const clock = new VirtualClock(Date.now());
  const { send, look } = await serve(sending(leaf, intermediate, root), clock);
  expect(await look()).toEqual([]);
  send(sending(leaf, root, intermediate));
  await clock.advance(DAY - 1);
  expect(await look()).toEqual([]);
  await clock.advance(1);
  expect(await look()).toEqual(['chain_order']);
});

it('servers that share a leaf and an address are told apart by the name asked for', async () => {
  const wild = lab.intermediate.issue({ names: ['*.acme.test'] });
  const server = createServer(sending(wild, intermediate));
  server.addContext(HOST, sending(wild, root, intermediate));
  const { port } = await started(listening(server));
  const look = async (servername: string) => (await runTls(check(port, { servername }))).reasons;
  for (let i = 0; i < 2; i += 1) {
    expect(await look('www.acme.test')).toEqual([]);
    expect(await look(HOST)).toEqual(['chain_order']);
  }
});

it.each([
  ['TLS 1.2', TLS12],
  ['TLS 1.3', {}],
])(
  'what stays the same is read once under %s, since Node frees nothing of what is read',
  async (_, options) => {
    const reading = vi.spyOn(TLSSocket.prototype, 'getPeerX509Certificate');
    const { port } = await started(serving(lab.leaf(), options));
    for (let i = 0; i < 20; i += 1) expect((await runTls(check(port))).status).toBe('up');
    // once for the leaf and all that stands above it
    expect(reading).toHaveBeenCalledTimes(1);
    reading.mockRestore();
  },
);
