import type { HttpRequest, HttpResponse } from '../net/http.ts';
import { exchangeFollowing } from '../net/redirects.ts';
import type { SecretRef } from '../ports.ts';
import type { Facts } from '../reading.ts';
import { defineProbe, type ProbeContext } from './define.ts';
import { judgeOf } from './expectation.ts';
import { failed, found } from './finding.ts';
import { expectationShape, headersShape } from './http-shape.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** What another origin may see after a redirect, as far as it stands in the config in clear. */
const HARMLESS = /^(accept|accept-encoding|accept-language|user-agent)$/i;

/** Longer than any date. */
const RETRY_AFTER_MAX = 40;

/** A web server answers, and the answer is the right one. */
export const http = defineProbe({
  type: 'http',
  summary: 'A URL answers, and the answer is the right one.',
  shape: (z, fields) => ({
    url: fields.url.describe('http or https URL'),
    connectTo: fields.address
      .optional()
      .describe(
        'Address dialled in place of the one that the name resolves to, for the host and port of the URL',
      ),
    ca: fields.file.optional().describe('PEM file of certificates to trust in place of the built-in ones'),
    method: z.enum(METHODS).default('GET').describe('Method'),
    headers: headersShape(z, fields).default({}).describe('Headers to send: texts or secrets'),
    body: z.string().optional().describe('Body to send'),
    follow: z
      .int()
      .min(0)
      .max(20)
      .default(5)
      .describe('Redirects to follow; 0: a redirect is the answer itself'),
    expect: expectationShape(z, fields).prefault({}).describe('What the answer must be'),
  }),

  refine({ method, body, headers, expect }) {
    const mistakes = [
      ...doubles(headers, ['headers']),
      ...doubles(expect.headers ?? {}, ['expect', 'headers']),
    ];
    if (body !== undefined && (method === 'GET' || method === 'HEAD'))
      mistakes.push({ path: ['body'], message: `a ${method} request has no body` });
    if (method === 'HEAD' && (expect.body ?? expect.json))
      mistakes.push({
        path: ['method'],
        message: 'the answer to a HEAD request has no body to expect something of',
      });
    return mistakes;
  },

  knowsExpiries: true,

  target: ({ method, url }) => `${method} ${withoutValues(url)}`,

  async run(check, context) {
    const started = context.clock.monotonic();
    const elapsed = () => context.clock.monotonic() - started;
    const { url, judge, plain, secrets, abroad } = prepared(check);
    const { method, body, connectTo, ca, follow } = check;
    try {
      const headers = { ...plain, ...(await resolved(secrets, context)) };
      const request = { url, method, headers, body, connectTo, ca };
      const response = await exchangeFollowing(context.net, request, context, { max: follow, abroad });
      const latencyMs = elapsed();
      const facts = { ...response.facts, ...retryAfter(response.headers) };
      return found(judge({ ...response, latencyMs }), { latencyMs, phases: response.phases, facts });
    } catch (error) {
      return failed(error, elapsed());
    }
  },
});

interface Prepared {
  readonly url: URL;
  readonly judge: ReturnType<typeof judgeOf>;
  readonly plain: HttpRequest['headers'];
  readonly secrets: readonly (readonly [name: string, ref: SecretRef])[];
  readonly abroad: HttpRequest['headers'];
}

type HttpCheck = Parameters<typeof http.run>[0];

const preparations = new WeakMap<HttpCheck, Prepared>();

/** What is the same in every try of a check. */
function prepared(check: HttpCheck): Prepared {
  const known = preparations.get(check);
  if (known) return known;
  const headers = Object.entries(check.headers);
  const plain = Object.fromEntries(
    headers.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  const fresh: Prepared = {
    url: new URL(check.url),
    judge: judgeOf(check.expect),
    plain,
    secrets: headers.flatMap(([name, value]) => (typeof value === 'string' ? [] : [[name, value] as const])),
    abroad: Object.fromEntries(Object.entries(plain).filter(([name]) => HARMLESS.test(name))),
  };
  preparations.set(check, fresh);
  return fresh;
}

async function resolved(
  secrets: Prepared['secrets'],
  { secret }: ProbeContext,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, ref] of secrets) values[name] = await secret(ref);
  return values;
}

/** When the server asks to be left alone for so long: seconds or a date. */
function retryAfter({ 'retry-after': retryAfter }: HttpResponse['headers']): Facts {
  return retryAfter === undefined ? {} : { retryAfter: retryAfter.slice(0, RETRY_AFTER_MAX) };
}

/** `https://host/path?token=…&page=…`: a value in a query may be a secret. */
function withoutValues(href: string): string {
  const url = new URL(href);
  const names = [...new Set(url.searchParams.keys())].map((name) => `${encodeURIComponent(name)}=…`);
  return `${url.origin}${url.pathname}${names.length > 0 ? `?${names.join('&')}` : ''}`;
}

function doubles(headers: Readonly<Record<string, unknown>>, path: readonly string[]) {
  const seen = new Set<string>();
  return Object.keys(headers).flatMap((name) => {
    const isDouble = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    return isDouble ? [{ path: [...path, name], message: 'the same header twice' }] : [];
  });
}
