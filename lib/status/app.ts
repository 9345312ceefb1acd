import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { Clock, Log } from '../ports.ts';
import type { Snapshot } from '../snapshot.ts';
import { ASSETS } from './assets.ts';
import { kept, reader } from './current.ts';
import { CACHE, SECURITY_HEADERS } from './headers.ts';
import { FAVICON } from './icons.ts';
import { isOperator, type PeerOf } from './loopback.ts';
import { runbookPage } from './markdown.ts';
import { message, page } from './page.ts';
import { project } from './project.ts';
import { operatorSummary, summary } from './summary.ts';

export interface StatusOptions {
  /**
   * The newest snapshot; undefined before the first one. Asked once a second at most. While it throws, or
   * doesn't answer within 2 s, the last good snapshot is shown, with its age.
   */
  readonly read: () => Promise<Snapshot | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** The built-in runbooks, Markdown, by the type of check. */
  readonly runbooks: Readonly<Record<string, string>>;
  /** Whether probing works: what /healthz answers. */
  readonly health: () => boolean | Promise<boolean>;
  /** Only where the operator's view exists, which is on one machine: how to tell who asks. */
  readonly operator?: { readonly peerOf: PeerOf };
}

/** Longer than any address that we have. */
const MAX_URL = 2_048;

const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** The status page, its API, the runbooks. Read only; the public part is made from the projection alone. */
export function createStatusApp({ read, clock, log, runbooks, health, operator }: StatusOptions): Hono {
  const app = new Hono({ strict: true });
  const newest = reader(read, clock, log);
  const shown = kept(clock, async () => {
    const { snapshot, failed } = await newest();
    const now = clock.now();
    const seen = snapshot && project(snapshot);
    return {
      status: failed && !snapshot ? (503 as const) : (200 as const),
      page: once(() => String(page(seen, { now, operator: false, operatorExists: operator !== undefined }))),
      summary: once(() => JSON.stringify(summary(seen, now))),
      operatorPage: once(() => String(page(snapshot, { now, operator: true, operatorExists: true }))),
      operatorSummary: once(() => JSON.stringify(operatorSummary(snapshot, now))),
    };
  });

  app.use(async (c, next) => {
    const refusal = refuse(c);
    if (refusal) c.res = refusal;
    else await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
  });
  app.get('/', async (c) => {
    const { status, page } = await shown();
    return answer(c, page(), HTML, status === 200 ? CACHE.page : CACHE.none, status);
  });
  app.get('/api/v1/summary', async (c) => {
    const { status, summary } = await shown();
    return answer(c, summary(), JSON_TYPE, status === 200 ? CACHE.page : CACHE.none, status);
  });
  app.get('/healthz', async (c) => {
    const well = await health();
    return answer(c, well ? 'ok\n' : 'probing does not work\n', TEXT, CACHE.none, well ? 200 : 503);
  });
  app.get('/runbooks/:type', (c) => {
    const type = c.req.param('type');
    const text = Object.hasOwn(runbooks, type) ? runbooks[type] : undefined;
    return text === undefined
      ? c.notFound()
      : answer(c, String(runbookPage(type, text)), HTML, CACHE.runbook);
  });
  for (const { path, type, body } of Object.values(ASSETS))
    app.get(path, (c) => answer(c, body, type, CACHE.asset));
  app.get('/favicon.svg', (c) => answer(c, FAVICON, 'image/svg+xml', CACHE.runbook));
  if (operator) {
    const guarded = (path: string, type: string, what: 'operatorPage' | 'operatorSummary') =>
      app.get(path, async (c) =>
        isOperator(c, operator.peerOf) ? answer(c, (await shown())[what](), type, CACHE.none) : c.notFound(),
      );
    guarded('/operator', HTML, 'operatorPage');
    guarded('/api/v1/operator', JSON_TYPE, 'operatorSummary');
  }
  app.notFound((c) => failure(c, 404, 'Not found', 'There is no page at this address.'));
  app.onError((error, c) => {
    log.error('a request failed', { path: c.req.path, error: String(error) });
    return failure(
      c,
      500,
      'Something broke',
      'The fault is ours. Nothing is said here about the state of anything else.',
    );
  });
  return app;
}

/** What isn't even looked at: it only reads, and it knows no long addresses. */
function refuse(c: Context): Response | undefined {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    c.header('allow', 'GET, HEAD');
    return failure(c, 405, 'Not allowed', 'This page can only be read.');
  }
  return c.req.url.length > MAX_URL
    ? failure(c, 414, 'Too long', 'There is no page at so long an address.')
    : undefined;
}

/** An answer; 304 if the client has it already. What may be kept is named by its content alone. */
function answer(c: Context, body: string, type: string, cache: string, status: 200 | 503 = 200): Response {
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

function failure(c: Context, status: 404 | 405 | 414 | 500, title: string, text: string): Response {
  c.header('cache-control', CACHE.none);
  if (c.req.path.startsWith('/api/'))
    return c.body(JSON.stringify({ error: title.toLowerCase() }), status, { 'content-type': JSON_TYPE });
  return c.body(String(message(title, text)), status, { 'content-type': HTML });
}

/** Made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
