import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { serve } from '../lib/adapters/local/serve.ts';
import { createCallsApp } from '../lib/calls.ts';
import { SecretError, StoreError } from '../lib/ports.ts';
import type { HeartbeatCheck } from '../lib/probes/heartbeat.ts';
import { remember } from '../lib/redact.ts';
import { accountCheck } from './kit/account.ts';
import { VirtualClock } from './kit/clock.ts';
import { MemoryStore } from './kit/memory-store.ts';

const TOKEN = 'beat-token-of-the-backup-job';
const DAY = 86_400_000;

const daily = accountCheck({
  type: 'heartbeat',
  every: '1d',
  token: { secret: 'BEAT' },
}) as HeartbeatCheck;

/** A server that takes calls, and what came of them. */
async function hearing({ caller = (): string => '192.0.2.1', job = daily } = {}) {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const turned: string[] = [];
  const logged: string[] = [];
  const note = (message: string, fields?: object) => void logged.push(message + JSON.stringify(fields ?? {}));
  let reads = 0;
  let broken: Error | undefined;
  let locked = false;
  const app = createCallsApp({
    heartbeats: () => [job],
    secrets: {
      async get() {
        if (locked) throw new SecretError('the vault is locked');
        return TOKEN;
      },
    },
    store: async () => {
      reads += 1;
      if (broken) throw broken;
      return store;
    },
    clock,
    log: { info: note, warn: note, error: note },
    turned: async (id) => void turned.push(id),
    caller,
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
    url: serving.url,
    reads: () => reads,
    lock() {
      locked = true;
    },
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

const typed =
  (type: string) =>
  (body: string): RequestInit => ({
    method: 'POST',
    headers: { ...bearer.headers, 'content-type': type },
    body,
  });
const form = typed('application/x-www-form-urlencoded');
const text = typed('text/plain; charset=utf-8');
const json = typed('application/json');

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
    ['with what is empty', '/beat/looked-at?duration=&message=&run=', bearer, { ok: true }],
    [
      'as a form, which curl -d makes of it',
      '/beat/looked-at',
      form('status=fail&message=disk+full'),
      { ok: false, message: 'disk full' },
    ],
    [
      'as a text which curl -d calls a form',
      '/beat/looked-at/fail',
      form('[ERROR] no space left: 100%'),
      { ok: false, message: '[ERROR] no space left: 100%' },
    ],
    [
      'without what would turn its message round on a screen',
      '/beat/looked-at/fail',
      post({ message: 'a\u202eb\u0007c' }),
      { ok: false, message: 'abc' },
    ],
    ['with a fraction of ms', '/beat/looked-at?duration=12.6', bearer, { ok: true, tookMs: 13 }],
  ])('%s', async (_, path, init, last) => {
    await using server = await hearing();
    const { status, body, headers } = await server.call(path, init);
    const said = 'ok' in last && last.ok ? 'ok' : 'fail';
    expect({ status, body }).toEqual({ status: 200, body: { ok: true, check: 'looked-at', status: said } });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await server.known()).toEqual([{ at: server.clock.now(), ...last }]);
  });

  it('once under one name, which may be a number', async () => {
    await using server = await hearing();
    await server.call('/beat/looked-at', json('{"run": 7}'));
    await server.call('/beat/looked-at/fail?run=8', bearer);
    expect((await server.call('/beat/looked-at?run=7', bearer)).body).toMatchObject({ repeated: true });
    expect(await server.known()).toMatchObject([{ ok: false }]);
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
    ['with an endless duration', '/beat/looked-at', json('{"duration": 1e999}'), 400],
    ['with a duration of more than ten years', '/beat/looked-at?duration=1e300', bearer, 400],
    ['with a fraction of a unit', '/beat/looked-at?duration=1.5s', bearer, 400],
    ['with JSON that is cut off', '/beat/looked-at', post('{"status": "fail", "message": "no sp'), 400],
    ['with JSON that is cut off, called a text', '/beat/looked-at', text('{"status": "fa'), 400],
    ['with JSON that is no object', '/beat/looked-at', json('["fail"]'), 400],
    ['with a field that is none, in the query', '/beat/looked-at?state=fail', bearer, 400],
    ['with a field that is none, as JSON', '/beat/looked-at', post({ state: 'fail' }), 400],
    ['with a field that is none, as a form', '/beat/looked-at', form('state=fail'), 400],
    ['with its token in the body', '/beat/looked-at', post({ token: TOKEN }), 400],
    ['with a run that is too long', `/beat/looked-at?run=${'x'.repeat(101)}`, bearer, 400],
    ['with a body of more than 4 KiB', '/beat/looked-at', post('x'.repeat(4_097)), 413],
  ])('%s', async (_, path, init, status) => {
    await using server = await hearing();
    const answer = await server.call(path, init);
    expect(answer).toMatchObject({ status, body: { ok: false } });
    expect(await server.known()).toEqual([]);
  });

  it('with HEAD, which link checkers send', async () => {
    await using server = await hearing();
    const answer = await fetch(`${server.url}/beat/looked-at`, { ...bearer, method: 'HEAD' });
    expect(answer.status).toBe(405);
    expect(await server.known()).toEqual([]);
  });

  it('whose body is cut off after a length of more than 4 KiB, without waiting for the rest', async () => {
    await using server = await hearing();
    const { port } = new URL(server.url);
    const lines = [
      'POST /beat/looked-at HTTP/1.1',
      'host: x',
      `authorization: Bearer ${TOKEN}`,
      'content-length: 999999',
    ];
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\nx`));
    const [said] = await once(socket, 'data');
    socket.destroy();
    expect(String(said)).toMatch(/^HTTP\/1.1 413 /);
  });

  it('whose token is wrong, without waiting for its body', async () => {
    await using server = await hearing();
    const { port } = new URL(server.url);
    const lines = ['POST /beat/looked-at HTTP/1.1', 'host: x', 'transfer-encoding: chunked'];
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    const [said] = await once(socket, 'data');
    socket.destroy();
    expect(String(said)).toMatch(/^HTTP\/1.1 401 /);
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

  it('from a network of IPv6 that has tried thirty, whichever of its addresses comes', async () => {
    const addresses = Array.from({ length: 31 }, (_, i) => `2001:db8:1:2:${i}::1`);
    const at = { address: '' };
    await using server = await hearing({ caller: () => at.address });
    for (const address of addresses) {
      at.address = address;
      await server.call('/beat/looked-at?token=x');
    }
    const status = async (address: string) => {
      at.address = address;
      return (await server.call('/beat/looked-at?token=x')).status;
    };
    expect(await status('2001:db8:1:2:ffff::')).toBe(429);
    expect(await status('2001:db8:1:3::1')).toBe(401);
    expect(await status('::ffff:192.0.2.1')).toBe(401);
  });

  it('while its token cannot be read: it may call again, and the log is not flooded', async () => {
    await using server = await hearing();
    server.lock();
    expect((await server.call('/beat/looked-at', bearer)).status).toBe(503);
    for (let i = 0; i < 40; i += 1) await server.call('/beat/looked-at', bearer);
    expect((await server.call('/beat/looked-at', bearer)).status).toBe(429);
    expect(server.logged).toHaveLength(30);
    expect(server.reads()).toBe(0);
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
  it.each(['/beat/looked-at', '/beat/looked-at/fail'])(
    'when it is heard for the first time: %s',
    async (path) => {
      await using server = await hearing();
      await server.call(path, bearer);
      expect(server.turned).toEqual(['looked-at']);
    },
  );

  it('when it took too long, and when it no longer does', async () => {
    const job = accountCheck({ type: 'heartbeat', token: { secret: 'BEAT' }, maxDuration: '1m' });
    await using server = await hearing({ job: job as HeartbeatCheck });
    for (const took of ['1m', '61s', '62s', '59s'])
      await server.call(`/beat/looked-at?duration=${took}`, bearer);
    expect(server.turned).toHaveLength(3);
  });

  it('when a job that was well fails, and when one that failed is well', async () => {
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
  remember(TOKEN);
  const answers = [
    await server.call(`/beat/looked-at?message=${TOKEN}`, bearer),
    await server.call(`/beat/another?token=${TOKEN}`),
    await server.call(`/beat/looked-at?token=${TOKEN}&status=${TOKEN}`),
    await server.call(`/beat/looked-at?token=${TOKEN}&${TOKEN}=1`),
  ];
  const known = await server.known();
  server.breaks(new StoreError(`away with ${TOKEN}`));
  answers.push(await server.call(`/beat/looked-at?token=${TOKEN}`));
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 400, 400, 503]);
  expect(server.logged).toEqual([expect.stringContaining('away with [redacted]')]);
  expect(JSON.stringify([answers.map(({ body }) => body), known, server.logged])).not.toContain(TOKEN);
});
