import { expect, test } from 'vitest';
import { holdSwitch } from '../lib/dead-mans-switch.ts';
import { Home } from '../lib/home.ts';
import { aliveKey } from '../lib/items.ts';
import { createNet } from '../lib/net/create.ts';
import { SecretError } from '../lib/ports.ts';
import { takeSignals } from '../lib/signal-log.ts';
import { readLetter } from '../lib/signals/index.ts';
import { update } from '../lib/store.ts';
import { VirtualClock } from './kit/clock.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { StandIn } from './kit/stand-in.ts';
import { configOf } from './kit/world.ts';
import { alarm, letter } from './signals/letters.ts';

/** F28: whoever is called each minute tells people once that stops. */

const MINUTE = 60_000;

async function held(status = 200) {
  const clock = new VirtualClock();
  const calls: string[] = [];
  const server = new StandIn(clock, ({ method, headers }) => {
    calls.push(`${method} ${headers.host ? 'there' : 'nowhere'}`);
    return { status, body: '' };
  });
  await server.back();
  const store = new MemoryStore();
  const said: string[] = [];
  const log = { info() {}, error() {}, warn: (line: string) => void said.push(line) };
  const ports = {
    store,
    clock,
    log,
    secrets: { get: async () => `${server.url}/ping/7f3c-secret` },
    net: createNet({ clock, allow: ['127.0.0.0/8'], self: [] }),
    signal: new AbortController().signal,
  };
  const alive = () => update(store, aliveKey('decide'), () => ({ body: { at: clock.now() } }));
  await alive();
  return {
    clock,
    calls,
    server,
    store,
    said,
    ports,
    alive,
    hold: (more = {}) => holdSwitch({ secret: 'PING' }, { ...ports, ...more }),
  };
}

test('it is called while all is well', async () => {
  const { hold, calls, server } = await held();
  await using _ = server;
  expect(await hold()).toBe(true);
  expect(await hold()).toBe(true);
  expect(calls).toEqual(['GET there', 'GET there']);
});

test('it is not called once nothing was decided for three minutes', async () => {
  const { hold, calls, clock, alive, server } = await held();
  await using _ = server;
  await clock.advance(3 * MINUTE + 1);
  expect(await hold()).toBe(false);
  await alive();
  expect(await hold()).toBe(true);
  expect(calls).toHaveLength(1);
});

test('it is not called while a page has waited for more than five minutes', async () => {
  const { hold, calls, clock, alive, store, server, ports } = await held();
  await using _ = server;
  const home = await Home.open({ store, clock, log: ports.log }, configOf([]));
  await takeSignals([readLetter(letter(alarm(), { at: clock.now() }))], home);
  expect(await hold(), 'it has just come').toBe(true);
  await clock.advance(5 * MINUTE + 1_000);
  await alive();
  expect(await hold()).toBe(false);
  expect(calls).toHaveLength(1);
});

test('that it cannot be called is told, and the URL, which is a secret, is not', async () => {
  const gone = await held();
  await gone.server[Symbol.asyncDispose]();
  expect(await gone.hold()).toBe(false);
  const refused = await held(404);
  expect(await refused.hold()).toBe(false);
  await refused.server[Symbol.asyncDispose]();
  const missing = { get: () => Promise.reject(new SecretError('the secret "PING" is not set')) };
  expect(await refused.hold({ secrets: missing })).toBe(false);
  expect(await refused.hold({ secrets: { get: async () => 'no URL' } })).toBe(false);
  const said = [...gone.said, ...refused.said];
  expect(said).toHaveLength(4);
  expect(said.join()).not.toContain('7f3c');
  expect(said[1]).toBe("the dead man's switch is not held: it answered 404");
});
