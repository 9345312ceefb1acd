import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { DURATION, parseDuration } from './config/duration.ts';
import { type Call, takeCall } from './heartbeat.ts';
import { createPace, type Pace } from './pace.ts';
import { type Clock, type Log, SecretError, type Secrets, type Store, StoreError } from './ports.ts';
import { type HeartbeatCheck, lateAt, policyOf } from './probes/heartbeat.ts';
import { redact } from './redact.ts';
import { CACHE, SECURITY_HEADERS } from './status/headers.ts';
import { cutToBytes } from './words.ts';

/** Longest body of a call, and message that is kept of it, bytes. */
const BODY_MAX = 4_096;
const MESSAGE_MAX = 400;
const RUN_MAX = 100;
/** Calls of one heartbeat, and calls with a wrong token from one address, in a minute. */
const CALLS_A_MINUTE = 60;
const WRONG_A_MINUTE = 30;

export interface CallsOptions {
  /** The heartbeats of the config as it is now. */
  readonly heartbeats: () => readonly HeartbeatCheck[];
  readonly secrets: Secrets;
  readonly store: () => Promise<Store>;
  readonly clock: Clock;
  readonly log: Log;
  /** A job that was well has failed or is late, or the other way round: its check is to be run at once. */
  readonly turned: (id: string) => Promise<void>;
  /** Who calls, as far as it can be told. */
  readonly caller: (context: Context) => string | undefined;
}

/** Whether a request is meant for heartbeats. */
export const isCall = (url: string): boolean => /^[^/]*\/\/[^/]+\/beat\//.test(url);

/**
 * Where jobs call: `GET` or `POST /beat/<id>`, or `/beat/<id>/fail`. Who has not the token of the heartbeat learns nothing,
 * not even whether there is one, and nothing is read for him.
 */
export function createCallsApp(options: CallsOptions): Hono {
  const { clock, log } = options;
  const ofHeartbeat = createPace({ perMinute: CALLS_A_MINUTE, clock });
  const ofStranger = createPace({ perMinute: WRONG_A_MINUTE, clock });
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    c.res.headers.set('cache-control', CACHE.none);
  });
  app.notFound((c) => refusal(c, 404, 'there is nothing here: call GET or POST /beat/<id>'));
  app.onError((error, c) => {
    log.error('a heartbeat could not be taken', { error: redact(String(error)) });
    if (error instanceof StoreError) return refusal(c, 503, 'it could not be kept: call again');
    if (error instanceof SecretError) return refusal(c, 503, 'the token cannot be compared: see the log');
    return refusal(c, 500, 'it could not be taken: the fault is ours');
  });
  const limit = bodyLimit({
    maxSize: BODY_MAX,
    onError: (c) => refusal(c, 413, `a body has at most ${BODY_MAX} bytes`),
  });
  const take = (ok?: false) => async (c: Context) => {
    const id = c.req.param('id') ?? '';
    const stranger = options.caller(c) ?? '';
    const check = await knownBy(id, tokenOf(c), options);
    if (!check) {
      // behind a proxy all have one address: who has the right token is never held back for others
      if (!ofStranger.mayGo(stranger)) return tooMany(c, ofStranger, stranger);
      ofStranger.goes(stranger);
      return refusal(c, 401, 'there is no such heartbeat, or this is not its token');
    }
    if (!ofHeartbeat.mayGo(id)) return tooMany(c, ofHeartbeat, id);
    ofHeartbeat.goes(id);
    const call = await callOf(c, ok);
    if (typeof call === 'string') return refusal(c, 400, call);
    const isRepeated = await kept(check, call, options);
    return c.json({
      ok: true,
      check: id,
      status: call.ok ? 'ok' : 'fail',
      ...(isRepeated && { repeated: true }),
    });
  };
  for (const method of ['GET', 'POST']) {
    app.on(method, '/beat/:id', limit, take());
    app.on(method, '/beat/:id/fail', limit, take(false));
  }
  return app;
}

async function kept(check: HeartbeatCheck, call: Call, options: CallsOptions): Promise<boolean> {
  const { clock, store, turned } = options;
  const now = clock.now();
  const { before, isRepeated } = await takeCall(await store(), check.id, call, now);
  const wasWell = before?.last?.ok === true && now <= lateAt(before, policyOf(check));
  if (!isRepeated && wasWell !== call.ok) await turned(check.id);
  return isRepeated;
}

/** The heartbeat of this id, if this is its token. Whatever there is, and isn't, takes as long. */
async function knownBy(
  id: string,
  token: string,
  { heartbeats, secrets }: CallsOptions,
): Promise<HeartbeatCheck | undefined> {
  const check = heartbeats().find((one) => one.id === id);
  const wanted = check ? await secrets.get(check.token) : '';
  const isRight = timingSafeEqual(digestOf(token), digestOf(wanted));
  return isRight && wanted !== '' ? check : undefined;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

function tokenOf({ req }: Context): string {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(req.header('authorization') ?? '') ?? [];
  return bearer ?? req.query('token') ?? '';
}

/** What a job says, or what is wrong with how it says it. */
async function callOf(c: Context, failed?: false): Promise<Call | string> {
  const said = { ...c.req.query(), ...(await bodyOf(c)) } as Record<string, unknown>;
  const { status = 'ok', duration, message, run } = said;
  if (status !== 'ok' && status !== 'fail') return '"status" must be "ok" or "fail"';
  const tookMs = duration === undefined ? undefined : msOf(duration);
  if (Number.isNaN(tookMs)) return '"duration" must be a duration, such as "90s", or a number of ms';
  if (message !== undefined && typeof message !== 'string') return '"message" must be a text';
  if (run !== undefined && (typeof run !== 'string' || run === '' || run.length > RUN_MAX))
    return `"run" must be a text of 1 to ${RUN_MAX} characters`;
  const line = redact((message ?? '').replaceAll(/\p{Cc}+/gu, ' ').trim());
  return {
    ok: failed ?? status === 'ok',
    ...(tookMs !== undefined && { tookMs }),
    ...(line !== '' && { message: cutToBytes(line, MESSAGE_MAX) }),
    ...(run !== undefined && { run }),
  };
}

/** JSON with the same fields as the query, or else a text, which is the message. */
async function bodyOf(c: Context): Promise<Record<string, unknown>> {
  const text = c.req.method === 'POST' ? await c.req.text() : '';
  if (text.trim() === '') return {};
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // it is no JSON, so it is what the job has to say
  }
  return { message: text };
}

function msOf(duration: unknown): number {
  if (typeof duration === 'number') return duration >= 0 ? duration : Number.NaN;
  const text = String(duration);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return DURATION.test(text) ? parseDuration(text) : Number.NaN;
}

function tooMany(c: Context, pace: Pace, who: string): Response {
  c.header('retry-after', String(Math.ceil(pace.waitMs(who) / 1_000)));
  return refusal(c, 429, 'too many calls');
}

const refusal = (c: Context, status: 400 | 401 | 404 | 413 | 429 | 500 | 503, error: string): Response =>
  c.json({ ok: false, error }, status);
