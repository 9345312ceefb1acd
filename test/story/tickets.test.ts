import { describe, expect, test } from 'vitest';
import type { Config } from '../../lib/config/compiled.ts';
import type { Status } from '../../lib/reading.ts';
import { MINUTE } from '../kit/readings.ts';
import { Stage } from '../kit/stage.ts';

const between =
  (from: number, to: number, status: Status) =>
  (_: string, at: number): Status =>
    at >= from * MINUTE && at < to * MINUTE ? status : 'up';

describe('a check that is', () => {
  test.each<[string, Status, number, string[]]>([
    ['degraded for nine minutes: nobody hears of it', 'degraded', 11, []],
    [
      'degraded for longer than ten: a ticket, and its end',
      'degraded',
      20,
      ['ticket api is degraded', 'resolve api is degraded'],
    ],
    ['not to be told for nine minutes: nobody hears of it', 'unknown', 11, []],
    [
      'not to be told for longer than ten: a ticket, and its end',
      'unknown',
      20,
      ['ticket api cannot be checked', 'resolve api cannot be checked'],
    ],
  ])('%s', async (_, status, to, told) => {
    const stage = await Stage.set({ status: between(2, to, status) });
    await stage.until(10);
    expect(stage.heard()).toEqual([]);
    expect(stage.world.snapshot.checks[0]?.status).toBe(status);
    await stage.until(40);
    expect(stage.heard()).toEqual(told);
    expect(stage.heard('pagerduty')).toEqual([]);
    expect(stage.world.snapshot.checks[0]?.status).toBe('up');
    await stage.world.stop();
  });

  test('not to be told in the middle of an outage neither closes it nor pages anew', async () => {
    const stage = await Stage.set({
      status: (_, at) =>
        at < 2 * MINUTE || at > 30 * MINUTE ? 'up' : at > 5 * MINUTE && at < 25 * MINUTE ? 'unknown' : 'down',
    });
    await stage.until(24);
    expect(stage.heard('pagerduty')).toEqual(['page api is down']);
    expect(stage.world.snapshot.checks[0]?.status).toBe('down');
    await stage.until(60);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    await stage.world.stop();
  });
});

test('a location that is cut off is one ticket of its own, none of its targets, and no page (A25)', async () => {
  const checks = ['api', 'web', 'dns'];
  const isCut = (at: number) => at >= 2 * MINUTE && at < 20 * MINUTE;
  const stage = await Stage.set({
    checks,
    config: (config: Config) => ({ ...config, observer: { canaries: ['https://canary.test/'] } }),
    status: (_, at) => (isCut(at) ? 'down' : 'up'),
  });
  await stage.until(2);
  stage.world.canaries = false;
  await stage.until(10);
  expect(stage.world.snapshot.checks.map(({ status, reason }) => [status, reason])).toEqual(
    checks.map(() => ['unknown', 'observer_blind']),
  );
  await stage.until(20);
  stage.world.canaries = true;
  await stage.until(40);
  expect(stage.heard()).toEqual([
    'ticket The location local cannot see',
    'resolve The location local cannot see',
  ]);
  expect(stage.heard('pagerduty')).toEqual([]);
  await stage.world.stop();
});

describe('a child and its parent', () => {
  const parent = (config: Config): Config => ({
    ...config,
    checks: config.checks.map((check) => ({ ...check, ...(check.id === 'api' && { dependsOn: ['dns'] }) })),
  });
  const family = (status: (check: string, at: number) => Status) =>
    Stage.set({ checks: ['api', 'dns'], config: parent, status });

  test('that fail together are one page, the parent’s; the child’s incident ends unheard', async () => {
    const stage = await family((_, at) => (at > 2 * MINUTE && at < 10 * MINUTE ? 'down' : 'up'));
    await stage.until(20);
    expect(stage.heard('pagerduty')).toEqual(['page dns is down', 'resolve dns is down']);
    expect(stage.world.snapshot.incidents.map(({ title }) => title).toSorted()).toEqual([
      'api is down',
      'dns is down',
    ]);
    await stage.world.stop();
  });

  test('of which the child stays down after the parent is well: it is paged then', async () => {
    const stage = await family((check, at) =>
      at > 2 * MINUTE && at < (check === 'dns' ? 6 : 12) * MINUTE ? 'down' : 'up',
    );
    await stage.until(5.9);
    expect(stage.heard('pagerduty')).toEqual(['page dns is down']);
    await stage.until(8);
    expect(stage.heard('pagerduty').toSorted()).toEqual(['page api is down', 'resolve dns is down']);
    await stage.until(30);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    await stage.world.stop();
  });

  test('of which the parent is well: the page comes as fast as any', async () => {
    const stage = await family((check, at) => (check === 'api' && at > 2 * MINUTE ? 'down' : 'up'));
    await stage.until(3);
    const [incident] = stage.world.notices.map(({ notice }) => notice.incident);
    expect((incident?.announcedAt ?? 0) - (incident?.failedAt ?? 0)).toBeLessThanOrEqual(12_000);
    await stage.world.stop();
  });

  test('of which nobody can tell how the parent is: two minutes later the child is paged', async () => {
    const stage = await family((check, at) =>
      at < 2 * MINUTE ? 'up' : check === 'api' ? 'down' : 'unknown',
    );
    await stage.until(4);
    expect(stage.heard('pagerduty')).toEqual([]);
    await stage.until(5.5);
    expect(stage.heard('pagerduty')).toEqual(['page api is down']);
    await stage.world.stop();
  });
});
