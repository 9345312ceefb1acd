import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { type Place, until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { Service } from '../kit/service.ts';
import { configOf, placeOf, summaryOf } from './kit.ts';

type Config = ReturnType<typeof configOf>;

/** The same with so many checks of the same name. */
const withChecks = (config: Config, name: string, count = 1) => ({
  ...config,
  checks: Array.from({ length: count }, (_, i) => ({ ...config.checks[0], id: `${name}-${i}` })),
});

const idsAt = async (url: string) => (await summaryOf(url)).checks.map(({ id }) => id);
const pathOf = ({ dir }: Place) => join(dir, 'watchbill.config.json');

async function replace(place: Place, config: unknown): Promise<void> {
  await writeFile(`${pathOf(place)}.new`, JSON.stringify(config));
  await rename(`${pathOf(place)}.new`, pathOf(place));
}

const watched = (url: string, ...ids: string[]) =>
  until(
    () => idsAt(url),
    (now) => now.join() === ids.join(),
  );

test.concurrent('a config that is written or replaced is taken by itself, and on SIGHUP', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const config = configOf(service, pagerDuty);
  await using place = await placeOf(config);
  const run = await place.start();
  await watched(run.url, 'api');
  await place.write(withChecks(config, 'written'));
  await watched(run.url, 'written-0');
  await replace(place, withChecks(config, 'replaced'));
  await watched(run.url, 'replaced-0');
  const readSoFar = run.stderr.match(/was read again/g)?.length ?? 0;
  run.child.kill('SIGHUP');
  await until(
    () => run.stderr.match(/was read again/g)?.length,
    (read) => read === readSoFar + 1,
  );
  expect(await run.kill('SIGTERM')).toMatchObject({ code: 0 });
});

test.concurrent('a half-written config is refused, the old one stays, and the whole one ends that', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const config = configOf(service, pagerDuty);
  await using place = await placeOf(config);
  const run = await place.start();
  await watched(run.url, 'api');
  const whole = JSON.stringify(withChecks(config, 'next'));
  await writeFile(pathOf(place), whole.slice(0, whole.length / 2));
  await run.printed(/watchbill\.config\.json was rejected, the old config stays\n/);
  const rejected = await until(
    () => summaryOf(run.url),
    ({ platform }) => platform.banners.length > 0,
  );
  expect(rejected.platform.banners.join()).toContain('The config was rejected: The old one stays in force.');
  expect(rejected.checks.map(({ id }) => id)).toEqual(['api']);
  expect(rejected.incidents).toMatchObject([{ title: 'The config was rejected', resolvedAt: null }]);
  await writeFile(pathOf(place), whole);
  await watched(run.url, 'next-0');
  const accepted = await until(
    () => summaryOf(run.url),
    ({ platform }) => platform.banners.length === 0,
  );
  expect(accepted.incidents).toMatchObject([{ resolvedAt: expect.any(String) }]);
});

test.concurrent('a rejected config that was mended while nobody watched is no incident any more', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const config = configOf(service, pagerDuty);
  await using place = await placeOf(config);
  const first = await place.start();
  await replace(place, { ...config, nonsense: true });
  await until(
    () => summaryOf(first.url),
    ({ platform }) => platform?.banners.length > 0,
  );
  await first.kill('SIGTERM');
  await replace(place, config);
  const { url } = await place.start();
  const mended = await until(
    () => summaryOf(url),
    ({ platform }) => platform?.banners.length === 0,
  );
  expect(mended.incidents).toMatchObject([
    { title: 'The config was rejected', resolvedAt: expect.any(String) },
  ]);
});

test.concurrent('of configs that race, the last one stays, whole', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const config = configOf(service, pagerDuty);
  await using place = await placeOf(config);
  const run = await place.start();
  const hangUp = setInterval(() => run.child.kill('SIGHUP'), 5);
  for (let i = 0; i < 50; i += 1) await replace(place, withChecks(config, `race${i}`, 20));
  clearInterval(hangUp);
  await watched(run.url, ...Array.from({ length: 20 }, (_, i) => `race49-${i}`));
  expect(run.stderr).not.toContain('rejected');
  expect(await run.kill('SIGTERM')).toMatchObject({ code: 0 });
});
