import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Fault } from './net/net.ts';
import { createPace } from './pace.ts';
import { type Clock, type Log, StoreError } from './ports.ts';
import { redact } from './redact.ts';
import type { Signal } from './signal.ts';
import { readLetter } from './signals/index.ts';
import { type createSnsFetcher, nameOfBody, Refused, SNS_BODY_MAX, verifySns } from './sns.ts';
import { secured, unkept } from './status/secured.ts';

/** What is refused is looked at no oftener, from one address. */
const REFUSED_A_MINUTE = 30;

export interface SnsAppOptions {
  /** ARNs of the topics of the config as it is now. */
  readonly topics: () => readonly string[];
  readonly fetcher: ReturnType<typeof createSnsFetcher>;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps what was heard before it settles: SNS is told then that it was taken. */
  readonly take: (signal: Signal) => Promise<void>;
  /** Who calls, as far as it can be told. */
  readonly caller: (context: Context) => string | undefined;
}

/** Whether a request is meant for SNS. */
export const isSns = (url: string): boolean => new URL(url).pathname === '/sns';

/** Where SNS posts: `POST /sns`. What can't be verified is refused and told of in the log, and nothing else happens. */
export function createSnsApp({ topics, fetcher, clock, log, take, caller }: SnsAppOptions): Hono {
  const refusals = createPace({ perMinute: REFUSED_A_MINUTE, clock });
  const app = new Hono();
  app.use(secured, unkept);
  app.notFound((c) => c.json({ ok: false, error: 'SNS posts here: POST /sns' }, 404));
  app.onError((error, c) => {
    if (error instanceof Refused) return c.json({ ok: false, error: 'it is not verified: see the log' }, 403);
    log.error('a message of SNS could not be taken', { error: redact(String(error)) });
    const isLater = error instanceof Fault || error instanceof StoreError;
    return c.json({ ok: false, error: 'it could not be taken: send it again' }, isLater ? 503 : 500);
  });
  const limit = bodyLimit({
    maxSize: SNS_BODY_MAX,
    onError: (c) => c.json({ ok: false, error: 'the body is too large' }, 413),
  });
  app.post('/sns', limit, async (c) => {
    const who = caller(c) ?? '';
    const body = await c.req.text();
    const options = {
      topics: topics(),
      now: clock.now(),
      typeHeader: c.req.header('x-amz-sns-message-type'),
    };
    try {
      const message = await verifySns(body, { ...options, certificate: fetcher.certificate });
      if (message.kind === 'letter') await take(readLetter(message.letter));
      else {
        await fetcher.confirm(message.url);
        log.info(`subscribed to ${message.topic}`);
      }
      return c.json({ ok: true });
    } catch (error) {
      if (error instanceof Refused && refusals.take(who))
        log.warn(`a message to /sns is refused: ${redact(error.message)}`, {
          from: who,
          body: nameOfBody(body),
        });
      throw error;
    }
  });
  return app;
}
