import { describe, expect, test } from 'vitest';
import type { Config } from '../../lib/config/compiled.ts';
import type { IncidentView } from '../../lib/snapshot.ts';
import { project } from '../../lib/status/project.ts';
import { MINUTE, SECOND } from '../kit/readings.ts';
import { downBetween, Stage } from '../kit/stage.ts';

/** What the page and the console say, and whether it is so. */

const kindsOf = ({ timeline }: IncidentView): string => timeline.map(({ kind }) => kind).join(' ');

/** What the console said, without the incidents' ids. */
const said = ({ world }: Stage): string[] => world.said.map((line) => line.replace(/ \w{10},/, ''));

describe('a check that is well again, while its incident is watched since it was flapping', () => {
  async function flapping() {
    const [first, second] = [downBetween(2, 4), downBetween(7, 9)];
    const stage = await Stage.set({
      status: (check, at) => (first(check, at) === 'down' ? 'down' : second(check, at)),
    });
    await stage.until(8);
    expect(stage.world.snapshot.checks).toMatchObject([{ status: 'down', reason: 'connect_refused' }]);
    await stage.until(12);
    return stage;
  }

  test('is shown as it is read now, on the page and as a whole', async () => {
    const { world } = await flapping();
    for (const seen of [world.snapshot, project(world.snapshot)]) {
      expect([seen.status, seen.checks[0]?.status]).toEqual(['up', 'up']);
      expect(seen.incidents.filter(({ resolvedAt }) => resolvedAt === undefined)).toHaveLength(1);
    }
    expect(world.snapshot.checks[0]?.reason).toBeUndefined();
    await world.stop();
  });

  test('has an open incident that says why, to everybody', async () => {
    const { world } = await flapping();
    const [operator] = world.snapshot.incidents;
    const [shown] = project(world.snapshot).incidents;
    expect(operator && kindsOf(operator)).toBe('opened page paged paged quiet');
    expect(shown && kindsOf(shown)).toBe('opened paged quiet');
    expect(shown?.timeline.at(-1)?.text).toMatch(/^Well again\. It is watched for ten minutes/);
    expect(world.snapshot.checks[0]?.since).toBe(shown?.timeline.at(-1)?.at);
    await world.stop();
  });

  test('closes after ten minutes of that', async () => {
    const stage = await flapping();
    await stage.until(18);
    expect(stage.world.snapshot.incidents.filter(({ resolvedAt }) => resolvedAt === undefined)).toHaveLength(
      1,
    );
    await stage.until(21);
    expect(stage.world.snapshot.incidents.filter(({ resolvedAt }) => resolvedAt === undefined)).toEqual([]);
    expect(stage.lastText('pagerduty')).toMatch(
      /^api is well again after \d min.*, and has stayed well for 10 min/,
    );
    await stage.world.stop();
  });
});

test('a check that fails anew while its incident is watched is down since then, and not since the first time', async () => {
  const spans = [downBetween(2, 4), downBetween(7, 9), downBetween(12, 30)];
  const stage = await Stage.set({
    status: (check, at) => (spans.some((span) => span(check, at) === 'down') ? 'down' : 'up'),
  });
  await stage.until(14);
  const [check] = stage.world.snapshot.checks;
  expect(check?.status).toBe('down');
  expect((check?.since ?? 0) - stage.start).toBeGreaterThanOrEqual(12 * MINUTE);
  expect(stage.world.snapshot.incidents[0]?.timeline.map(({ kind }) => kind)).toContain('flaps');
  await stage.world.stop();
});

describe('what maintenance holds back', () => {
  const inWindow = (config: Config, start: number): Config => ({
    ...config,
    maintenance: [{ checks: ['api'], title: undefined, from: start, to: start + 10 * MINUTE }],
  });

  test('the operator sees while it lasts and afterwards, the public never, and the console says so', async () => {
    const stage = await Stage.set({ config: inWindow, status: downBetween(2, 6) });
    await stage.until(4);
    expect(stage.world.snapshot.incidents.map(({ title, heldBy }) => [title, heldBy])).toEqual([
      ['api is down', 'maintenance'],
    ]);
    expect(project(stage.world.snapshot).incidents).toEqual([]);
    await stage.until(20);
    expect(stage.world.snapshot.incidents).toHaveLength(1);
    expect(project(stage.world.snapshot).incidents).toEqual([]);
    expect(said(stage)).toEqual([
      'incident held: Nobody is told while its maintenance lasts: api is down.',
      expect.stringMatching(/^incident ended: api is well again after \d min/),
    ]);
    expect(stage.heard()).toEqual([]);
    await stage.world.stop();
  });

  test('everybody sees once it is over and the check is still down', async () => {
    const stage = await Stage.set({ config: inWindow, status: downBetween(2, 15) });
    await stage.until(12);
    expect(project(stage.world.snapshot).incidents.map(kindsOf)).toEqual(['opened paged']);
    expect(stage.world.snapshot.incidents.map(kindsOf)).toEqual(['opened held page paged paged']);
    await stage.world.stop();
  });
});

describe('the public is told that somebody was alerted', () => {
  const alerted = ({ world }: Stage) =>
    project(world.snapshot).incidents.some(({ timeline }) =>
      timeline.some(({ text }) => /alerted|told/.test(text)),
    );

  test('once that is so', async () => {
    const stage = await Stage.set({ status: downBetween(2, 30) });
    stage.world.pagerDuty = 'unreachable';
    await stage.until(4);
    expect(alerted(stage)).toBe(true);
    await stage.world.stop();
  });

  test.each<[string, (config: Config) => Config]>([
    ['nobody is configured', (config) => ({ ...config, notify: [] })],
    ['nobody has accepted it', (config) => ({ ...config, notify: config.notify.slice(0, 1) })],
  ])('never where %s', async (_, config) => {
    const stage = await Stage.set({ config, status: downBetween(2, 30) });
    stage.world.pagerDuty = 'unreachable';
    await stage.until(10);
    expect(project(stage.world.snapshot).incidents).toHaveLength(1);
    expect(alerted(stage)).toBe(false);
    await stage.world.stop();
  });
});

test('a receiver that was mended is asked again when the config is read anew, and at the next start', async () => {
  const stage = await Stage.set({
    config: (config) => ({ ...config, notify: config.notify.slice(0, 1) }),
    status: (_, at) => (at > 2 * MINUTE ? 'down' : 'up'),
  });
  const { world } = stage;
  world.pagerDuty = 403;
  await stage.until(4);
  expect(world.ledger.accepted).toEqual([]);
  await stage.reload((config) => config);
  await world.clock.advance(SECOND);
  expect(world.notices).toHaveLength(2);
  await world.restart();
  await world.clock.advance(SECOND);
  expect(world.notices).toHaveLength(3);
  world.pagerDuty = 'up';
  await world.restart();
  await world.clock.advance(SECOND);
  expect(world.ledger.accepted).toHaveLength(1);
  await world.stop();
});

test('one check that cannot be decided on keeps no other from it (R3)', async () => {
  const stage = await Stage.set({
    checks: ['odd', 'api'],
    config: (config) => ({
      ...config,
      checks: config.checks.map((check) =>
        check.id === 'odd' ? { ...check, target: 'x'.repeat(400_000) } : check,
      ),
    }),
    status: (_, at) => (at > 2 * MINUTE ? 'down' : 'up'),
  });
  await stage.until(6);
  expect(stage.heard('pagerduty')).toEqual(['page api is down']);
  expect(stage.world.logged).toContain('"odd is down" could not be decided on');
  expect(stage.world.machine.healthy()).toBe(true);
  await stage.world.stop();
});

test('what is written before the store fails is said on the console all the same, and once (R4)', async () => {
  const stage = await Stage.set({
    checks: ['api', 'web'],
    status: (_, at) => (at > 2 * MINUTE ? 'down' : 'up'),
  });
  await stage.until(2);
  let opened = 0;
  stage.world.faults = ({ method, partition }) => {
    const isIncident = method === 'put' && partition?.startsWith('incident');
    return isIncident && ++opened > 1 && opened < 10 ? 'before' : undefined;
  };
  await stage.until(5);
  expect(opened).toBeGreaterThan(9);
  expect(
    said(stage).filter((line) => line.startsWith('incident page: ') && !line.includes('accepted')),
  ).toEqual(['incident page: api is down: It is down.', 'incident page: web is down: It is down.']);
  await stage.world.stop();
});
