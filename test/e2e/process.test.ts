import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { broken, Service, silent } from '../kit/service.ts';
import { modes } from '../kit/stand-in.ts';
import { configOf, placeOf, statusOf } from './kit.ts';

/** The address of the page, and nothing else: what `start` prints. */
const READY = /^Watchbill watches Acme: http:\/\/127\.0\.0\.1:\d+\n$/;

test.concurrent('a second start is refused in one line, and the other commands work beside the first', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  const first = await place.start();
  expect(first.stdout).toMatch(READY);
  const second = await place.run('start', '--port', '0').ended;
  expect(second).toMatchObject({ code: 1, stdout: '' });
  expect(second.stderr).toMatch(/^cannot use .*: another "watchbill start" is running on it\n$/);

  await until(
    () => statusOf(first.url),
    (status) => status === 'up',
  );
  const status = await place.run('status', '--json').ended;
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({ status: 'up', checks: [{ id: 'api', status: 'up' }] });
  const drill = await place.run('drill', '--json').ended;
  expect(drill).toMatchObject({ code: 0 });
  expect(JSON.parse(drill.stdout)).toMatchObject({
    receivers: [{ receiver: 'pagerduty', openedMs: expect.any(Number), resolvedMs: expect.any(Number) }],
  });
  expect(pagerDuty.ledger.totals).toMatchObject({ alerts: 1, opened: 1, resolved: 1, dropped: 0 });
  expect(await first.kill('SIGTERM')).toMatchObject({ code: 0, signal: null });
});

test.concurrent('SIGTERM ends it with 0 while probes and PagerDuty hang, and the next start goes on', async () => {
  await using service = await Service.start();
  await using hanging = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const config = configOf(service, pagerDuty);
  const slow = Array.from({ length: 40 }, (_, i) => ({
    id: `slow-${i}`,
    type: 'http',
    url: hanging.url,
    every: '31s',
    timeout: '30s',
  }));
  await using place = await placeOf({ ...config, checks: [...config.checks, ...slow] });
  pagerDuty.mode = modes.hang;
  service.answer = broken;
  hanging.answer = silent;
  const underway = hanging.asked();
  const run = await place.start();
  await Promise.all([underway, pagerDuty.received(1)]);
  expect(await run.kill('SIGTERM')).toMatchObject({ code: 0, signal: null });

  pagerDuty.mode = modes.accept;
  await place.start();
  await until(
    () => pagerDuty.ledger.accepted.length,
    (accepted) => accepted > 0,
  );
  const [first, again] = pagerDuty.requests.map(({ bytes }) => bytes.toString());
  expect(again).toBe(first);
});

test.concurrent('a second signal ends it at once, whatever is still under way', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using place = await placeOf(configOf(service, pagerDuty));
  const run = await place.start();
  // half a request: the end waits for the rest of it for a while
  const { hostname, port } = new URL(run.url);
  const visitor = connect(Number(port), hostname).on('error', () => {});
  await new Promise((resolve) => visitor.write('GET / HTTP/1.1\r\nhost: x\r\n', resolve));
  const again = setInterval(() => run.child.kill('SIGTERM'), 100);
  expect(await run.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  clearInterval(again);
  visitor.destroy();
});
