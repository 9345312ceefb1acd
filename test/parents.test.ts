import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { casesOf, checkSubject } from '../lib/cases.ts';
import { advance, type Incident } from '../lib/incident.ts';
import { sayMs } from '../lib/judge.ts';
import { type Kept, type Latest, shardOfReadings } from '../lib/latest.ts';
import { passed, type Status } from '../lib/reading.ts';
import { hashOf } from '../lib/schedule.ts';
import { worldOf } from './kit/cases.ts';
import { checkOf, keptOf, MINUTE, NOON, SECOND } from './kit/readings.ts';
import { Stage } from './kit/stage.ts';

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 300);
const EVERY = 30 * SECOND;
const CHECKS = [
  checkOf('api', { every: EVERY, dependsOn: ['dns'] }),
  checkOf('dns', { every: 2 * EVERY }),
] as const;

/** A reading of one of the two, so many seconds after the one before. */
interface Step {
  readonly after: number;
  readonly check: 'api' | 'dns';
  readonly status: Status;
}

/** Lives through these readings; answers when the child was paged, and what was known of both then. */
function lived(steps: readonly Step[]) {
  const seen: Record<Step['check'], Kept[]> = { api: [], dns: [] };
  const pages: { api: readonly Kept[]; dns: readonly Kept[]; now: number }[] = [];
  let incident: Incident | undefined;
  let now = NOON;
  for (const { after, check, status } of steps) {
    now += after * SECOND;
    seen[check].push(keptOf(status, now));
    const open =
      incident && incident.closedAt === undefined ? { [checkSubject('api', 'down')]: incident } : {};
    const known = { api: { local: latest(seen.api) }, dns: { local: latest(seen.dns) } };
    const world = worldOf({ checks: CHECKS, now, open, known: onlyKnown(known) });
    const [down] = casesOf(CHECKS[0], world);
    const next = down && advance(incident, down, { now, installation: 'test', quiet: false, receivers: [] });
    if (next?.announcedAt === now) pages.push({ api: [...seen.api], dns: [...seen.dns], now });
    incident = next ?? incident;
  }
  return pages;
}

const latest = (readings: readonly Kept[]): Latest | undefined =>
  shardOfReadings(0, readings).checks.get(hashOf('api'));

const onlyKnown = (known: Record<string, Record<string, Latest | undefined>>) =>
  Object.fromEntries(Object.entries(known).filter(([, at]) => at.local)) as Record<
    string,
    Record<string, Latest>
  >;

/** When the newest stretch of failing began: the whole history says it, and nothing that is remembered of it. */
function beganToFail(readings: readonly Kept[]): number {
  const told = readings.filter(({ status }) => status !== 'unknown');
  const last = told.findLastIndex(({ status }) => passed(status));
  return told[last + 1]?.at ?? 0;
}

const step = fc.record<Step>({
  after: fc.integer({ min: 1, max: 45 }),
  check: fc.constantFrom('api', 'api', 'dns'),
  status: fc.constantFrom<Status>('up', 'up', 'down', 'down', 'degraded', 'unknown'),
});

describe('a child whose parent has its say', () => {
  test('is paged only where the parent was seen up since the child began to fail, anew as well', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), (steps) => {
        for (const { api, dns, now } of lived(steps)) {
          const parent = dns.at(-1);
          const hasSay = parent && parent.status !== 'unknown' && now - parent.at < sayMs(2 * EVERY);
          if (!hasSay) continue;
          expect(passed(parent.status), 'the parent is well').toBe(true);
          expect(parent.at, 'it was looked at since').toBeGreaterThanOrEqual(beganToFail(api));
        }
      }),
      { numRuns: 10 * RUNS },
    );
  });

  test('is paged as soon as that is so', () => {
    const once = (check: Step['check'], status: Status): Step => ({ after: 5, check, status });
    const flap = [once('api', 'down'), once('dns', 'up'), once('api', 'up'), once('api', 'up')];
    const again = [once('api', 'down'), once('dns', 'down'), once('api', 'up'), once('api', 'up')];
    const pages = lived([...flap, ...again, once('dns', 'up'), once('api', 'down'), once('dns', 'up')]);
    expect(pages.map(({ now }) => (now - NOON) / SECOND)).toEqual([10, 55]);
  });
});

/** Three outages: the second one is flapping, and the third one falls into it. */
const CHILD = [
  [2, 4],
  [8, 10],
  [14, 16],
] as const;
const PARENT = CHILD.map(([from, to]) => [from, to + 1] as const);

const isDown = (spans: readonly (readonly [number, number])[], at: number): boolean =>
  spans.some(([from, to]) => at >= from * MINUTE && at < to * MINUTE);

test('a child that fails anew in an open incident of its own is held by the parent that fails with it', async () => {
  const stage = await Stage.set({
    checks: ['api', 'dns'],
    config: (config) => ({
      ...config,
      checks: config.checks.map((check) =>
        check.id === 'api' ? { ...check, every: 5 * SECOND, dependsOn: ['dns'] } : check,
      ),
    }),
    status: (check, at) => (isDown(check === 'api' ? CHILD : PARENT, at) ? 'down' : 'up'),
  });
  await stage.until(40);
  const heard = stage.heard('pagerduty');
  expect(heard.filter((one) => one.includes('api'))).toEqual([]);
  expect(heard).toEqual([
    'page dns is down',
    'resolve dns is down',
    'page dns is down',
    'resolve dns is down',
  ]);
  await stage.world.stop();
});

test('a child that fails anew alone in an incident that was held is paged as fast as any', async () => {
  const stage = await Stage.set({
    checks: ['api', 'dns'],
    config: (config) => ({
      ...config,
      checks: config.checks.map((check) =>
        check.id === 'api' ? { ...check, dependsOn: ['dns'] } : { ...check, every: 5 * MINUTE },
      ),
    }),
    status: (check, at) => (isDown(check === 'api' ? CHILD : PARENT.slice(0, 2), at) ? 'down' : 'up'),
  });
  await stage.until(15);
  const [page] = stage.world.notices.filter(({ notice }) => notice.incident.check?.id === 'api');
  const { failingSince = 0 } = page?.notice.incident ?? {};
  expect(failingSince).toBeGreaterThanOrEqual(stage.start + 14 * MINUTE);
  expect((page?.at ?? 0) - failingSince).toBeLessThanOrEqual(12 * SECOND);
  await stage.world.stop();
});
