import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { type Address, Fault } from '../../lib/net/net.ts';
import { isOwnEnd, race } from '../../lib/net/race.ts';
import { VirtualClock } from '../kit/clock.ts';
import { countSections } from '../kit/sections.ts';
import { blackHole, listen, saysNothing, until } from '../kit/sockets.ts';

countSections();

const at = (address: string): Address => ({ address, family: address.includes(':') ? 6 : 4 });
const signal = new AbortController().signal;
const openAtEnd: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of openAtEnd.splice(0)) await close();
});

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  openAtEnd.push(() => one.close());
  return one;
}

async function faultOf(promise: Promise<{ socket: { destroy(): void } }>): Promise<Fault> {
  const error = await promise.then(
    ({ socket }) => {
      socket.destroy();
      throw new Error('it connected');
    },
    (error) => error,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
}

/** A TCP connection to a multicast address: the kernel has no way there, whatever the machine's network. */
const NO_WAY = 'ff02::1';

/** How many sockets this process has open or is opening, at both ends. */
const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

describe('a race of addresses', () => {
  it('A01 says connect_refused at once, without any time going by', async () => {
    const elsewhere = await started(listen(saysNothing));
    const clock = new VirtualClock();
    const fault = await faultOf(race([at('127.0.0.9')], elsewhere.port, clock, { deadline: 5_000, signal }));
    expect(fault).toMatchObject({ reason: 'connect_refused', status: 'down', reasons: ['connect_refused'] });
    expect(fault.message).toBe(`Cannot connect: 127.0.0.9:${elsewhere.port} ECONNREFUSED.`);
    expect(clock.monotonic()).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('A02 says connect_timeout at the deadline, not before, when nothing answers', async () => {
    const hole = await started(blackHole());
    const clock = new VirtualClock();
    let over = false;
    const before = sockets();
    const fault = faultOf(race([at(hole.host)], hole.port, clock, { deadline: 5_000, signal })).finally(
      () => {
        over = true;
      },
    );
    expect(sockets()).toBe(before + 1);
    await clock.advance(4_999);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(await fault).toMatchObject({ reason: 'connect_timeout', status: 'down' });
    expect(clock.pending).toBe(0);
    await until(() => sockets() === before);
  });

  it('A09 waits for a slow address while the other refuses or is silent, in either order', async () => {
    const slowly = async (host: string, others: readonly string[], inOrder: boolean) => {
      const slow = await started(blackHole({ host }));
      await started(blackHole({ host: '127.0.0.2', port: slow.port }));
      const addresses = [host, ...others].map(at);
      const clock = new VirtualClock();
      const racing = race(inOrder ? addresses : addresses.reverse(), slow.port, clock, {
        deadline: 5_000,
        signal,
      });
      await clock.advance(250);
      slow.drain();
      const { address, facts, socket } = await racing;
      socket.destroy();
      return { address, facts };
    };
    const REFUSES = '127.0.0.9';
    const SILENT = '127.0.0.2'; // tried for no time yet when the slow one answers: not worth a note
    expect(
      await Promise.all([
        slowly('127.0.0.1', [REFUSES], true),
        slowly('127.0.0.1', [REFUSES], false),
        slowly('::1', [SILENT], true),
      ]),
    ).toEqual([
      { address: '127.0.0.1', facts: {} },
      { address: '127.0.0.1', facts: {} },
      { address: '::1', facts: {} },
    ]);
  });

  it('A10 goes on to IPv4 after 250 ms when IPv6 is black-holed, and notes it', async () => {
    const hole = await started(blackHole({ host: '::1' }));
    const fine = await started(listen(saysNothing, { port: hole.port }));
    const clock = new VirtualClock();
    const before = sockets();
    const racing = race([at('127.0.0.1'), at('::1')], hole.port, clock, { deadline: 5_000, signal });
    await clock.advance(249);
    expect(fine.count).toBe(0);
    await clock.advance(1);
    const { address, family, facts, socket } = await racing;
    expect({ address, family, facts }).toEqual({
      address: '127.0.0.1',
      family: 4,
      facts: { ipv6: 'connect_timeout' },
    });
    await until(() => sockets() === before + 2); // the two ends of the one connection
    socket.destroy();
  });

  it('notes a family that refuses, and not one that this machine lacks', async () => {
    const fine = await started(listen(saysNothing));
    for (const [other, facts] of [
      ['::1', { ipv6: 'connect_refused' }],
      [NO_WAY, {}],
    ] as const) {
      const won = await race([at('127.0.0.1'), at(other)], fine.port, new VirtualClock(), {
        deadline: 5_000,
        signal,
      });
      expect(won.facts, other).toEqual(facts);
      won.socket.destroy();
    }
  });

  it('A12 gives one verdict that lists each address and its error', async () => {
    const hole = await started(blackHole({ host: '::1' }));
    const clock = new VirtualClock();
    const racing = faultOf(
      race([at('127.0.0.8'), at('::1'), at('127.0.0.9')], hole.port, clock, { deadline: 5_000, signal }),
    );
    const fault = await clock.run(racing);
    expect(clock.monotonic()).toBe(5_000);
    expect(fault.reasons).toEqual(['connect_timeout', 'connect_refused']);
    const p = hole.port;
    expect(fault.message).toBe(
      `Cannot connect: [::1]:${p} no answer, 127.0.0.8:${p} ECONNREFUSED, 127.0.0.9:${p} ECONNREFUSED.`,
    );
  });

  it('A17 makes at most six attempts, however many addresses there are', async () => {
    const elsewhere = await started(listen(saysNothing));
    const many = Array.from({ length: 200 }, (_, i) => at(`127.1.0.${i + 1}`));
    const fault = await faultOf(race(many, elsewhere.port, new VirtualClock(), { deadline: 5_000, signal }));
    expect(fault.message.match(/ECONNREFUSED/g)).toHaveLength(6);
  });

  it('A23 blames our own network only when no attempt got as far as the target', async () => {
    const elsewhere = await started(listen(saysNothing));
    const limits = { deadline: 5_000, signal };
    const alone = await faultOf(race([at(NO_WAY)], 80, new VirtualClock(), limits));
    expect(alone).toMatchObject({ reason: 'self_network', status: 'unknown', reasons: ['self_network'] });
    const both = await faultOf(
      race([at(NO_WAY), at('127.0.0.9')], elsewhere.port, new VirtualClock(), limits),
    );
    expect(both).toMatchObject({ reason: 'connect_refused', status: 'down', reasons: ['connect_refused'] });
  });

  it('ends at once when it is aborted, and leaves no socket behind', async () => {
    const hole = await started(blackHole());
    const clock = new VirtualClock();
    const before = sockets();
    const stop = new AbortController();
    const racing = faultOf(race([at(hole.host)], hole.port, clock, { deadline: 5_000, signal: stop.signal }));
    stop.abort();
    expect(await racing).toMatchObject({ reason: 'connect_timeout' });
    expect(clock.pending).toBe(0);
    await until(() => sockets() === before);
    const again = await faultOf(
      race([at(hole.host)], hole.port, clock, { deadline: 5_000, signal: stop.signal }),
    );
    expect(again.message).toBe('Cannot connect: no time left.');
  });

  it('survives a reset between the connection and its first use, and dials nobody else then', async () => {
    const server = await started(listen(saysNothing));
    const other = await started(listen(saysNothing, { host: '127.0.0.2', port: server.port }));
    const before = sockets();
    const addresses = [at(server.host), at(other.host)];
    const { socket } = await race(addresses, server.port, systemClock, { deadline: Infinity, signal });
    (await server.accepted()).resetAndDestroy();
    await until(() => socket.destroyed);
    expect(socket.errored).toMatchObject({ code: 'ECONNRESET' });
    await until(() => sockets() === before);
    expect(other.count).toBe(0);
  });

  it('knows a socket that has connected to itself', async () => {
    const { port, close } = await listen(saysNothing);
    await close();
    const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1', localPort: port });
    await once(socket, 'connect');
    expect(isOwnEnd(socket, port)).toBe(true);
    socket.destroy();
    const server = await started(listen(saysNothing));
    const won = await race([at('127.0.0.1')], server.port, systemClock, { deadline: Infinity, signal });
    expect(isOwnEnd(won.socket, server.port)).toBe(false);
    won.socket.destroy();
  });
});
