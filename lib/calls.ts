import { createHash, timingSafeEqual } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import ipaddr from 'ipaddr.js';
import { DURATION, DURATION_MAX, parseDuration } from './config/duration.ts';
import { objectIn } from './config/plain.ts';
import { type Call, type Known, takeCall } from './heartbeat.ts';
import { clean } from './notifiers/text.ts';
import { createPace, type Pace } from './pace.ts';
import { type Clock, type Log, SecretError, type Secrets, type Store, StoreError } from './ports.ts';
import { type HeartbeatCheck, heartbeatIssues, policyOf } from './probes/heartbeat.ts';
import { redact } from './redact.ts';
import { secured, unkept } from './status/secured.ts';

/** Longest body of a call, bytes, and longest message and name of a run, characters. */
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

/** What is known of a request once its token was found right. */
interface Env {
  readonly Variables: { readonly check: HeartbeatCheck };
}

/** Whether a request is meant for heartbeats. */
export const isCall = (url: string): boolean => /^[^/]*\/\/[^/]+\/beat\//.test(url);

/**
 * Where jobs call: `GET` or `POST /beat/<id>`, or `/beat/<id>/fail`. Who has not the token of the heartbeat learns nothing,
 * not even whether there is one, and nothing is read for him.
 */
export function createCallsApp(options: CallsOptions): Hono<Env> {
  const { clock, log } = options;
  const ofHeartbeat = createPace({ perMinute: CALLS_A_MINUTE, clock });
  const ofStranger = createPace({ perMinute: WRONG_A_MINUTE, clock });
  const app = new Hono<Env>();
  app.use(secured, unkept);
  app.notFound((c) => refusal(c, 404, 'there is nothing here: call GET or POST /beat/<id>'));
  app.onError((error, c) => {
    if (error instanceof SecretError) {
      // anybody may cause this, and it is logged
      const stranger = neighbourhood(options.caller(c));
      if (!ofStranger.take(stranger)) return tooMany(c, ofStranger, stranger);
    }
    log.error('a heartbeat could not be taken', { error: redact(String(error)) });
    if (error instanceof StoreError) return refusal(c, 503, 'it could not be kept: call again');
    if (error instanceof SecretError) return refusal(c, 503, 'the token cannot be compared: see the log');
    return refusal(c, 500, 'it could not be taken: the fault is ours');
  });
  const limit = bodyLimit({
    maxSize: BODY_MAX,
    onError: (c) => refusal(c, 413, `a body has at most ${BODY_MAX} bytes`),
  });
  const enter: MiddlewareHandler<Env> = async (c, next) => {
    if (c.req.method === 'HEAD') return refusal(c, 405, 'call GET or POST: HEAD reports nothing');
    const id = c.req.param('id') ?? '';
    const stranger = neighbourhood(options.caller(c));
    const check = await knownBy(id, tokenOf(c), options);
    if (!check) {
      // behind a proxy all have one address: who has the right token is never held back for others
      if (!ofStranger.take(stranger)) return tooMany(c, ofStranger, stranger);
      return refusal(c, 401, 'there is no such heartbeat, or this is not its token');
    }
    if (!ofHeartbeat.take(id)) return tooMany(c, ofHeartbeat, id);
    c.set('check', check);
    return next();
  };
  const take = (failed?: true) => async (c: Context<Env>) => {
    const call = await callOf(c, failed);
    if (typeof call === 'string') return refusal(c, 400, call);
    const check = c.get('check');
    const isRepeated = await kept(check, call, options);
    return c.json({
      ok: true,
      check: check.id,
      status: call.ok ? 'ok' : 'fail',
      ...(isRepeated && { repeated: true }),
    });
  };
  for (const method of ['GET', 'POST']) {
    app.on(method, '/beat/:id', enter, limit, take());
    app.on(method, '/beat/:id/fail', enter, limit, take(true));
  }
  return app;
}

/** Keeps a call; if the check would be judged otherwise now, it is run at once. Answers whether it was a repetition. */
async function kept(check: HeartbeatCheck, call: Call, options: CallsOptions): Promise<boolean> {
  const { clock, store, turned } = options;
  const now = clock.now();
  const { before, after } = await takeCall(await store(), check.id, call, now);
  const judged = (known: Known | undefined) =>
    known && heartbeatIssues(known, policyOf(check), now).map(({ reason }) => reason);
  if (!isDeepStrictEqual(judged(before), judged(after))) await turned(check.id);
  return before === after;
}

/** Who is held back together: an address, and of IPv6 the network that one customer gets. */
function neighbourhood(address = ''): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const ip = ipaddr.process(address);
  return ip.kind() === 'ipv4' ? ip.toString() : Buffer.from(ip.toByteArray().slice(0, 8)).toString('hex');
}

/**
 * The heartbeat of this id, if this is its token. Whatever there is, and isn't, takes as long. Throws `SecretError` while
 * the token cannot be read: then a job must know that it is to call again.
 */
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

/** What a job may say. */
const FIELDS = ['status', 'duration', 'message', 'run'];
const WHAT = `a call has ${FIELDS.join(', ')}`;
/** Something that is no field of a call, in the query or the body: it may be a field that is spelt wrong. */
const strange = (names: readonly string[], also: string[] = []): string | undefined =>
  names.find((name) => !FIELDS.includes(name) && !also.includes(name));

/** What a job says, or what is wrong with how it says it. What is empty isn't said. */
async function callOf(c: Context, failed?: true): Promise<Call | string> {
  const query = c.req.query();
  const body = await bodyOf(c);
  if (typeof body === 'string') return body;
  const odd = strange(Object.keys(query), ['token']) ?? strange(Object.keys(body));
  if (odd !== undefined) return `${JSON.stringify(clean(odd, RUN_MAX))} is not known here: ${WHAT}`;
  const said = Object.fromEntries(
    Object.entries({ ...query, ...body }).filter(([, value]) => value !== '' && value !== null),
  );
  const { status = 'ok', duration, message = '', run } = said;
  if (status !== 'ok' && status !== 'fail') return '"status" must be "ok" or "fail"';
  const tookMs = duration === undefined ? undefined : msOf(duration);
  if (Number.isNaN(tookMs)) return '"duration" must be a duration, such as "90s", or a number of ms';
  if (typeof message !== 'string') return '"message" must be a text';
  const name = typeof run === 'number' ? String(run) : run;
  if (name !== undefined && (typeof name !== 'string' || name.length > RUN_MAX))
    return `"run" must be a text of 1 to ${RUN_MAX} characters`;
  const line = clean(message, MESSAGE_MAX);
  return {
    ok: !failed && status === 'ok',
    ...(tookMs !== undefined && { tookMs }),
    ...(line !== '' && { message: line }),
    ...(name !== undefined && { run: name }),
  };
}

/**
 * The fields in a body, JSON or a form, whatever type it is said to be: clients say text or a form of anything. Any other
 * text is the message. Answers what is wrong with it: a failure that is cut off must not count as a success.
 */
async function bodyOf(c: Context): Promise<Record<string, unknown> | string> {
  const text = c.req.method === 'POST' ? (await c.req.text()).trim() : '';
  if (text === '') return {};
  const type = c.req.header('content-type') ?? '';
  if (/json/i.test(type) || text.startsWith('{'))
    return objectIn(text) ?? `the body is no JSON object: ${WHAT}, or a text that is the message`;
  return /^\w{1,20}=/.test(text) ? Object.fromEntries(new URLSearchParams(text)) : { message: text };
}

function msOf(duration: unknown): number {
  const text = String(duration);
  const ms = DURATION.test(text) ? parseDuration(text) : Number(text.trim() === '' ? Number.NaN : text);
  return ms >= 0 && ms <= DURATION_MAX ? Math.round(ms) : Number.NaN;
}

function tooMany(c: Context, pace: Pace, who: string): Response {
  c.header('retry-after', String(Math.ceil(pace.waitMs(who) / 1_000)));
  return refusal(c, 429, 'too many calls');
}

const refusal = (
  c: Context,
  status: 400 | 401 | 404 | 405 | 413 | 429 | 500 | 503,
  error: string,
): Response => c.json({ ok: false, error }, status);
