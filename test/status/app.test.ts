import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../lib/snapshot.ts';
import type { operatorSummary } from '../../lib/status/summary.ts';
import { NOW, SCENES } from '../kit/scenes.ts';
import { missingHeaders, visit } from './kit.ts';

const PAGE_CACHE = 'public, max-age=15, stale-while-revalidate=30, stale-if-error=300';

describe('every answer carries the security headers (J29)', () => {
  const throwing = { health: () => Promise.reject(new Error('broken')) };
  it.each([
    ['the page', 'GET', '/', {}, 200],
    ['the page, head only', 'HEAD', '/', {}, 200],
    ['the summary', 'GET', '/api/v1/summary', {}, 200],
    ['the operator’s page', 'GET', '/operator', {}, 404],
    ['health', 'GET', '/healthz', throwing, 500],
    ['a runbook', 'GET', '/runbooks/http', {}, 200],
    ['the icon', 'GET', '/favicon.svg', {}, 200],
    ['nothing there', 'GET', '/nowhere', {}, 404],
    ['nothing there, head only', 'HEAD', '/nowhere', {}, 404],
    ['nothing there, for machines', 'GET', '/api/v2/nowhere', {}, 404],
    ['a method that writes', 'POST', '/', {}, 405],
  ] as const)('%s', async (_, method, path, options, status) => {
    const response = await visit(undefined, options).get(path, { method });
    expect([response.status, missingHeaders(response)]).toEqual([status, []]);
  });

  it('also where nothing has changed (304)', async () => {
    const { get } = visit();
    const etag = (await get('/')).headers.get('etag') ?? '';
    const again = await get('/', { headers: { 'if-none-match': etag } });
    expect([again.status, missingHeaders(again), await again.text()]).toEqual([304, [], '']);
    expect(again.headers.get('etag')).toBe(etag);
    expect(again.headers.get('cache-control')).toBe(PAGE_CACHE);
  });

  it('and the stylesheet and script that the page names', async () => {
    const { get, text } = visit();
    const paths = [...(await text('/')).matchAll(/\/static\/[^"]+/g)].map(([path]) => path);
    expect(paths.map((path) => path.replace(/.*\./, '')).sort()).toEqual(['css', 'js']);
    for (const path of paths) {
      const response = await get(path);
      expect([response.status, missingHeaders(response)]).toEqual([200, []]);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
  });

  it('a page has nothing inline that the policy would stop', async () => {
    const pages = await Promise.all(['/', '/runbooks/http', '/nowhere'].map((path) => visit().text(path)));
    for (const page of pages) {
      expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<script[^>]*>[^<]/);
    }
  });
});

describe('what it does not know it refuses, briefly (J30)', () => {
  const long = 'a'.repeat(1_000_000);
  it.each([
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].map((method) => [method, '/', 405] as const),
    ['GET', `/${long}`, 414],
    ['GET', `/?${Array.from({ length: 10_000 }, (_, i) => `p${i}=1`).join('&')}`, 414],
    ['GET', '/%', 404],
    ['GET', '/%E0%A4%A', 404],
    ['GET', '/runbooks/%E0%A4%A', 404],
    ['GET', '/runbooks/..%2f..%2fpackage', 404],
    ['GET', '/runbooks/../../etc/passwd', 404],
    ['GET', '/runbooks/__proto__', 404],
    ['GET', '/runbooks/constructor', 404],
    ['GET', '/static/..%2fapp.ts', 404],
    ['GET', '/static/', 404],
    ['GET', '//', 404],
    ['GET', '//healthz', 404],
    ['GET', '/..;/', 404],
    ['GET', '/%00', 404],
    ['GET', '/healthz%00', 404],
    ['GET', '/healthz/', 404],
  ] as const)('%s %.40s → %i', async (method, path, status) => {
    const response = await visit().get(`http://status.acme.test${path}`, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect((await response.text()).length).toBeLessThan(4_000);
  });

  it('says which methods there are', async () => {
    expect((await visit().get('/', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('a cache can’t be poisoned (J31)', () => {
  const plain = async (path: string) => {
    const response = await visit().get(path);
    return { body: await response.text(), headers: Object.fromEntries(response.headers) };
  };
  it.each([
    ['x-forwarded-host', '/', { 'x-forwarded-host': 'evil.test' }],
    ['x-forwarded-proto', '/', { 'x-forwarded-proto': 'gopher' }],
    ['x-forwarded-prefix', '/', { 'x-forwarded-prefix': '/"><script>' }],
    ['x-forwarded-for', '/', { 'x-forwarded-for': '127.0.0.1' }],
    ['x-original-url', '/', { 'x-original-url': '/operator', 'x-rewrite-url': '/operator' }],
    ['x-http-method-override', '/', { 'x-http-method-override': 'POST' }],
    ['another name and port', 'http://evil.test:99/', {}],
    ['a query', '/?utm_source=evil&callback=alert', {}],
    ['accept', '/', { accept: 'application/json', 'accept-language': 'de', 'accept-encoding': 'br' }],
    ['range', '/', { range: 'bytes=0-10' }],
    ['cookies and credentials', '/', { cookie: 'a=b', authorization: 'Basic eA==' }],
    ['an origin', '/', { origin: 'https://evil.test' }],
    ['the summary, x-forwarded-host', '/api/v1/summary', { 'x-forwarded-host': 'evil.test' }],
    ['the summary, a callback', '/api/v1/summary?callback=alert', {}],
    ['the summary, an origin', '/api/v1/summary', { origin: 'https://evil.test' }],
  ])('by %s', async (_, url, headers) => {
    const response = await visit().get(url, { headers });
    const wanted = await plain(new URL(url, 'http://localhost').pathname);
    expect({ body: await response.text(), headers: Object.fromEntries(response.headers) }).toEqual(wanted);
    expect(response.status).toBe(200);
  });

  it('HEAD answers with the headers of GET, and nothing else', async () => {
    const { get } = visit();
    const [head, whole] = [await get('/', { method: 'HEAD' }), await get('/')];
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(whole.headers));
    expect(await head.text()).toBe('');
  });

  it('only what is worth it is kept', async () => {
    const kept = async (path: string, options = {}) =>
      (await visit(undefined, options).get(path)).headers.get('cache-control');
    expect(await kept('/')).toBe(PAGE_CACHE);
    expect(await kept('/api/v1/summary')).toBe(PAGE_CACHE);
    expect(await kept('/healthz')).toBe('no-store');
    expect(await kept('/healthz', { health: () => false })).toBe('no-store');
    expect(await kept('/nowhere')).toBe('no-store');
  });

  it.each(['*', 'W/ETAG', '"other", ETAG', 'ETAG'])('If-None-Match: %s', async (form) => {
    const { get } = visit();
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect((await get('/', { headers: { 'if-none-match': form.replace('ETAG', etag) } })).status).toBe(304);
    expect((await get('/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('nobody else may use the answers (J36)', () => {
  it.each(['/', '/api/v1/summary', '/healthz', '/favicon.svg', '/nowhere'])(
    '%s allows no other origin',
    async (path) => {
      const response = await visit().get(path, { headers: { origin: 'https://evil.test' } });
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(response.headers.get('location')).toBeNull();
    },
  );

  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/api/v1/summary', 'application/json; charset=utf-8'],
    ['/api/v1/nowhere', 'application/json; charset=utf-8'],
    ['/healthz', 'text/plain; charset=utf-8'],
    ['/favicon.svg', 'image/svg+xml'],
  ])('%s is served as %s', async (path, type) => {
    expect((await visit().get(path)).headers.get('content-type')).toBe(type);
  });
});

describe('while the store is down, the last good page stands in (J34)', () => {
  it('as it was, until it is too old to be believed', async () => {
    let down = false;
    const { clock, get, text, logged } = visit(async () => {
      if (down) throw new Error('the disk is gone');
      return SCENES.up();
    });
    expect(await text('/')).toContain('All systems operational');
    down = true;
    await clock.advance(60_000);
    expect(await text('/')).toContain('All systems operational');
    await clock.advance(120_000);
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('The last news is 3 min old.');
    expect(await text('/')).not.toContain('perational');
    expect(logged).toEqual(['the status page cannot read the snapshot']);
  });

  it('with no good page to show, it says that it knows nothing, as an error that no cache keeps', async () => {
    const { get } = visit(() => Promise.reject(new Error('the disk is gone')));
    for (const path of ['/', '/api/v1/summary']) {
      const response = await get(path);
      expect([response.status, response.headers.get('cache-control'), missingHeaders(response)]).toEqual([
        503,
        'no-store',
        [],
      ]);
      const body = await response.text();
      expect(body).not.toMatch(/perational|disk/);
    }
  });

  it('a store that hangs is a store that is down', async () => {
    let hang = false;
    const { clock, get } = visit(() => (hang ? new Promise(() => {}) : Promise.resolve(SCENES.up())));
    await get('/');
    hang = true;
    await clock.advance(1_000);
    const response = await clock.run(get('/'));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('All systems operational');
    expect(clock.pending).toBe(0);
  });

  it('a store that hangs from the start gives nothing to show', async () => {
    const { clock, get } = visit(() => new Promise(() => {}));
    expect((await clock.run(get('/'))).status).toBe(503);
  });

  it('a snapshot that vanished is no reason to forget it', async () => {
    let now: Snapshot | undefined = SCENES.up();
    const { clock, text } = visit(async () => now);
    await text('/');
    now = undefined;
    await clock.advance(1_000);
    expect(await text('/')).toContain('All systems operational');
  });

  it('asks the store once a second, however many ask it', async () => {
    let reads = 0;
    const { clock, get } = visit(async () => {
      reads += 1;
      return SCENES.up();
    });
    await Promise.all(Array.from({ length: 50 }, () => get('/')));
    expect(clock.pending).toBe(0);
    await clock.advance(999);
    await get('/api/v1/summary');
    expect(reads).toBe(1);
    await clock.advance(1);
    await get('/');
    expect(reads).toBe(2);
  });

  it('before the first snapshot it says so', async () => {
    const { get } = visit(async () => undefined);
    expect(await (await get('/')).text()).toContain('No results yet');
    expect(await (await get('/api/v1/summary')).json()).toMatchObject({
      status: 'unknown',
      checks: [],
      incidents: [],
    });
  });
});

describe('a fault of our own', () => {
  it('is a page that tells nothing of it', async () => {
    const broken = {
      ...SCENES.up(),
      get checks(): never {
        throw new Error('secret-host-7');
      },
    } as Snapshot;
    const { get, logged } = visit(async () => broken);
    for (const path of ['/', '/api/v1/summary']) {
      const response = await get(path);
      expect([response.status, response.headers.get('cache-control'), missingHeaders(response)]).toEqual([
        500,
        'no-store',
        [],
      ]);
      expect(await response.text()).not.toMatch(/secret-host-7|perational/);
    }
    expect(logged).toContain('a request failed');
  });
});

describe('/healthz', () => {
  it('is 200 while probing works, else 503', async () => {
    expect((await visit().get('/healthz')).status).toBe(200);
    expect((await visit(undefined, { health: () => false }).get('/healthz')).status).toBe(503);
    expect((await visit(undefined, { health: async () => true }).get('/healthz')).status).toBe(200);
  });
});

describe('/api/v1/summary', () => {
  it('is what the contract says, and no more', async () => {
    const summary = await visit(SCENES.operator()).json('/api/v1/summary');
    expect(Object.keys(summary)).toEqual(['title', 'at', 'status', 'checks', 'incidents']);
    expect(summary).toMatchObject({ title: 'Acme status', at: '2026-03-03T12:04:10.000Z', status: 'down' });
    expect(summary.checks).toHaveLength(6);
    expect(summary.checks[0]).toEqual({
      id: 'public-api',
      name: 'Public API',
      group: 'API',
      status: 'down',
      since: '2026-03-03T11:50:10.000Z',
      latencyMs: null,
      uptime: {
        '24h': expect.any(Number),
        '7d': expect.any(Number),
        '30d': expect.any(Number),
        '90d': expect.any(Number),
      },
    });
    expect(summary.incidents[0]).toEqual({
      id: 'public-api-840',
      check: 'public-api',
      title: 'Public API is down',
      openedAt: '2026-03-03T11:50:10.000Z',
      resolvedAt: null,
      timeline: [
        { at: '2026-03-03T11:50:10.000Z', text: 'Automated checks confirm that it does not work.' },
        { at: '2026-03-03T11:50:11.000Z', text: 'The team on call has been alerted.' },
      ],
    });
  });

  it('what is not known is null', async () => {
    const [first] = SCENES.up().checks;
    const bare = { ...first, group: undefined, since: undefined, latencyMs: undefined, uptime: {} } as never;
    const summary = await visit({ ...SCENES.up(), checks: [bare] }).json('/api/v1/summary');
    expect(summary.checks[0]).toMatchObject({
      group: null,
      since: null,
      latencyMs: null,
      uptime: { '24h': null, '90d': null },
    });
  });
});

describe('the operator’s view is for the machine itself', () => {
  const LOOPBACK = 'http://127.0.0.1:8080';
  it.each([
    ['IPv4 loopback', '127.0.0.1', LOOPBACK, {}, 200],
    ['another loopback address', '127.8.9.1', 'http://localhost:8080', {}, 200],
    ['IPv6 loopback', '::1', 'http://[::1]:8080', {}, 200],
    ['IPv4 loopback on an IPv6 socket', '::ffff:127.0.0.1', LOOPBACK, {}, 200],
    ['a neighbour', '192.168.1.7', LOOPBACK, {}, 404],
    ['a neighbour on an IPv6 socket', '::ffff:192.168.1.7', LOOPBACK, {}, 404],
    ['a name made to resolve to loopback', '127.0.0.1', 'http://evil.test:8080', {}, 404],
    ['a name that only begins like loopback', '127.0.0.1', 'http://127.0.0.1.evil.test', {}, 404],
    ['a name that only ends like localhost', '127.0.0.1', 'http://evil-localhost', {}, 404],
    ['the machine’s address on the network', '127.0.0.1', 'http://192.168.1.7:8080', {}, 404],
    ['a claim to be loopback', '203.0.113.9', LOOPBACK, { 'x-forwarded-for': '127.0.0.1' }, 404],
    ['a proxy on the machine', '127.0.0.1', LOOPBACK, { 'x-forwarded-for': '203.0.113.9' }, 404],
    ['a proxy that says "via"', '127.0.0.1', LOOPBACK, { via: '1.1 proxy' }, 404],
    ['a proxy that says "forwarded"', '127.0.0.1', LOOPBACK, { forwarded: 'for=203.0.113.9' }, 404],
    ['no socket', undefined, LOOPBACK, {}, 404],
  ])('%s', async (_, from, origin, headers, status) => {
    for (const path of ['/operator', '/api/v1/operator']) {
      const response = await visit(SCENES.operator()).get(`${origin}${path}`, {
        headers,
        ...(from !== undefined && { from }),
      });
      expect([response.status, response.headers.get('cache-control'), missingHeaders(response)]).toEqual([
        status,
        'no-store',
        [],
      ]);
      expect(response.headers.get('etag')).toBeNull();
      const body = await response.text();
      expect(body.includes('Billing database')).toBe(status === 200);
      expect(body.includes('10.0.0.7')).toBe(status === 200);
    }
  });

  it('is not there on AWS, whoever asks', async () => {
    const { get, text } = visit(SCENES.empty(), {}, 'on AWS');
    expect((await get('http://127.0.0.1/operator', { from: '127.0.0.1' })).status).toBe(404);
    expect((await get('http://127.0.0.1/api/v1/operator', { from: '127.0.0.1' })).status).toBe(404);
    expect(await text('/')).not.toContain('/operator');
  });

  it('shows every check, why it is as it is, and how Watchbill itself is', async () => {
    const page = await visit(SCENES.operator()).text('http://localhost/operator', '127.0.0.1');
    for (const part of [
      'Backup port',
      'GET https://internal.acme.test/public-api',
      'unexpected_status',
      'answered 502, expected 200–299.',
    ])
      expect(page).toContain(part);
    for (const part of [
      'Not delivered to pagerduty',
      'eu-central-1',
      'never heard of',
      'href="/runbooks/http"',
    ])
      expect(page).toContain(part);
  });

  it('the same for machines', async () => {
    const all = await visit(SCENES.operator()).json<ReturnType<typeof operatorSummary>>(
      'http://localhost/api/v1/operator',
      '127.0.0.1',
    );
    expect(all.checks).toHaveLength(8);
    expect(all.checks[7]).toMatchObject({
      id: 'backup-port',
      status: 'unknown',
      public: false,
      target: 'GET https://internal.acme.test/backup-port',
    });
    expect(all.incidents[0]).toMatchObject({ class: 'down', severity: 'page', runbook: '/runbooks/http' });
    expect(all.platform).toMatchObject({ undelivered: 3, skipped: 12 });
    expect(all.platform?.locations[0]).toEqual({
      name: 'eu-central-1',
      lastTickAt: new Date(NOW - 31_000).toISOString(),
    });
    expect(all.platform?.locations[2]).toEqual({ name: 'ap-southeast-2', lastTickAt: null });
  });
});
