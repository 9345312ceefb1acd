import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { CACHE } from './headers.ts';
import { message } from './page.ts';

export const HTML = 'text/html; charset=utf-8';
export const JSON_TYPE = 'application/json; charset=utf-8';
export const TEXT = 'text/plain; charset=utf-8';

/** Longer than any address that we have. */
const MAX_URL = 2_048;

/** An answer; 304 if the client has it already. What may be kept is named by its content alone. */
export function answer(
  c: Context,
  body: string,
  type: string,
  cache: string,
  status: 200 | 503 = 200,
): Response {
  c.header('cache-control', cache);
  if (cache !== CACHE.none) {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    c.header('etag', etag);
    if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  }
  return c.body(body, status, { 'content-type': type });
}

/** https://www.rfc-editor.org/rfc/rfc9110#field.if-none-match: compared weakly, `*` is any. */
const matches = (header: string | undefined, etag: string): boolean =>
  (header ?? '').split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);

/** What there is to say of a request that can't be answered; kept by nobody. */
export function failure(c: Context, status: 404 | 405 | 414 | 500, title: string, text: string): Response {
  c.header('cache-control', CACHE.none);
  if (c.req.path.startsWith('/api/')) {
    return c.body(JSON.stringify({ error: title.toLowerCase() }), status, { 'content-type': JSON_TYPE });
  }
  return c.body(String(message(title, text)), status, { 'content-type': HTML });
}

/** What isn't even looked at: the page only reads, and knows no long addresses. */
export function refuse(c: Context): Response | undefined {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    c.header('allow', 'GET, HEAD');
    return failure(c, 405, 'Not allowed', 'This page can only be read.');
  }
  if (c.req.url.length <= MAX_URL) return undefined;
  return failure(c, 414, 'Too long', 'There is no page at so long an address.');
}
