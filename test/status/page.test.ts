import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BarSlot, CheckView, ShownStatus, Snapshot } from '../../lib/snapshot.ts';
import { looks, told } from '../../lib/status/bar.ts';
import { headline, isStale, STALE_AFTER_MS } from '../../lib/status/headline.ts';
import { iso, latencyOf, percent } from '../../lib/status/words.ts';
import { check, incident, NOW, platform, SCENES, snapshot } from '../kit/scenes.ts';
import { hidden, shown, slot, text, weave } from './arbitraries.ts';
import { visit } from './kit.ts';

const RUNS = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 150) };
const MINUTE = 60_000;
const full = (some: Partial<BarSlot>): BarSlot => ({
  up: 0,
  degraded: 0,
  down: 0,
  unknown: 0,
  maintenance: 0,
  ...some,
});
const page = (of: Snapshot) => visit(of).text('/');
const unescaped = (html: string) =>
  html.replace(
    /&(lt|gt|quot|#39|amp);/g,
    (_, name) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name as 'lt'] ?? '',
  );

describe('the headline', () => {
  const of = (...statuses: ShownStatus[]) =>
    snapshot(statuses.map((status, i) => check(`c${i}`, { status })));
  it.each([
    [['up', 'up'], 'All systems operational'],
    [['up', 'degraded'], 'Some systems are degraded'],
    [['degraded'], 'All systems are degraded'],
    [['up', 'maintenance'], 'Maintenance in progress'],
    [['maintenance'], 'Under maintenance'],
    [['up', 'unknown', 'degraded'], 'Partly unknown'],
    [['unknown'], 'Current status unknown'],
    [['down', 'unknown', 'up'], 'Partial outage'],
    [['down', 'down'], 'Major outage'],
  ] as const)('of %j is “%s”', async (statuses, words) => {
    expect(await page(of(...statuses))).toContain(`>${words}</span></h1>`);
  });

  it('doesn’t believe an “up” that a check contradicts', () => {
    expect(headline({ ...of('down', 'up'), status: 'up' })).not.toContain('perational');
  });

  it.each([
    [SCENES.empty(), 'Give a check <code>&quot;public&quot;: true</code>'],
    [SCENES.empty(), 'No check is public yet'],
    [SCENES.mixed(), 'Reach us at support@acme.test, day and night.'],
  ])('what else stands there', async (of, words) => {
    expect(await page(of)).toContain(words.replace(/&quot;/g, '"'));
  });
});

describe('nothing old is said of now (J34, J35)', () => {
  it.each([
    [0, false],
    [180_000, false],
    [180_001, true],
    [-180_000, false],
    [-180_001, true],
    [Number.NaN, true],
  ])('news of %i ms ago is stale: %s', (age, stale) => {
    expect(isStale(NOW - age, NOW)).toBe(stale);
  });

  it('“operational” is said only where fresh data says so of every check', async () => {
    await fc.assert(
      fc.asyncProperty(shown, hidden, async (open, secret) => {
        const whole = weave(
          {
            ...open,
            title: 'T',
            note: undefined,
            checks: open.checks.map((c) => ({ ...c, name: 'N', group: undefined })),
          },
          secret,
        );
        const { clock, text, json } = visit(async () => ({ ...whole, maintenance: [] }));
        const body = await text('/');
        const fresh = Math.abs(clock.now() - whole.at) <= STALE_AFTER_MS;
        const statuses = open.checks.map(({ status }) => status);
        const allUp = statuses.length > 0 && statuses.every((status) => status === 'up');
        expect(body.includes('All systems operational')).toBe(fresh && allUp);
        expect(/perational</.test(body)).toBe(fresh && statuses.includes('up'));
        expect(body.includes('class="aged"')).toBe(!fresh);
        const summary = await json('/api/v1/summary');
        expect(summary.status === 'up').toBe(fresh && allUp);
        expect(summary.checks.map(({ status }) => status)).toEqual(
          fresh ? statuses : statuses.map(() => 'unknown'),
        );
      }),
      RUNS,
    );
  });

  it('the time that it is of stands on it, for people and for machines', async () => {
    expect(await page(SCENES.up())).toContain(
      'As of <time id="as-of" datetime="2026-03-03T12:04:10.000Z">3 Mar 2026, 12:04:10</time> UTC',
    );
    expect(await page(SCENES.stale())).toContain('>The last news is 25 min old.');
  });

  it('a fresh page doesn’t say that it is old, to those either who read it without its looks', async () => {
    const read = (await page(SCENES.up())).replace(/<[^>]*>/g, '');
    expect(read).not.toContain('The last news');
  });
});

describe('a slot of the bar', () => {
  it.each([
    ['flawless', { up: 1_440 }, '', 'no downtime'],
    ['a minute down', { up: 1_439, down: 1 }, 'd1', '1 min down'],
    ['an hour down', { up: 1_380, down: 60 }, 'd2', '1 h down'],
    ['mostly down', { up: 100, down: 1_340 }, 'd3', '22 h 20 min down'],
    ['down and degraded', { up: 1_400, down: 10, degraded: 30 }, 'd1', '10 min down, 30 min degraded'],
    ['degraded', { up: 1_140, degraded: 300 }, 'g3', '5 h degraded'],
    ['some seconds down', { up: 0.5, down: 0.5 }, 'd3', '30 s down'],
    ['in maintenance for most of it', { up: 400, maintenance: 1_040 }, 'm', '17 h 20 min maintenance'],
    ['in maintenance for a little', { up: 1_400, maintenance: 40 }, '', '40 min maintenance'],
    ['mostly unknown', { up: 200, unknown: 1_240 }, 'u', '20 h 40 min unknown'],
    ['wholly unknown', { unknown: 1_440 }, 'u', '1 d unknown'],
    ['without data', {}, 'n', 'no data'],
  ])('%s', (_, minutes, look, words) => {
    expect([looks(full(minutes)), told(full(minutes))]).toEqual([look, words]);
  });

  it('looks down exactly where something was down, and fine only where something was up', () => {
    fc.assert(
      fc.property(slot, (one) => {
        const look = looks(one);
        const { up = 0, degraded = 0, down = 0 } = one;
        expect(look.startsWith('d')).toBe(down > 0);
        if (look === '') expect(up > 0 && degraded === 0).toBe(true);
        if (look === 'n') expect(told(one)).toBe('no data');
      }),
      RUNS,
    );
  });
});

describe('uptime is said of no more than was watched', () => {
  const MINUTES = 60_000;
  const AT = NOW + 20_000; // when the page is looked at
  const DAYS = 86_400_000;
  const figures = async (record: CheckView['record']): Promise<string> => {
    const of = { ...check('x'), uptime: { '24h': 1, '7d': 0.999, '30d': 0.99, '90d': 0.9 }, record };
    const [, html = ''] =
      /<div class="figures">([\s\S]*?)<p class="latency">/.exec(await page(snapshot([of]))) ?? [];
    return html
      .replace(/<svg[\s\S]*/, '')
      .replace(/<\/(p|dt|dd)>/g, ' ')
      .replace(/<[^>]*>/g, '')
      .trim();
  };
  it.each<[string, CheckView['record'], string]>([
    ['nothing yet', undefined, 'Not read yet'],
    ['some seconds', { since: AT - 9_000, up: 0, known: 0 }, 'Watched since 12:04'],
    [
      'a few minutes: their number',
      { since: AT - 3 * MINUTES, up: 2, known: 3 },
      'Uptime since 12:01 2 of 3 min',
    ],
    ['an hour', { since: AT - 60 * MINUTES, up: 59, known: 60 }, 'Uptime since 11:04 98.33%'],
    ['a day less a moment', { since: AT - DAYS + 1, up: 1_439, known: 1_439 }, 'Uptime since 2 Mar 100%'],
    ['a day', { since: AT - DAYS, up: 1_440, known: 1_440 }, 'Uptime 24 h 100% since 2 Mar 100%'],
    [
      'some days',
      { since: AT - 8 * DAYS, up: 9_998, known: 10_000 },
      'Uptime 24 h 100% 7 d 99.90% since 23 Feb 99.98%',
    ],
    [
      'all of it',
      { since: AT - 90 * DAYS, up: 9, known: 10 },
      'Uptime 24 h 100% 7 d 99.90% 30 d 99.00% 90 d 90.00%',
    ],
    [
      'days in which nothing could be told',
      { since: AT - 2 * DAYS, up: 0, known: 0 },
      'Uptime 24 h 100% since 1 Mar –',
    ],
  ])('watched for %s', async (_, record, words) => {
    expect(await figures(record)).toBe(words);
  });
});

describe('the curve of the latency', () => {
  const curve = async (values: (number | undefined)[]) => {
    const of = { ...check('x'), latency: { from: NOW, slotMs: MINUTE, values } };
    return /<svg class="spark"[^>]*aria-label="([^"]*)"[^>]*><path d="M([\d.]+)/.exec(
      await page(snapshot([of])),
    );
  };
  const known = (count: number) => Array.from({ length: count }, (_, i) => 20 + i);

  it('is left out below ten points: they would be specks', async () => {
    expect(await curve([...Array<undefined>(50), ...known(9)])).toBeNull();
    expect(await curve([...Array<undefined>(50), ...known(10)])).not.toBeNull();
  });

  it('begins where something is known, and says so', async () => {
    expect((await curve([...Array<undefined>(45), ...known(15)]))?.slice(1)).toEqual([
      'Latency of the last 15 min: 20 ms to 34 ms',
      '1',
    ]);
  });
});

describe('no data is never 100 % (H11)', () => {
  const nothing: CheckView = {
    ...check('Bare', { status: 'unknown' }),
    uptime: { '24h': undefined, '7d': undefined, '30d': undefined, '90d': undefined },
    latencyMs: undefined,
  };
  const slots = (list: BarSlot[]): CheckView => ({
    ...nothing,
    bar: { unit: 'hour', from: NOW - 3_600_000 * list.length, slots: list },
  });
  it.each([
    ['empty history', slots([]), 'No history yet'],
    ['only slots without data', slots([full({}), full({})]), '<i class="n"></i><i class="n"></i>'],
    ['wholly unknown', slots([full({ unknown: 60 })]), '<i class="u" title="1 h unknown"></i>'],
    [
      'at the edge of a slot that has just begun',
      slots([full({ up: 60 }), full({})]),
      '<i></i><i class="n"></i>',
    ],
    ['the name of a bar of nothing', slots([full({}), full({})]), 'aria-label="Last 2 hours: no data"'],
    [
      'the newest slot is read out',
      slots([full({ up: 60 }), full({})]),
      'aria-valuetext="3 Mar 2026, 11:04: no data"',
    ],
    ['no latency ever', { ...nothing, latency: { from: NOW, slotMs: 1, values: [] } }, '–</p>'],
    [
      'only holes in the latency',
      { ...nothing, latency: { from: NOW, slotMs: 1, values: [undefined, undefined] } },
      '–</p>',
    ],
  ])('%s', async (_, of, wanted) => {
    const body = await page(snapshot([of]));
    expect(body).toContain(wanted);
    expect(body).not.toContain('100%');
    expect(body.match(/<dd>–<\/dd>/g)).toHaveLength(4);
  });

  it.each([
    [1, '100%'],
    [0.999_999, '99.99%'],
    [0.999_95, '99.99%'],
    [0.99, '99.00%'],
    [0.285_7, '28.57%'],
    [0, '0.00%'],
    [undefined, '–'],
    [Number.NaN, '–'],
    [null, '–'],
  ])('uptime %d reads %s', (share, words) => {
    expect(percent(share)).toBe(words);
  });
});

describe('small words', () => {
  it.each([
    [0, '<1 ms'],
    [0.6, '1 ms'],
    [95.4, '95 ms'],
    [999.6, '1.0 s'],
    [1_840, '1.8 s'],
  ])('%d ms is %s', (ms, words) => expect(latencyOf(ms)).toBe(words));

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1e300, 9e15])(
    'a moment that no date can hold is no reason to fall over: %d',
    (at) => {
      expect(iso(at)).toMatch(/Z$/);
    },
  );
});

describe('texts of others are inert in every context (J28)', () => {
  const PAYLOADS = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    '</title><script>alert(1)</script>',
    '</svg><script>alert(1)</script>',
    '--><script>alert(1)</script>',
    ']]><script>alert(1)</script>',
    '<svg/onload=alert(1)>',
    '&lt;script&gt;alert(1)&lt;/script&gt;',
    '<a href="javascript:alert(1)">x</a>',
    '\u2028<b>\u0000</b>\ud800',
  ];

  /** Every text field of a snapshot holds this text, the operator's as well. */
  function everywhere(words: string): Snapshot {
    const about: CheckView = {
      ...check('x', { status: 'down' }),
      id: words,
      name: words,
      group: words,
      type: words,
      target: words,
      reason: words,
      message: words,
    };
    const told = {
      ...incident(about, 14 * MINUTE),
      id: words,
      title: words,
      timeline: [{ at: NOW, kind: 'opened' as const, text: words }],
      runbook: words,
    };
    return snapshot([about, { ...about, id: `${words}2`, public: false }], {
      title: words,
      note: words,
      incidents: [told, { ...told, resolvedAt: NOW }],
      maintenance: [{ checkIds: [words], title: words, from: NOW - 1, to: NOW + 9e6 }],
      platform: { ...platform, banners: [words], locations: [{ name: words, lastTickAt: NOW }] },
    });
  }

  /** Its tags and their attributes' names, in order; fails on anything that isn't plainly a tag. */
  function skeleton(html: string): string[] {
    const tag = /<(\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*\/?>/gi;
    expect(html.replace('<!doctype html>', '').replace(tag, '')).not.toMatch(/[<>]/);
    return [...html.matchAll(tag)].map(
      ([, name, attributes]) =>
        `${name} ${[...(attributes ?? '').matchAll(/([a-z-]+)="/gi)].map(([, a]) => a)}`,
    );
  }

  it.each(PAYLOADS)('%j', async (payload) => {
    for (const [url, from] of [
      ['http://localhost/', undefined],
      ['http://localhost/operator', '127.0.0.1'],
    ] as const) {
      const body = await visit(everywhere(payload)).text(url, from);
      expect(skeleton(body)).toEqual(skeleton(await visit(everywhere('plain')).text(url, from)));
      if (/[<>"']/.test(payload)) expect(body).not.toContain(payload);
    }
    expect((await visit(everywhere(payload)).json('/api/v1/summary')).checks[0]?.name).toBe(payload);
  });

  it('a runbook is a link only to the web and to our own pages', async () => {
    const hrefs = async (runbook: string) => {
      const [about] = SCENES.up().checks;
      const body = await visit(
        snapshot([about as CheckView], { incidents: [{ ...incident(about as CheckView, 1_000), runbook }] }),
      ).text('http://localhost/operator', '127.0.0.1');
      return [...body.matchAll(/<a href="([^"]*)" rel/g)].map(([, href]) => unescaped(href ?? ''));
    };
    for (const good of ['https://wiki.acme.test/api?a=1&b="2"', 'http://wiki/', '/runbooks/http'])
      expect(await hrefs(good)).toEqual([good]);
    for (const bad of [
      'javascript:alert(1)',
      ' javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      '//evil.test',
      '/\\evil.test',
      '/\t/evil.test',
      '/a b',
      'vbscript:x',
      'runbook.md',
      '',
    ])
      expect(await hrefs(bad)).toEqual([]);
  });

  it('any name comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (name) => {
        const body = await page(snapshot([{ ...check('x'), name }]));
        const written = /<h3 dir="auto">([\s\S]*?)<\/h3>/.exec(body)?.[1] ?? '';
        expect(unescaped(written)).toBe(name.toWellFormed());
      }),
      RUNS,
    );
  });
});

describe('what stands on the page', () => {
  it('open incidents come before everything else, with their timelines', async () => {
    const body = await page(SCENES.incident());
    expect(body.indexOf('Open incidents')).toBeLessThan(body.indexOf('class="checks"'));
    expect(body).toContain('The team on call has been alerted.');
    expect(body).toContain(
      'Since <time datetime="2026-03-03T11:50:10.000Z">3 Mar 2026, 11:50</time> · 14 min',
    );
  });

  it('recent incidents say when and for how long', async () => {
    expect(await page(SCENES.up())).toMatch(
      /2 Feb 2026, 12:04<\/time> – <time[^>]*>15:08<\/time> · 3 h 4 min/,
    );
  });

  it('maintenance now and to come, but not what is past', async () => {
    const body = await page({
      ...SCENES.mixed(),
      maintenance: [
        ...SCENES.mixed().maintenance,
        { checkIds: undefined, title: 'Over', from: NOW - 9e6, to: NOW - 1 },
      ],
    });
    expect(body).toContain('<strong>Now</strong>, until');
    expect(body).toContain('Moving webhooks to new machines');
    expect(body).toContain('Planned maintenance');
    expect(body).not.toContain('Over<');
  });

  it('the time that the bars show stands once below each group, beside no figure', async () => {
    const body = await page(SCENES.incident());
    const axes = [...body.matchAll(/<p class="axis" aria-hidden="true">(.*?)<\/p>/g)].map(([, html = '']) =>
      html
        .replace(/<[^>]*>/g, ' ')
        .trim()
        .split(/ {2,}/),
    );
    expect(axes).toEqual([
      ['90 days ago', 'today'],
      ['90 days ago', 'today'],
    ]);
  });

  it('groups in their order, those without one last', async () => {
    const body = await page(
      snapshot([
        check('loose'),
        check('b', { group: 'B' }),
        check('a', { group: 'A' }),
        check('b2', { group: 'B' }),
      ]),
    );
    expect([...body.matchAll(/<h[23] dir="auto">(.*?)</g)].map(([, words]) => words)).toEqual([
      'B',
      'b',
      'b2',
      'A',
      'a',
      'Other',
      'loose',
    ]);
  });

  it('every slot has a name for each way to read it', async () => {
    const body = await page(SCENES.incident());
    expect(body).toContain(
      '<input type="range" min="0" max="89" value="89" aria-label="History of Public API" aria-valuetext="3 Mar 2026: 14 min down">',
    );
    expect(body).toContain('<i class="d2" title="3 h 4 min down, 30 min degraded"></i>');
    const half = {
      ...check('Half'),
      bar: { unit: 'hour' as const, from: NOW, slots: [full({ up: 40, maintenance: 20 })] },
    };
    expect(await page(snapshot([half]))).toContain('<i title="20 min maintenance"></i>');
    expect(body).toMatch(/role="img" aria-label="Last 90 days: downtime in 3 days"/);
    expect(body).toMatch(/role="img" aria-label="Latency of the last 1 d: \d+ ms to \d+ ms"/);
  });
});
