import { Hono } from 'hono';
import type { Clock, Log } from '../ports.ts';
import type { Snapshot } from '../snapshot.ts';
import { answer, failure, HTML, JSON_TYPE, refuse, TEXT } from './answer.ts';
import { ASSETS } from './assets.ts';
import { kept, reader } from './current.ts';
import { CACHE } from './headers.ts';
import { isOperator, type PeerOf } from './loopback.ts';
import { runbookPage } from './markdown.ts';
import { secured } from './secured.ts';
import { type Views, viewsOf } from './views.ts';

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

/** The status page, its API, the runbooks. It only reads. */
export function createStatusApp({ read, clock, log, runbooks, health, operator }: StatusOptions): Hono {
  const newest = reader(read, clock, log);
  const views = kept(clock, async () => viewsOf(await newest(), clock, operator !== undefined));
  const app = new Hono();
  app.use(secured, async (c, next) => {
    const refusal = refuse(c);
    if (refusal) c.res = refusal;
    else await next();
  });
  app.notFound((c) => failure(c, 404, 'Not found', 'There is no page at this address.'));
  app.onError((error, c) => {
    log.error('a request failed', { path: c.req.path, error: String(error) });
    return failure(
      c,
      500,
      'Something broke',
      'The fault is ours. It says nothing of the state of anything else.',
    );
  });
  servePublic(app, views);
  if (operator) serveOperator(app, views, operator.peerOf);
  serveHealth(app, health);
  serveRunbooks(app, runbooks);
  for (const { path, type, body, cache } of ASSETS) app.get(path, (c) => answer(c, body, type, cache));
  return app;
}

function servePublic(app: Hono, views: () => Promise<Views>): void {
  const show = (path: string, type: string, what: 'page' | 'summary') =>
    app.get(path, async (c) => {
      const { failed, [what]: view } = await views();
      return failed ? answer(c, view(), type, CACHE.none, 503) : answer(c, view(), type, CACHE.page);
    });
  show('/', HTML, 'page');
  show('/api/v1/summary', JSON_TYPE, 'summary');
}

/** To everybody else it is as if these addresses did not exist. */
function serveOperator(app: Hono, views: () => Promise<Views>, peerOf: PeerOf): void {
  const show = (path: string, type: string, what: 'operatorPage' | 'operatorSummary') =>
    app.get(path, async (c) =>
      isOperator(c, peerOf) ? answer(c, (await views())[what](), type, CACHE.none) : c.notFound(),
    );
  show('/operator', HTML, 'operatorPage');
  show('/api/v1/operator', JSON_TYPE, 'operatorSummary');
}

function serveHealth(app: Hono, health: StatusOptions['health']): void {
  app.get('/healthz', async (c) => {
    const well = await health();
    return well
      ? answer(c, 'ok\n', TEXT, CACHE.none)
      : answer(c, 'probing does not work\n', TEXT, CACHE.none, 503);
  });
}

function serveRunbooks(app: Hono, runbooks: StatusOptions['runbooks']): void {
  app.get('/runbooks/:type', (c) => {
    const type = c.req.param('type');
    const text = Object.hasOwn(runbooks, type) ? runbooks[type] : undefined;
    return text === undefined ? c.notFound() : answer(c, String(runbookPage(type, text)), HTML, CACHE.hour);
  });
}
