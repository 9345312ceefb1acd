import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { broken, Service, well } from '../kit/service.ts';
import { actionsAt, configOf, placeOf, statusOf, summaryOf } from './kit.ts';

test.concurrent('an outage pages once and is on the page, and its end resolves the page', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  const { url } = await place.start();
  await until(
    () => statusOf(url),
    (status) => status === 'up',
  );
  service.answer = broken;
  await pagerDuty.received(1);
  const during = await until(
    () => summaryOf(url),
    ({ status }) => status === 'down',
  );
  expect(during.incidents).toMatchObject([{ title: 'api is down', resolvedAt: null }]);
  expect(await (await fetch(url)).text()).toContain('api is down');
  service.answer = well;
  await pagerDuty.received(2);
  const after = await until(
    () => summaryOf(url),
    ({ status }) => status === 'up',
  );
  expect(after.incidents).toMatchObject([{ title: 'api is down', resolvedAt: expect.any(String) }]);
  expect(actionsAt(pagerDuty)).toEqual(['trigger', 'resolve']);
  expect(pagerDuty.ledger.totals).toMatchObject({ alerts: 1, opened: 1, resolved: 1, refused: 0 });
});

test.concurrent('a service that refuses connections is an outage like any other', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  await service.gone();
  await place.start();
  await pagerDuty.received(1);
  expect(pagerDuty.ledger.accepted[0]?.event.payload?.custom_details).toMatchObject({
    reason: 'connect_refused',
  });
  await service.back();
  await pagerDuty.received(2);
  expect(actionsAt(pagerDuty)).toEqual(['trigger', 'resolve']);
});

test.concurrent('a blip that the second retry no longer sees pages nobody', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const { judge: _, ...patient } = configOf(service, pagerDuty);
  await using place = await placeOf(patient);
  const { url } = await place.start();
  await until(
    () => statusOf(url),
    (status) => status === 'up',
  );
  // by default retries start 1 and 4 s after the first failure: this one lasts for longer than 1 s and less than 4
  service.answer = broken;
  await service.asked();
  await service.asked();
  service.answer = well;
  for (let more = 0; more < 3; more += 1) await service.asked();
  await until(
    () => statusOf(url),
    (status) => status === 'up',
  );
  expect((await summaryOf(url)).incidents).toEqual([]);
  expect(pagerDuty.requests).toEqual([]);
});
