import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { createNet } from '../../lib/net/create.ts';
import type { Clock } from '../../lib/ports.ts';
import { tcp } from '../../lib/probes/tcp.ts';
import { VirtualClock } from '../kit/clock.ts';
import { blackHole, closes, listen, resets, saysNothing, until } from '../kit/sockets.ts';

type TcpCheck = Parameters<typeof tcp.run>[0];

const openAtEnd: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of openAtEnd.splice(0)) await one.close();
});

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  openAtEnd.push(one);
  return one;
}

const check = (fields: Pick<TcpCheck, 'host' | 'port' | 'expect'> & Partial<TcpCheck>): TcpCheck => ({
  id: 'db',
  type: 'tcp',
  name: 'db',
  group: undefined,
  every: 60_000,
  timeout: 10_000,
  severity: 'page',
  runbook: undefined,
  public: false,
  dependsOn: [],
  tags: [],
  locations: ['local'],
  target: '',
  connectTo: undefined,
  ...fields,
});

function run(one: TcpCheck, clock: Clock = systemClock, signal = new AbortController().signal) {
  const net = createNet({ clock, allow: ['127.0.0.0/8'], self: [] });
  const secret = () => Promise.reject(new Error('no secret here'));
  return tcp.run(one, { net, clock, signal, secret, deadline: clock.monotonic() + one.timeout });
}

it('names its target', () => {
  expect(tcp.target(check({ host: '::1', port: 5432, expect: 'open' }))).toBe('[::1]:5432');
});

it.each([
  ['says nothing', saysNothing],
  ['closes at once', closes],
  ['resets at once', resets],
])('finds a port open whose server %s', async (_, server) => {
  const { host, port } = await started(listen(server));
  const finding = await run(check({ host, port, expect: 'open' }));
  expect(finding).toMatchObject({ status: 'up', reasons: [], message: '' });
});

it('names the address that it reached', async () => {
  const { port } = await started(listen(saysNothing));
  const finding = await run(check({ host: 'localhost', port, expect: 'open' }));
  expect(finding).toMatchObject({
    facts: { address: '127.0.0.1' },
    phases: { dns: expect.any(Number), connect: expect.any(Number) },
  });
});

it('closes the connection', async () => {
  const server = await started(listen(saysNothing));
  await run(check({ host: server.host, port: server.port, expect: 'open' }));
  const socket = await server.accepted();
  await until(() => socket.destroyed);
});

it.each(['refused', 'closed'] as const)('finds an open port down that should be %s', async (expected) => {
  const { host, port } = await started(listen(saysNothing));
  const finding = await run(check({ host, port, expect: expected }));
  expect(finding).toMatchObject({
    status: 'down',
    reasons: ['port_open'],
    message: `${host}:${port} is open.`,
  });
});

it.each([
  ['open', 'down', ['connect_refused']],
  ['refused', 'up', []],
  ['closed', 'up', []],
] as const)('finds a refusing port that should be %s %s', async (expected, status, reasons) => {
  const elsewhere = await started(listen(saysNothing));
  const finding = await run(check({ host: '127.0.0.9', port: elsewhere.port, expect: expected }));
  expect(finding).toMatchObject({ status, reasons });
});

it.each([
  ['open', 'down', ['connect_timeout']],
  ['refused', 'down', ['connect_timeout']],
  ['closed', 'up', []],
] as const)('finds a silent port that should be %s %s', async (expected, status, reasons) => {
  const hole = await started(blackHole());
  const clock = new VirtualClock();
  const finding = await clock.run(run(check({ host: hole.host, port: hole.port, expect: expected }), clock));
  expect(finding).toMatchObject({ status, reasons, latencyMs: 10_000 });
});

it('does not take for silence that it was stopped', async () => {
  const hole = await started(blackHole());
  const clock = new VirtualClock();
  const stop = new AbortController();
  const running = run(check({ host: hole.host, port: hole.port, expect: 'closed' }), clock, stop.signal);
  await clock.advance(5_000);
  stop.abort();
  expect(await running).toMatchObject({ status: 'down', reasons: ['connect_timeout'] });
});

it.each(['open', 'refused', 'closed'] as const)(
  'cannot tell of a forbidden address, expecting %s',
  async (expected) => {
    const finding = await run(check({ host: '10.0.0.1', port: 80, expect: expected }));
    expect(finding).toMatchObject({ status: 'unknown', reasons: ['target_refused'] });
  },
);

it('dials connectTo in place of the host', async () => {
  const { port } = await started(listen(saysNothing));
  const connectTo = { host: '127.0.0.1', port };
  const finding = await run(check({ host: 'db.test', port: 5432, expect: 'open', connectTo }));
  expect(finding.status).toBe('up');
});
