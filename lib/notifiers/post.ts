import { STATUS_CODES } from 'node:http';
import { exchange, type HttpResponse } from '../net/http.ts';
import { Fault } from '../net/net.ts';
import type { Outcome, SendContext } from './define.ts';
import { clean } from './text.ts';

/** However long a receiver asks us to wait, we come back after 15 minutes. */
const RETRY_AFTER_MAX_MS = 900_000;
/** Enough of an answer to say why it refuses. */
const ANSWER_MAX_BYTES = 16_384;
const WHY_MAX = 300;

/** 4xx that speak of the moment and not of the request: RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);
/** A gateway lost sight of the request: whether it arrived behind it, nobody knows. RFC 9110 15.6.3 and 15.6.5. */
const BEYOND_GATEWAY: ReadonlySet<number> = new Set([502, 504]);

/** 4xx that speak of the body alone: with another key or address it would be refused as well. RFC 9110, 15.5. */
const HOPELESS: ReadonlySet<number> = new Set([400, 413, 422]);

export interface Post {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** Sent once in its place if the receiver answers that the body is too large. */
  readonly smaller?: string;
}

export type Answer = Pick<HttpResponse, 'status' | 'headers' | 'body'>;

/** Sends JSON once and says what came of it. Throws only what is a defect of ours. */
export async function post(request: Post, context: SendContext): Promise<Outcome> {
  try {
    const response = await send(request, request.body, context);
    const again = response.status === 413 && request.smaller !== undefined;
    return judge(again ? await send(request, request.smaller, context) : response, context.clock.now());
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return judgeFault(error, context.clock.now());
  }
}

function send(
  { url, headers }: Post,
  body: string,
  { net, deadline, signal }: SendContext,
): Promise<HttpResponse> {
  const request = {
    url: new URL(url),
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
    maxBody: ANSWER_MAX_BYTES,
  };
  return exchange(net, request, { deadline, signal });
}

/** 2xx is accepted, whatever its body says; what can't succeed later is refused; the rest is tried again. */
export function judge(response: Answer, now: number): Outcome {
  const { status, headers } = response;
  if (status >= 200 && status < 300) return { outcome: 'accepted' };
  const why = said(response);
  if (status < 500 && !NOT_NOW.has(status)) return { outcome: 'refused', why, final: HOPELESS.has(status) };
  const retryAfterMs = retryAfter(headers['retry-after'], now);
  const uncertain = BEYOND_GATEWAY.has(status);
  return { outcome: 'retry', why, uncertain, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** A status that arrived counts, whatever became of the body. From the phase "firstByte" on the request was on its way. */
function judgeFault({ facts, phases, message }: Fault, now: number): Outcome {
  const { httpStatus: status } = facts;
  if (typeof status === 'number' && status >= 200)
    return judge({ status, headers: {}, body: Buffer.alloc(0) }, now);
  return { outcome: 'retry', why: clean(message, WHY_MAX), uncertain: phases.firstByte !== undefined };
}

function said({ status, headers, body }: Answer): string {
  const answer = `It answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  if (status < 400) {
    const where = headers.location ? ` to ${headers.location}` : '';
    return clean(`${answer}${where}. Redirects are not followed: configure the final address.`, WHY_MAX);
  }
  return clean(body.length > 0 ? `${answer}: ${body.toString()}` : `${answer}.`, WHY_MAX);
}

/**
 * Retry-After: seconds or one of the three forms of an HTTP date (RFC 9110, 10.2.3 and 5.6.7), bounded;
 * a moment that has passed is now; anything else is ignored.
 */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const asked = /^\d+$/.test(text) ? Number(text) * 1_000 : httpDate(text) - now;
  return Number.isNaN(asked) ? undefined : Math.min(Math.max(0, asked), RETRY_AFTER_MAX_MS);
}

/** Epoch ms; NaN for what is no HTTP date. Only the oldest form has no zone: it is GMT all the same. */
function httpDate(text: string): number {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w -]+ \d\d:\d\d:\d\d( \d{4}| GMT)$/.test(text))
    return Number.NaN;
  return Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
}
