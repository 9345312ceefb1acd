import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { Service } from '../kit/service.ts';
import { configOf, placeOf, statusOf, summaryOf } from './kit.ts';

const DAMAGED = 'The store was damaged';

/** Open and closed incidents of that title. */
const incidentsOf = async (url: string): Promise<string> =>
  (await summaryOf(url)).incidents
    .filter(({ title }) => title === DAMAGED)
    .map(({ resolvedAt }) => (resolvedAt === null ? 'open' : 'closed'))
    .join(' ');

test.concurrent('a damaged store is put aside and said to be so, and watching goes on; the next start ends that (G08)', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  const options = ['--data', join(place.dir, 'data')];
  const path = join(place.dir, 'data', 'store.db');
  const isUp = (status: string | undefined) => status === 'up';

  const first = await place.start(...options);
  await until(() => statusOf(first.url), isUp);
  expect(await incidentsOf(first.url)).toBe('');
  await first.kill('SIGTERM');

  const bytes = await readFile(path);
  bytes.fill(7, 100, 200);
  await writeFile(path, bytes);
  const second = await place.start(...options);
  const [aside = ''] = await second.printed(/\S+store\.db\.corrupt-\w+/);
  expect(await readFile(aside)).toEqual(bytes);
  await until(
    () => incidentsOf(second.url),
    (seen) => seen === 'open',
  );
  await until(() => statusOf(second.url), isUp);
  await second.kill('SIGTERM');

  const third = await place.start(...options);
  await until(
    () => incidentsOf(third.url),
    (seen) => seen === 'closed',
  );
  expect(pagerDuty.ledger.accepted).toEqual([]);
});

test.concurrent('a store of a newer version is refused in one line, and not touched (G10)', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  const options = ['--data', join(place.dir, 'data')];
  const path = join(place.dir, 'data', 'store.db');
  await (await place.start(...options)).kill('SIGTERM');
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA user_version = 1000; PRAGMA application_id = ${0x5742_0000 + 1000}`);
  db.close();

  const before = await readFile(path);
  const { code, stdout, stderr } = await place.run('start', '--port', '0', ...options).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^cannot use \S+store\.db: it was written by a newer Watchbill[^\n]+\n$/);
  expect(await readFile(path)).toEqual(before);
});
