import { describe, expect, it } from 'vitest';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { serve } from '../lib/adapters/local/serve.ts';
import { createCallsApp } from '../lib/calls.ts';
import { StoreError } from '../lib/ports.ts';
import type { HeartbeatCheck } from '../lib/probes/heartbeat.ts';
import { accountCheck } from './kit/account.ts';
import { VirtualClock } from './kit/clock.ts';
import { MemoryStore } from './kit/memory-store.ts';

const TOKEN = 'beat-token-of-the-backup-job';
const DAY = 86_400_000;

const job = accountCheck({
  type: 'heartbeat',
  every: '1d',
  token: { secret: 'BEAT' },
}) as HeartbeatCheck;

/** A server that takes calls, and what came of them. */
async function hearing() {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const turned: string[] = [];
  const logged: string[] = [];
  const note = (message: string, fields?: object) => void logged.push(message + JSON.stringify(fields ?? {}));
  let reads = 0;
  let broken: Error | undefined;
  const app = createCallsApp({
    heartbeats: () => [job],
    secrets: { get: async () => TOKEN },
    store: async () => {
      reads += 1;
      if (broken) throw broken;
      return store;
    },
    clock,
    log: { info: note, warn: note, error: note },
    turned: async (id) => void turned.push(id),
    caller: () => '192.0.2.1',
  });
  const serving = await serve(app, {
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: { info: note, warn: note, error: note },
  });
  return {
    clock,
    turned,
    logged,
    reads: () => reads,
    breaks(error: Error | undefined) {
      broken = error;
    },
    known: async () => (await store.list<{ last?: object }>('heartbeat')).map(({ body }) => body.last),
    async call(path: string, init: RequestInit = {}) {
      const answer = await fetch(`${serving.url}${path}`, init);
      return { status: answer.status, body: await answer.json(), headers: answer.headers };
    },
    [Symbol.asyncDispose]: () => serving.close(),
  };
}

const bearer = { headers: { authorization: `Bearer ${TOKEN}` } };
const post = (body: unknown, token = TOKEN): RequestInit => ({
  method: 'POST',
  headers: { authorization: `Bearer ${token}` },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('a call is taken', () => {
  it.each<[string, string, RequestInit, object]>([
    ['as curl makes it from a crontab', `/beat/looked-at?token=${TOKEN}`, {}, { ok: true }],
    ['with a header', '/beat/looked-at', bearer, { ok: true }],
    ['of a failure', '/beat/looked-at/fail', bearer, { ok: false }],
    ['of a failure, by its status', '/beat/looked-at?status=fail', bearer, { ok: false }],
    ['with a duration', '/beat/looked-at?duration=90s', bearer, { ok: true, tookMs: 90_000 }],
    ['with ms', '/beat/looked-at?duration=1234', bearer, { ok: true, tookMs: 1_234 }],
    [
      'as JSON',
      '/beat/looked-at',
      post({ status: 'fail', duration: 5, message: 'disk full' }),
      { ok: false, tookMs: 5, message: 'disk full' },
    ],
    [
      'with a text, which is its message, in one line',
      '/beat/looked-at/fail',
      post('tar: no space\nleft on device\n'),
      { ok: false, message: 'tar: no space left on device' },
    ],
    ['with an empty body', '/beat/looked-at', post(''), { ok: true }],
  ])('%s', async (_, path, init, last) => {
    await using server = await hearing();
    const { status, body, headers } = await server.call(path, init);
    const said = 'ok' in last && last.ok ? 'ok' : 'fail';
    expect({ status, body }).toEqual({ status: 200, body: { ok: true, check: 'looked-at', status: said } });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await server.known()).toEqual([{ at: server.clock.now(), ...last }]);
  });

  it('once under one name', async () => {
    await using server = await hearing();
    await server.call('/beat/looked-at?run=7', bearer);
    expect((await server.call('/beat/looked-at/fail?run=7', bearer)).body).toMatchObject({ repeated: true });
    expect(await server.known()).toMatchObject([{ ok: true }]);
  });
});

describe('a call is refused', () => {
  it.each<[string, string, RequestInit, number]>([
    ['without a token', '/beat/looked-at', {}, 401],
    ['with a wrong one', '/beat/looked-at?token=nonsense', {}, 401],
    ['with a wrong one of the same length', `/beat/looked-at?token=${'x'.repeat(TOKEN.length)}`, {}, 401],
    ['with an empty one', '/beat/looked-at?token=', {}, 401],
    ['for a heartbeat that is none', `/beat/another?token=${TOKEN}`, {}, 401],
    ['with a wrong one and a body', '/beat/looked-at', post({ status: 'ok' }, 'nonsense'), 401],
  ])('%s, before anything is read for it', async (_, path, init, status) => {
    await using server = await hearing();
    const answer = await server.call(path, init);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      ok: false,
      error: 'there is no such heartbeat, or this is not its token',
    });
    expect(server.reads()).toBe(0);
  });

  it.each<[string, string, RequestInit, number]>([
    ['with another method', '/beat/looked-at', { ...bearer, method: 'PUT' }, 404],
    ['at another address', '/beat/looked-at/now', bearer, 404],
    ['with a status that is none', '/beat/looked-at?status=fine', bearer, 400],
    ['with a duration that is none', '/beat/looked-at?duration=soon', bearer, 400],
    ['with a negative duration', '/beat/looked-at', post({ duration: -1 }), 400],
    ['with a message that is no text', '/beat/looked-at', post({ message: {} }), 400],
    ['with a run that is too long', `/beat/looked-at?run=${'x'.repeat(101)}`, bearer, 400],
    ['with a body of more than 4 KiB', '/beat/looked-at', post('x'.repeat(4_097)), 413],
  ])('%s', async (_, path, init, status) => {
    await using server = await hearing();
    const answer = await server.call(path, init);
    expect(answer).toMatchObject({ status, body: { ok: false } });
    expect(await server.known()).toEqual([]);
  });

  it('a body of 4 KiB is taken', async () => {
    await using server = await hearing();
    expect((await server.call('/beat/looked-at', post('x'.repeat(4_096)))).status).toBe(200);
  });

  it('that comes too often, until a second has passed', async () => {
    await using server = await hearing();
    for (let i = 0; i < 60; i += 1) expect((await server.call('/beat/looked-at', bearer)).status).toBe(200);
    const { status, headers } = await server.call('/beat/looked-at', bearer);
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    await server.clock.advance(1_000);
    expect((await server.call('/beat/looked-at', bearer)).status).toBe(200);
  });

  it('from who has tried thirty wrong tokens, until it is the right one', async () => {
    await using server = await hearing();
    for (let i = 0; i < 30; i += 1) await server.call(`/beat/looked-at?token=${i}`);
    expect((await server.call('/beat/looked-at?token=31')).status).toBe(429);
    expect(server.reads()).toBe(0);
    expect((await server.call('/beat/looked-at', bearer)).status).toBe(200);
  });

  it('while the store is away: the job may call again', async () => {
    await using server = await hearing();
    server.breaks(new StoreError('the store is away'));
    expect((await server.call('/beat/looked-at', bearer)).status).toBe(503);
    server.breaks(undefined);
    expect((await server.call('/beat/looked-at', bearer)).status).toBe(200);
  });
});

describe('the check is run at once', () => {
  it('when a job that was well fails, when one that failed is well, and when one is heard for the first time', async () => {
    await using server = await hearing();
    for (const path of ['/beat/looked-at', '/beat/looked-at', '/beat/looked-at/fail', '/beat/looked-at/fail'])
      await server.call(path, bearer);
    expect(server.turned).toHaveLength(2);
    await server.call('/beat/looked-at', bearer);
    expect(server.turned).toHaveLength(3);
  });

  it('when one that was late calls again', async () => {
    await using server = await hearing();
    await server.call('/beat/looked-at', bearer);
    await server.clock.advance(DAY);
    await server.call('/beat/looked-at', bearer);
    expect(server.turned).toHaveLength(1);
    await server.clock.advance(3 * DAY);
    await server.call('/beat/looked-at', bearer);
    expect(server.turned).toHaveLength(2);
  });
});

it('no token stands in what is logged or answered', async () => {
  await using server = await hearing();
  server.breaks(new StoreError(`away with ${TOKEN}`));
  const answers = [
    await server.call(`/beat/looked-at?token=${TOKEN}`),
    await server.call(`/beat/another?token=${TOKEN}`),
    await server.call(`/beat/looked-at?token=${TOKEN}&status=${TOKEN}`),
  ];
  expect(JSON.stringify(answers)).not.toContain(TOKEN);
  expect(server.logged.length).toBeGreaterThan(0);
});
