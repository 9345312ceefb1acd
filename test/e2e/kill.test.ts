import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { broken, Service, well } from '../kit/service.ts';
import { actionsAt, configOf, placeOf } from './kit.ts';

const KILLS = 10;
const LONGEST_LIFE_MS = 8_000;

const resolved = (pagerDuty: PagerDuty) =>
  until(
    () => actionsAt(pagerDuty),
    (actions) => actions.includes('resolve'),
  );

test.concurrent('killed ten times at any moment of an outage, it pages for it once and resolves it once', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  service.answer = broken;
  const lives = Array.from({ length: KILLS }, () => Math.floor(Math.random() * LONGEST_LIFE_MS));
  for (const life of lives) {
    const run = await place.start();
    await new Promise((resolve) => setTimeout(resolve, life));
    await run.kill('SIGKILL');
  }
  await place.start();
  await pagerDuty.received(1);
  service.answer = well;
  await resolved(pagerDuty);

  const { accepted, totals } = pagerDuty.ledger;
  const why = `lives of ${lives.join(', ')} ms; ${actionsAt(pagerDuty)}`;
  expect(totals, why).toMatchObject({ alerts: 1, opened: 1, resolved: 1, dropped: 0, refused: 0 });
  // Where a kill came between PagerDuty's answer and the note of it, the same trigger was sent again.
  const sent = accepted.filter(({ event }) => event.event_action === 'trigger').map(({ bytes }) => bytes);
  expect(new Set(sent).size, why).toBe(1);
}, 180_000);

test.concurrent('what recovered while nobody watched is resolved by the next start', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  service.answer = broken;
  const run = await place.start();
  await pagerDuty.received(1);
  await run.kill('SIGKILL');
  service.answer = well;
  await place.start();
  await resolved(pagerDuty);
  expect(pagerDuty.ledger.totals).toMatchObject({ alerts: 1, opened: 1, resolved: 1, dropped: 0 });
});
