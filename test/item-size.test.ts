import { expect, test } from 'vitest';
import { encodeDraft } from '../lib/adapters/encode.ts';
import type { Config } from '../lib/config/compiled.ts';
import { Home } from '../lib/home.ts';
import { rollTicks } from '../lib/hour.ts';
import { append, type Incident } from '../lib/incident.ts';
import { LATEST, tickKey } from '../lib/items.ts';
import { packTick } from '../lib/latest.ts';
import type { Finding, Reading, Tick } from '../lib/reading.ts';
import { hashOf, shardingOf } from '../lib/schedule.ts';
import { decide } from '../lib/watch.ts';
import { cutToBytes } from '../lib/words.ts';
import { VirtualClock } from './kit/clock.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { configOf } from './kit/world.ts';

/** Whatever a target says, it is cut before it is stored: an item holds 390,000 bytes (G12). */

const MINUTE = 60_000;
const HOSTILE = {
  'a megabyte of error text': { message: 'x'.repeat(1_000_000), facts: {} },
  'a megabyte in another script': { message: '日'.repeat(350_000), facts: {} },
  'a megabyte of control characters': { message: '\u0001'.repeat(1_000_000), facts: {} },
  'half a surrogate pair, 10,000 times': { message: '\ud800 '.repeat(10_000), facts: {} },
  '1,000 names in a certificate': {
    message: 'The name does not match.',
    facts: { names: Array.from({ length: 1_000 }, (_, n) => `host-${n}.example.test`) },
  },
  'facts in another script, as long as they may be': {
    message: '日'.repeat(500),
    facts: { server: '日'.repeat(325) },
  },
} satisfies Record<string, Pick<Finding, 'message' | 'facts'>>;

function setUp(config: Config) {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  return { clock, store, open: () => Home.open({ store, clock, log: silent }, config) };
}

const names = (count: number, prefix = 'check') => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** Every check of the config, in one tick, is down in these words. */
function tickOf(config: Config, beat: number, words: Pick<Finding, 'message' | 'facts'>): Tick {
  const { bits } = shardingOf(config.checks.map(({ id }) => id));
  const readings = config.checks.map(
    ({ id }): Reading => ({
      check: id,
      at: beat,
      tries: 4,
      status: 'down',
      reasons: ['tls_handshake_failed', 'unexpected_status'] as unknown as Reading['reasons'],
      latencyMs: 1_234,
      phases: { dns: 1, connect: 2, tls: 3, firstByte: 4, body: 5 },
      ...words,
    }),
  );
  return { location: 'local', shard: `${bits}-0`, beat, cause: 'schedule', part: 0, readings, skipped: 0 };
}

test.each(Object.entries(HOSTILE))('300 checks that all fail with %s are 300 outages', async (_, words) => {
  const config = configOf(names(300));
  const { clock, store, open } = setUp(config);
  const opened = await decide([tickOf(config, clock.now(), words)], await open());
  expect(opened).toHaveLength(300);
  const again = await open();
  expect(again.openIncidents()).toHaveLength(300);
  for (const { id } of config.checks) {
    const newest = again.known(id).get('local')?.newest;
    expect(newest).toMatchObject({ status: 'down', tries: 4, latencyMs: 1_234 });
    expect(newest?.detail?.reasons).toEqual(['tls_handshake_failed', 'unexpected_status']);
    expect(newest?.detail?.message.slice(0, 8)).toBe(words.message.toWellFormed().slice(0, 8));
  }
  const [latest] = await store.list(LATEST);
  expect(Buffer.byteLength(JSON.stringify(latest?.body))).toBeLessThan(390_000);
});

test('a tick is a few bytes per reading, whatever was found', async () => {
  const config = configOf(names(300));
  const { clock, store, open } = setUp(config);
  const tick = tickOf(config, clock.now(), HOSTILE['1,000 names in a certificate']);
  await (await open()).remember([tick]);
  const [item] = await store.list(`tick/0${clock.now()}`);
  expect(JSON.stringify(item?.body).length).toBeLessThan(300 * 16);
});

test('an hour of a full shard at twelve locations can be stored, also where every check was renamed in it', async () => {
  const locations = Array.from({ length: 12 }, (_, n) => `ap-southeast-${n + 1}`);
  const [old, config] = ['old', 'check'].map((prefix) =>
    configOf(names(300, prefix), { locations }, 10 * MINUTE),
  );
  if (!old || !config) throw new Error('both are there');
  const hour = Date.UTC(2026, 10, 1);
  const ticks = [old, config].flatMap((some, n) =>
    locations.flatMap((location) => {
      const { readings, ...tick } = tickOf(some, hour + (n * 28 + 30) * MINUTE, { message: '', facts: {} });
      const slow = readings.map((each) => ({ ...each, status: 'degraded' as const, latencyMs: 239_999 }));
      const late = { ...tick, readings: slow, location };
      return { ...tickKey(hour, late), body: packTick(late), version: 1 };
    }),
  );
  const byHash = new Map(config.checks.map((check) => [hashOf(check.id), check]));
  const context = {
    now: hour + 60 * MINUTE,
    check: (hash: number) => byHash.get(hash),
    inMaintenance: () => false,
  };
  const body = rollTicks(hour, ticks, [], context);
  expect(Object.keys(body.rows)).toHaveLength(600);
  expect(Object.values(body.standing).flat()).toHaveLength(300 * 12);
  expect(() => encodeDraft({ partition: 'hour', sort: 's', body })).not.toThrow();
  const again = rollTicks(hour + 60 * MINUTE, [], Object.entries(body.standing), {
    ...context,
    now: hour + 120 * MINUTE,
  });
  expect(Object.values(again.rows).every(({ marks }) => marks.startsWith('g'))).toBe(true);
});

test('the same tick again takes nothing away from what is known', async () => {
  const config = configOf(names(3));
  const { clock, store, open } = setUp(config);
  const tick = tickOf(config, clock.now(), { message: 'It refused.', facts: { port: 443 } });
  await (await open()).remember([tick]);
  const [before] = await store.list(LATEST);
  const home = await open();
  await home.remember([tick]);
  expect((await store.list(LATEST))[0]?.body).toEqual(before?.body);
  expect(home.known('check-1').get('local')?.newest.detail).toMatchObject({
    message: 'It refused.',
    facts: { port: 443 },
  });
});

test('another tick of the same name changes nothing: what is stored counts', async () => {
  const config = configOf(names(3));
  const { clock, open } = setUp(config);
  const tick = tickOf(config, clock.now(), { message: 'It refused.', facts: {} });
  await (await open()).remember([tick]);
  const other = tick.readings.map((reading) => ({
    ...reading,
    status: 'up' as const,
    reasons: [],
    message: '',
  }));
  const home = await open();
  await home.remember([{ ...tick, readings: other }]);
  expect(home.known('check-1').get('local')?.newest).toMatchObject({
    status: 'down',
    detail: { message: 'It refused.' },
  });
});

test('an incident of 1,000 changes in the longest words can be stored, and forgets none that nobody has heard', async () => {
  const config = configOf(names(1));
  const { clock, open } = setUp(config);
  const home = await open();
  const [opened] = await decide([tickOf(config, clock.now(), HOSTILE['a megabyte in another script'])], home);
  let incident = opened as Incident;
  for (let n = 0; n < 1_000; n++) {
    const text = ['日', '\u0001', '\ud800', 'x'][n % 4]?.repeat(100_000) ?? '';
    incident = append(incident, clock.now() + n * MINUTE, 'update', text);
  }
  incident = append(incident, clock.now(), 'resolved', 'It is well again.');
  expect(incident.timeline.length).toBeLessThanOrEqual(200);
  expect(incident.timeline[0]?.kind).toBe('opened');
  expect(incident.timeline.at(-1)?.kind).toBe('resolved');
  expect(() => encodeDraft({ partition: 'p', sort: 's', body: incident })).not.toThrow();
});

test('what was renamed long ago is not kept for ever', async () => {
  const { clock, store, open } = setUp(configOf([]));
  const home = await open();
  for (let generation = 0; generation < 20; generation++) {
    const config = configOf(names(50, `generation-${generation}`));
    await home.configure(config);
    await home.remember([tickOf(config, clock.now(), { message: 'It refused.', facts: {} })]);
    expect(home.known(`generation-${generation}-7`).size).toBe(1);
    await clock.advance(10 * MINUTE);
  }
  const [latest] = await store.list<{ details: unknown[] }>(LATEST);
  expect(latest?.body.details.length).toBeLessThanOrEqual(100);
});

test.each([
  ['ascii', 10, 'ascii'],
  ['0123456789ABC', 10, '0123456789…'],
  ['日本語', 6, '日本…'],
  ['a😀b', 4, 'a…'],
  ['a😀b', 5, 'a😀…'],
  ['\n\u0001', 2, '\n…'],
  ['', 0, ''],
  ['a\ud800', 9, 'a\ufffd'],
])('%j is cut to %s bytes as %j', (text, max, cut) => {
  expect(cutToBytes(text, max)).toBe(cut);
});
