import type { CheckView, IncidentView, PlatformView, ShownStatus, Snapshot } from '../../lib/snapshot.ts';

/** Snapshots to look at: each a situation that the status page must tell well. All end at `NOW`. */
export const NOW = Date.UTC(2026, 2, 3, 12, 4, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Small, seeded, the same on every machine. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

type Minutes = Record<'up' | 'degraded' | 'down' | 'unknown' | 'maintenance', number>;

const slot = (some: Partial<Minutes> = {}): Minutes => ({
  up: 0,
  degraded: 0,
  down: 0,
  unknown: 0,
  maintenance: 0,
  ...some,
});

interface Wanted {
  readonly status?: ShownStatus;
  readonly group?: string;
  readonly public?: boolean;
  /** Days of history; the rest has no data. */
  readonly days?: number;
  readonly latency?: number;
  readonly trouble?: Readonly<Record<number, Partial<Minutes>>>;
}

export function check(
  name: string,
  { status = 'up', group, days = 90, latency = 90, trouble = {}, ...more }: Wanted = {},
): CheckView {
  const id = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const next = random([...name].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) >>> 0);
  const slots = Array.from({ length: 90 }, (_, i) => {
    if (i < 90 - days) return slot();
    const seen = trouble[i] ?? (next() < 0.02 ? { down: 1 + Math.floor(next() * 9) } : {});
    const rest = 1_440 - Object.values(seen).reduce((a, b) => a + b, 0);
    return slot({ up: rest, ...seen });
  });
  const share = (from: number) => {
    const seen = slots
      .slice(from)
      .reduce(
        (sum, s) => ({ good: sum.good + s.up + s.degraded, all: sum.all + s.up + s.degraded + s.down }),
        { good: 0, all: 0 },
      );
    return seen.all > 0 ? seen.good / seen.all : undefined;
  };
  const known = slots.reduce((sum, s) => sum + s.up + s.degraded + s.down, 0);
  return {
    id,
    name,
    group,
    type: 'http',
    public: more.public ?? true,
    status,
    since: NOW - 14 * MINUTE,
    latencyMs: status === 'down' ? undefined : latency,
    uptime: { '24h': share(89), '7d': share(83), '30d': share(60), '90d': share(0) },
    record: { since: NOW - days * DAY, up: Math.round(known * (share(0) ?? 0)), known },
    bar: { unit: 'day', from: NOW - (NOW % DAY) - 89 * DAY, slots },
    latency: {
      from: NOW - DAY,
      slotMs: 30 * MINUTE,
      values: Array.from({ length: 48 }, (_, i) => {
        const wave = latency * (0.85 + 0.2 * Math.sin(i / 5) + next() * 0.25 + (next() < 0.05 ? next() : 0));
        return status === 'down' && i > 46 ? undefined : wave;
      }),
    },
    target: `GET https://internal.acme.test/${id}`,
    reason: status === 'down' ? 'unexpected_status' : 'ok',
    message: status === 'down' ? 'GET https://internal.acme.test/ answered 502, expected 200–299.' : '',
    severity: 'page',
    readAt: NOW - 20_000,
  };
}

export function incident(
  about: CheckView,
  openedAgo: number,
  lastedFor?: number,
  kind = 'down',
): IncidentView {
  const openedAt = NOW - openedAgo;
  const resolvedAt = lastedFor === undefined ? undefined : openedAt + lastedFor;
  return {
    id: `${about.id}-${Math.round(openedAgo / 1_000)}`.slice(-14),
    check: about.id,
    title: `${about.name} is ${kind}`,
    class: kind,
    severity: 'page',
    openedAt,
    resolvedAt,
    timeline: [
      { at: openedAt, kind: 'opened', text: `${about.name} is ${kind}: answered 502 from 10.0.0.7.` },
      { at: openedAt, kind: 'page', text: 'A page for pagerduty.' },
      { at: openedAt + 1_000, kind: 'paged', text: 'pagerduty accepted the page.' },
      ...(resolvedAt === undefined
        ? []
        : [{ at: resolvedAt, kind: 'resolved' as const, text: 'It is well again.' }]),
    ],
    runbook: '/runbooks/http',
  };
}

export const platform: PlatformView = {
  banners: ['Not delivered to pagerduty: It answered 400 Bad Request.'],
  undelivered: 3,
  skipped: 12,
  locations: [
    { name: 'eu-central-1', lastTickAt: NOW - 31_000 },
    { name: 'us-east-1', lastTickAt: NOW - 42_000 },
    { name: 'ap-southeast-2', lastTickAt: undefined },
  ],
};

export function snapshot(checks: readonly CheckView[], more: Partial<Snapshot> = {}): Snapshot {
  const order: ShownStatus[] = ['down', 'unknown', 'degraded', 'maintenance', 'up'];
  return {
    title: 'Acme status',
    note: undefined,
    at: NOW,
    status: order.find((status) => checks.some((c) => c.status === status)) ?? 'unknown',
    checks,
    incidents: [],
    maintenance: [],
    platform: undefined,
    ...more,
  };
}

const api = (status: ShownStatus) =>
  check('Public API', {
    group: 'API',
    status,
    trouble: {
      23: { down: 12 },
      60: { down: 184, degraded: 30 },
      61: { degraded: 44 },
      ...(status === 'down' ? { 89: { down: 14 } } : {}),
    },
  });
const others = () => [
  check('Webhooks', {
    group: 'API',
    latency: 210,
    trouble: { 61: { degraded: 300 }, 77: { maintenance: 900 } },
  }),
  check('Sign-in', { group: 'API', latency: 64 }),
  check('Website', { group: 'Web', latency: 38 }),
  check('Documentation', { group: 'Web', latency: 45, days: 31, trouble: { 70: { unknown: 1_440, up: 0 } } }),
  check('Image CDN', { group: 'Web', latency: 21, trouble: { 12: { down: 1_300 }, 13: { down: 300 } } }),
];
const past = (c: CheckView) => [
  incident(c, 29 * DAY, 3 * HOUR + 4 * MINUTE),
  incident(c, 28 * DAY, 44 * MINUTE, 'degraded'),
  incident(c, 66 * DAY, 12 * MINUTE),
];

const LONG =
  'The extraordinarily long-named internal-to-external payment reconciliation gateway (version 2, blue deployment) of the northern region';

function hundred(): CheckView[] {
  const groups = ['API', 'Web', 'Payments', 'Search', 'Messaging', 'Data', 'Certificates', 'DNS'];
  return Array.from({ length: 100 }, (_, i) => {
    const group = groups[i % 8] ?? '';
    return check(`${group} ${Math.floor(i / 8) + 1}`, {
      group,
      latency: 20 + ((i * 37) % 300),
      status: i === 17 ? 'down' : i === 42 ? 'degraded' : 'up',
    });
  });
}

/** A fresh installation: 38 minutes old. */
function young(): CheckView[] {
  return ['Demo shop', 'Demo certificate', 'Demo port'].map((name, n) => {
    const up = n === 0 ? 35 : 37;
    const share = up / 37;
    return {
      ...check(name, { latency: 12 + n * 3 }),
      since: NOW - 38 * MINUTE,
      bar: {
        unit: 'minute' as const,
        from: NOW - (NOW % MINUTE) - 89 * MINUTE,
        slots: Array.from({ length: 90 }, (_, i) =>
          i < 52 ? slot() : n === 0 && (i === 70 || i === 71) ? slot({ down: 1 }) : slot({ up: 1 }),
        ),
      },
      uptime: { '24h': share, '7d': share, '30d': share, '90d': share },
      record: { since: NOW - 38 * MINUTE, up, known: 37 },
    };
  });
}

export const SCENES = {
  up: () => snapshot([api('up'), ...others()], { incidents: past(api('up')) }),
  incident: () =>
    snapshot([api('down'), ...others()], {
      incidents: [incident(api('down'), 14 * MINUTE), ...past(api('up'))],
    }),
  mixed: () =>
    snapshot(
      [
        { ...api('degraded'), latencyMs: 1_840 },
        ...others().map((c) => (c.name === 'Webhooks' ? { ...c, status: 'maintenance' as const } : c)),
      ],
      {
        note: 'Reach us at support@acme.test, day and night.',
        incidents: [
          incident(api('degraded'), 2 * HOUR + 14 * MINUTE, undefined, 'degraded'),
          ...past(api('up')),
        ],
        maintenance: [
          {
            checkIds: ['webhooks'],
            title: 'Moving webhooks to new machines',
            from: NOW - 30 * MINUTE,
            to: NOW + 90 * MINUTE,
          },
          { checkIds: undefined, title: undefined, from: NOW + 4 * DAY, to: NOW + 4 * DAY + 30 * MINUTE },
        ],
      },
    ),
  stale: () => snapshot([api('up'), ...others()], { at: NOW - 25 * MINUTE, incidents: past(api('up')) }),
  empty: () => snapshot([]),
  young: () =>
    snapshot(young(), {
      title: 'Watchbill demo',
      note: 'This is the demo. To watch something of your own, edit watchbill.config.ts.',
    }),
  hundred: () => snapshot(hundred(), { incidents: [incident(hundred()[17] as CheckView, 9 * MINUTE)] }),
  names: () =>
    snapshot(
      [
        check(LONG, {
          group: 'A group whose name goes on and on, beyond what anyone would call reasonable for a heading',
        }),
        check('Loremipsumdolorsitametconsecteturadipiscingelitseddoeiusmodtemporincididuntutlabore'),
        check('واجهة برمجة التطبيقات العامة', { group: 'خدمات', status: 'down' }),
        check('שירות התשלומים 2.0 (ראשי)', { group: 'خدمات' }),
        check('公開APIと認証サービス', { group: '日本' }),
        check('\u202eevil override\u202c', { group: '日本' }),
      ],
      {
        title: `Status of ${LONG}`,
        incidents: [
          incident(check('واجهة برمجة التطبيقات العامة'), 9 * MINUTE),
          incident(check(LONG), 5 * DAY, HOUR),
        ],
      },
    ),
  operator: () =>
    snapshot(
      [
        api('down'),
        ...others(),
        check('Billing database', { group: 'Internal', public: false }),
        check('Backup port', { group: 'Internal', public: false, status: 'unknown' }),
      ],
      {
        incidents: [incident(api('down'), 14 * MINUTE), ...past(api('up'))],
        platform,
      },
    ),
} as const satisfies Record<string, () => Snapshot>;
