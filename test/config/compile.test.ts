import { describe, expect, it } from 'vitest';
import type { Config } from '../../lib/config/compiled.ts';
import { pathText } from '../../lib/config/error.ts';
import { warningsOf } from '../../lib/config/warnings.ts';
import { acme, checking, compiled, EXAMPLE, mistakesIn, tcp } from './kit.ts';

const DAY = 86_400_000;

describe('the example of the contract', () => {
  const config = compiled(EXAMPLE, (path) => `the text of ${path}`);

  it('has every time in ms, every default in place and its files inlined', () => {
    expect(config.checks[0]).toMatchObject({
      id: 'api',
      name: 'Public API',
      target: 'GET https://api.acme.test:8443/health',
      ca: 'the text of ./ca.pem',
      connectTo: { host: '127.0.0.1', port: 8443 },
      every: 30_000,
      timeout: 5_000,
      headers: { authorization: { secret: 'API_TOKEN' } },
      expect: { within: 800 },
      dependsOn: ['apex'],
      locations: ['local'],
    });
    expect(config.checks[1]).toMatchObject({
      every: 60_000,
      severity: 'ticket',
      expires: { warn: 21 * DAY, fail: 3 * DAY },
    });
    expect(config.checks[2]).toMatchObject({
      name: 'db-port-closed',
      severity: 'page',
      public: false,
      timeout: 10_000,
      target: '127.0.0.1:5432',
    });
    expect(config.checks[3]).toMatchObject({
      target: 'A acme.test at 127.0.0.1:5353',
      expect: { includes: ['192.0.2.10'], ttlAtMost: 300_000 },
    });
    expect(config.judge).toEqual({ tries: 4, over: 10_000, degradedAfter: 600_000, unknownAfter: 600_000 });
    expect(config.maintenance).toEqual([
      { checks: ['api'], title: undefined, from: Date.UTC(2026, 11, 1, 2), to: Date.UTC(2026, 11, 1, 4) },
      { checks: '*', title: undefined, cron: '0 3 * * SUN', timeZone: 'Europe/Berlin', for: 1_800_000 },
    ]);
    expect(config.statusPage.title).toBe('Acme status');
  });

  it('makes a receiver of each notifier: its name, its type, what it hears, and how often it is reminded', () => {
    expect(config.notify).toEqual([
      {
        name: 'pagerduty',
        type: 'pagerduty',
        hears: 'pages',
        updates: false,
        routingKey: { secret: 'PD_KEY' },
        endpoint: 'http://127.0.0.1:9999/',
        remind: 14_400_000,
      },
      expect.objectContaining({
        name: 'webhook',
        type: 'webhook',
        hears: 'everything',
        url: 'http://127.0.0.1:9998/hook',
      }),
    ]);
    expect(config.notify[1]?.remind).toBeUndefined();
  });

  it('is plain JSON, the same each time (D16)', () => {
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(JSON.stringify(compiled(EXAMPLE, (path) => `the text of ${path}`))).toBe(JSON.stringify(config));
    expect(JSON.stringify(compiled(structuredClone(EXAMPLE), (path) => `the text of ${path}`))).toBe(
      JSON.stringify(config),
    );
  });
});

describe('what a user leaves out', () => {
  it('is what the contract says', () => {
    const checks = [
      { id: 'h', type: 'http', url: 'https://h.test' },
      { id: 't', type: 'tls', host: 'h.test' },
      tcp(),
      { id: 'd', type: 'dns', name: 'h.test' },
    ];
    const config = compiled({ name: 'Acme', checks, notify: { pagerduty: { routingKey: { secret: 'K' } } } });
    const common = {
      every: 60_000,
      timeout: 10_000,
      public: false,
      dependsOn: [],
      tags: [],
      locations: ['local'],
    };
    expect(config.checks).toMatchObject([
      { ...common, method: 'GET', follow: 5, expect: { status: ['200-299'] }, severity: 'page' },
      {
        ...common,
        port: 443,
        expires: { warn: 21 * DAY, fail: 3 * DAY },
        minVersion: 'TLSv1.2',
        revocation: 'soft',
        severity: 'ticket',
      },
      { ...common, expect: 'open', severity: 'page' },
      { ...common, record: 'A', severity: 'page' },
    ]);
    expect(config).toMatchObject({
      locations: ['local'],
      network: { allow: [] },
      judge: { tries: 4, over: 10_000, degradedAfter: 600_000, unknownAfter: 600_000 },
      observer: { canaries: [] },
      maintenance: [],
      notify: [{ endpoint: 'https://events.pagerduty.com/', remind: 14_400_000 }],
      statusPage: { title: 'Acme status' },
    });
  });
});

describe('files that a config names', () => {
  it('are mistakes of the config where they cannot be read', () => {
    const config = acme({ checks: [{ id: 't', type: 'tls', host: 'h.test', ca: 'ca.pem' }] });
    const read = () => {
      throw new Error('ca.pem is not there');
    };
    expect(() => compiled(config, read)).toThrow('"path":["checks",0,"ca"],"message":"ca.pem is not there"');
  });
});

describe('warnings', () => {
  const told = async (config: Config) =>
    (await warningsOf(config, 'machine')).map(({ path, message }) => `${pathText(path)}: ${message}`);
  const webhook = { webhook: { url: 'https://h.test', signingKey: { secret: 'K' } } };
  const statusPage = { url: 'https://status.acme.test/' };
  it.each<[title: string, config: object, ...lines: string[]]>([
    ['nothing is wrong', { ...checking({ public: true }), notify: webhook, statusPage }],
    [
      'nobody is told',
      checking({ public: true }),
      'notify: nobody is told of anything: no notifier is configured',
    ],
    [
      'tickets are not heard',
      { ...checking({ public: true }), notify: { pagerduty: { routingKey: { secret: 'K' } } }, statusPage },
      'notify: tickets have no receiver: those configured here hear pages only',
    ],
    [
      'links lead to this machine only',
      { ...checking({ public: true }), notify: webhook },
      'statusPage.url: is not set: notifications link to the address that "start" prints, which other machines may not reach',
    ],
    [
      'nothing is public',
      { ...checking({}), notify: webhook, statusPage },
      'checks: the public status page is empty: no check has "public": true',
    ],
    [
      'nothing is watched',
      { name: 'x', checks: [], notify: webhook, statusPage },
      'checks: nothing is watched: the list is empty',
    ],
    [
      'credentials in clear',
      {
        ...acme({
          checks: [
            {
              id: 'a',
              type: 'http',
              public: true,
              url: 'https://h.test',
              headers: { Cookie: 'sid=1', accept: '*/*' },
            },
          ],
        }),
        notify: webhook,
        statusPage,
      },
      'checks[0].headers.Cookie: looks like a secret in clear; write { "secret": "NAME" } and keep the value out of the config',
    ],
  ])('%s', async (_, config, ...lines) => {
    expect(mistakesIn(config)).toEqual([]);
    expect(await told(compiled(config))).toEqual(lines);
  });
});
