import { describe, expect, test } from 'vitest';
import { downBetween, Stage } from '../kit/stage.ts';

/** `api` is down from the first minute on; `others` are well. It was paged. */
async function openIncident(to = 30): Promise<Stage> {
  const stage = await Stage.set({ checks: ['api', 'web'], status: downBetween(1, to) });
  await stage.until(5);
  expect(stage.heard('pagerduty')).toEqual(['page api is down']);
  stage.heard();
  return stage;
}

test('a reload with a mistake keeps the old config at work, says so, and stops saying so once it is mended (D11)', async () => {
  const stage = await Stage.set({ status: downBetween(10, 20) });
  const { machine } = stage.world;
  await machine.report('config', 'open', 'The config was rejected', 'checks[0].timeot: unknown key');
  await stage.until(5);
  expect(stage.heard()).toEqual(['ticket The config was rejected']);
  expect(stage.world.snapshot.platform?.banners.join()).toContain('checks[0].timeot');
  await stage.until(15);
  expect(stage.heard()).toEqual(['page api is down']);
  await machine.report('config', 'open', 'The config was rejected', 'checks[0].timeot: unknown key');
  await machine.report('config', 'close', 'The config was rejected', '');
  await stage.reload((config) => ({ ...config }));
  await stage.until(25);
  expect(stage.heard()).toEqual(['resolve The config was rejected', 'resolve api is down']);
  expect(stage.world.snapshot.platform?.banners).toEqual([]);
  await stage.world.stop();
});

describe('while an incident is open (D12)', () => {
  const end = async (stage: Stage) => {
    expect(stage.world.ledger.open).toEqual([]);
    expect(await stage.world.memory.due(Number.MAX_SAFE_INTEGER, 9)).toEqual([]);
    await stage.world.stop();
  };

  test('its check gets another name: the incident goes on under its old one, and closes', async () => {
    const stage = await openIncident(10);
    await stage.reload((config) => ({
      ...config,
      checks: config.checks.map((check) => ({ ...check, name: `The ${check.id}` })),
    }));
    await stage.until(15);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    expect(stage.lastText('pagerduty')).toContain('api is well again');
    await end(stage);
  });

  test('its check gets another id: the old incident closes as no longer watched, the new one is paged for itself', async () => {
    const stage = await Stage.set({
      checks: ['api', 'web'],
      status: (id, at) => downBetween(1, 30, id === 'web' ? '' : id)(id, at),
    });
    await stage.until(5);
    stage.heard('pagerduty');
    await stage.reload((config) => ({
      ...config,
      checks: config.checks.map((check) =>
        check.id === 'api' ? { ...check, id: 'api-2', name: 'api-2' } : check,
      ),
    }));
    await stage.until(9);
    expect(stage.heard('pagerduty')).toEqual(['page api-2 is down']);
    await stage.until(12);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    expect(stage.lastText('pagerduty')).toBe('api is no longer watched.');
    await stage.until(40);
    expect(stage.heard('pagerduty')).toEqual(['resolve api-2 is down']);
    await end(stage);
  });

  test('its check is removed: it closes as no longer watched five minutes after the last reading, not before', async () => {
    const stage = await openIncident();
    await stage.reload((config) => ({ ...config, checks: config.checks.filter(({ id }) => id !== 'api') }));
    await stage.until(9);
    expect(stage.heard('pagerduty')).toEqual([]);
    await stage.until(12);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    expect(stage.heard()).toEqual(['resolve api is down']);
    await end(stage);
  });

  test('its check is removed, and back within a minute: nothing happened', async () => {
    const stage = await openIncident(12);
    const { checks } = stage.world.config;
    await stage.reload((config) => ({ ...config, checks: checks.slice(1) }));
    await stage.until(6);
    await stage.reload((config) => ({ ...config, checks }));
    await stage.until(11);
    expect(stage.heard('pagerduty')).toEqual([]);
    await stage.until(20);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    await end(stage);
  });

  test('its check gets another target: the incident is carried on, and what the new one says closes it', async () => {
    const stage = await openIncident(6);
    await stage.reload((config) => ({
      ...config,
      checks: config.checks.map((check) => ({ ...check, target: 'elsewhere:443' })),
    }));
    await stage.until(10);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    await end(stage);
  });

  test('so many checks are added that it lands in another shard: it goes on as if nothing had been', async () => {
    const stage = await openIncident(12);
    const some = stage.world.config.checks[1];
    const more = Array.from(
      { length: 500 },
      (_, i) => ({ ...some, id: `more-${i}`, name: `more-${i}` }) as never,
    );
    await stage.reload((config) => ({ ...config, checks: [...config.checks, ...more] }));
    await stage.until(11);
    expect(stage.heard('pagerduty')).toEqual([]);
    await stage.until(15);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    await end(stage);
  });

  test.each([
    ['fewer tries', { tries: 1, over: 0 }],
    ['more tries', { tries: 8, over: 30_000 }],
    ['other waits', { degradedAfter: 0, unknownAfter: 0 }],
  ])('thresholds change to %s: no page is doubled, and it closes once (D13)', async (_, change) => {
    const stage = await openIncident(15);
    await stage.reload((config) => ({ ...config, judge: { ...config.judge, ...change } }));
    await stage.reload((config) => ({
      ...config,
      checks: config.checks.map((check) => ({ ...check, severity: 'ticket' })),
    }));
    await stage.until(14);
    expect(stage.heard('pagerduty')).toEqual([]);
    await stage.until(25);
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    expect(stage.world.ledger.alerts).toHaveLength(1);
    await end(stage);
  });

  test('the config is read again every ten seconds for half an hour: one page, one end', async () => {
    const stage = await openIncident(20);
    for (let minute = 5; minute < 35; minute += 1 / 6) {
      await stage.until(minute);
      await stage.reload((config) => ({ ...config }));
    }
    expect(stage.heard('pagerduty')).toEqual(['resolve api is down']);
    await end(stage);
  });
});
