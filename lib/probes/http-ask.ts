import type { z as Zod } from 'zod';
import type { Fields } from '../config/fields.ts';
import { exchange, type HttpRequest, type HttpResponse } from '../net/http.ts';
import { Fault } from '../net/net.ts';
import type { SecretRef } from '../ports.ts';
import type { ProbeContext } from './define.ts';
import { headersShape } from './http-shape.ts';

/** The fields of a question over HTTP. */
export const questionShape = (z: typeof Zod, fields: Fields) => ({
  url: fields.url.describe('http or https URL'),
  headers: headersShape(z, fields).default({}).describe('Headers to send: texts or secrets'),
  ca: fields.file.optional().describe('PEM file of certificates to trust in place of the built-in ones'),
  connectTo: fields.address
    .optional()
    .describe('Address dialled in place of the one that the name resolves to'),
});

/** A question as it stands in a compiled check. */
export interface Question {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string | SecretRef>>;
  readonly ca?: string | undefined;
  readonly connectTo?: HttpRequest['connectTo'];
}

/** Headers, body and method are added to the question's own. Redirects aren't followed: credentials go nowhere else. */
export async function ask(
  { url, headers = {}, ca, connectTo }: Question,
  context: ProbeContext,
  more: Partial<Pick<HttpRequest, 'method' | 'headers' | 'body' | 'maxBody'>> = {},
): Promise<HttpResponse> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    resolved[name] = typeof value === 'string' ? value : await context.secret(value);
  const request = {
    url: new URL(url),
    method: 'GET',
    ...more,
    headers: { ...resolved, ...more.headers },
    ca,
    connectTo,
  };
  return exchange(context.net, request, context);
}

/** Throws a `Fault` if it is not a 2xx: then the body says nothing that is asked for. */
export function expectOk({ status, phases, facts }: HttpResponse, who: string): void {
  if (status >= 200 && status < 300) return;
  const reason = status === 401 ? 'unauthorized' : status === 403 ? 'forbidden' : 'unexpected_status';
  throw new Fault(reason, `${who} answered ${status}.`, { phases, facts });
}

/** The JSON of a body; undefined: it is none. */
export function jsonOf({ body }: Pick<HttpResponse, 'body'>): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
