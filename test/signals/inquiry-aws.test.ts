import { BudgetsClient, CreateBudgetCommand, DeleteBudgetCommand } from '@aws-sdk/client-budgets';
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { openAwsApi } from '../../lib/adapters/aws/api.ts';
import { createInquirer } from '../../lib/adapters/aws/inquirer.ts';
import { INQUIRE_MINUTES, type Inquirer, inquire } from '../../lib/inquire.ts';
import type { Signal } from '../../lib/signal.ts';
import { keepSignal } from '../../lib/signal-log.ts';
import { readLetter, SIGNALS } from '../../lib/signals/index.ts';
import { client, proxies } from '../kit/account-aws.ts';
import { onMoto, REGION } from '../kit/aws.ts';
import { VirtualClock } from '../kit/clock.ts';
import { MemoryStore } from '../kit/memory-store.ts';
import { configOf } from '../kit/world.ts';
import { alarm, budget, letter, metricAlarm, OWN_BUDGET } from './letters.ts';

/** How what others have told of stands now, asked of CloudWatch and Budgets as moto has them. */

const ACCOUNT = '123456789012';
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:watchbill-alerts`;
const MINUTE = 60_000;
const DAY = 86_400_000;
const through = proxies();

interface Desk extends Inquirer {
  readonly said: string[];
}

/** Who asks; what it could not ask is in `said`. */
function asking(at: number, more: Partial<Inquirer> = {}): Desk {
  const clock = new VirtualClock(at);
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  return {
    aws: openAwsApi(new AbortController().signal),
    clock,
    account: ACCOUNT,
    topics: [TOPIC],
    budgets: [],
    store: new MemoryStore(),
    log: { info: say, warn: say, error: say },
    said,
    ...more,
  };
}

/** Of a format alone, at a minute that is its own. */
const found = async (desk: Inquirer, everyMinutes = INQUIRE_MINUTES): Promise<string[]> => {
  const news = await inquire(everyMinutes, desk);
  return news.map(({ name, state }) => `${name} ${state}`).toSorted();
};

async function alarmNamed(endpoint: string, AlarmName: string, more: object = {}) {
  const cloudwatch = client(CloudWatchClient, endpoint);
  await cloudwatch.send(new PutMetricAlarmCommand({ ...metricAlarm(AlarmName, TOPIC), ...more }));
  return {
    arn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${AlarmName}`,
    turn: (StateValue: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA') =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'a try' })),
    /** What SNS would have brought. */
    async letter(): Promise<Signal> {
      const { MetricAlarms: [one] = [] } = await cloudwatch.send(
        new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }),
      );
      return readLetter(
        letter(
          alarm({
            AlarmName,
            AlarmArn: one?.AlarmArn,
            NewStateValue: one?.StateValue,
            StateChangeTime: one?.StateUpdatedTimestamp?.toISOString(),
          }),
        ),
      );
    },
    remove: () => cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [AlarmName] })),
  };
}

onMoto('an ALARM and an OK that got lost are found, and nothing else', async (endpoint) => {
  const proxy = await through(endpoint);
  const lost = await alarmNamed(endpoint, 'lost-alarm');
  const over = await alarmNamed(endpoint, 'lost-ok');
  const well = await alarmNamed(endpoint, 'well');
  const others = await alarmNamed(endpoint, 'tells-others', {
    AlarmActions: ['arn:aws:sns:eu-west-1:123456789012:others'],
  });
  const mute = await alarmNamed(endpoint, 'mute', { ActionsEnabled: false });
  const all = [lost, over, well, others, mute];
  try {
    const desk = asking(Date.now());
    await over.turn('ALARM');
    await keepSignal(await over.letter(), desk.store as MemoryStore);
    await over.turn('OK');
    for (const one of [lost, others, mute]) await one.turn('ALARM');
    await well.turn('OK');
    expect(await found(desk)).toEqual(['lost-alarm alarm', 'lost-ok ok']);
    const [news] = (await inquire(INQUIRE_MINUTES, desk)).filter(({ name }) => name === 'lost-alarm');
    expect(news, 'as its message would have told it').toMatchObject({
      ...(await lost.letter()),
      message: 'a try',
      facts: expect.objectContaining({ alarm: lost.arn }),
      runbook: '/runbooks/alarm',
    });
    for (const signal of await inquire(INQUIRE_MINUTES, desk))
      await keepSignal(signal, desk.store as MemoryStore);
    expect(await found(desk), 'once known, it is no news').toEqual([]);
    expect(desk.said).toEqual([]);
    expect(proxy.actions.every((action) => action.endsWith('DescribeAlarms'))).toBe(true);
  } finally {
    for (const one of all) await one.remove();
  }
});

onMoto(
  'an alarm of no topic of ours is asked for by name; one that is deleted is over, but not at once',
  async (endpoint) => {
    await through(endpoint);
    const one = await alarmNamed(endpoint, 'by-rule', { AlarmActions: [], OKActions: [] });
    const desk = asking(Date.now());
    const store = desk.store as MemoryStore;
    await one.turn('ALARM');
    await keepSignal(await one.letter(), store);
    expect(await found(desk)).toEqual([]);
    await one.remove();
    expect(await found(desk), 'it may not be listed yet').toEqual([]);
    const later = asking(Date.now() + 6 * MINUTE, { store });
    expect(await found(later)).toEqual(['by-rule ok']);
    const foreign = asking(Date.now() + 6 * MINUTE, { store, account: '210987654321' });
    expect(await found(foreign), 'of an account that is not ours nothing is known').toEqual([]);
  },
);

async function budgetNamed(endpoint: string, BudgetName: string, actual: string, forecast?: string) {
  const budgets = client(BudgetsClient, endpoint);
  const amount = (Amount: string) => ({ Amount, Unit: 'USD' });
  const remove = () => budgets.send(new DeleteBudgetCommand({ AccountId: ACCOUNT, BudgetName }));
  const create = (spent: string, expected?: string) =>
    budgets.send(
      new CreateBudgetCommand({
        AccountId: ACCOUNT,
        Budget: {
          BudgetName,
          BudgetType: 'COST',
          TimeUnit: 'MONTHLY',
          BudgetLimit: amount('100'),
          CalculatedSpend: {
            ActualSpend: amount(spent),
            ...(expected !== undefined && { ForecastedSpend: amount(expected) }),
          },
        },
      }),
    );
  await create(actual, forecast);
  return {
    remove,
    async spends(spent: string, expected?: string) {
      await remove();
      await create(spent, expected);
    },
  };
}

onMoto('a budget that falls back is over; of our own, what nobody told of is found', async (endpoint) => {
  const proxy = await through(endpoint);
  const theirs = await budgetNamed(endpoint, 'whole-account', '81.20');
  const ours = await budgetNamed(endpoint, 'ours', '79.99', '121');
  try {
    const at = Date.UTC(2026, 10, 26, 12);
    const store = new MemoryStore();
    await keepSignal(readLetter(letter(budget())), store);
    const desk = (ms = 0) => asking(at + ms, { store, budgets: [OWN_BUDGET], topics: [] });
    const look = async (ms = 0) => {
      const news = await inquire(240, desk(ms));
      for (const signal of news) await keepSignal(signal, store);
      return news.map(({ title, state }) => `${title}: ${state}`).toSorted();
    };
    expect(await look(1)).toEqual(['Budget ours: 120 % is forecast: alarm']);
    expect(await look(2), 'once known, it is no news').toEqual([]);
    await ours.spends('100.01', '119');
    expect(await look(3)).toEqual([
      'Budget ours: 100 % is spent: alarm',
      'Budget ours: 120 % is forecast: ok',
      'Budget ours: 80 % is spent: alarm',
    ]);
    await theirs.spends('80.00');
    await ours.spends('-12.50');
    expect(await look(4), 'a credit came').toEqual([
      'Budget ours: 100 % is spent: ok',
      'Budget ours: 80 % is spent: ok',
      'Budget whole-account: 80 % is spent: ok',
    ]);
    await theirs.spends('90');
    expect(await look(5), 'of a budget of others AWS alone tells').toEqual([]);
    expect(await inquire(5, desk(6)), 'asked every four hours').toEqual([]);
    expect(new Set(proxy.actions)).toEqual(new Set(['budgets:DescribeBudget']));
  } finally {
    await ours.remove();
    await theirs.remove();
  }
});

onMoto('a budget that is deleted is over', async (endpoint) => {
  await through(endpoint);
  const at = Date.UTC(2026, 10, 26, 12);
  const desk = asking(at + 1, { topics: [] });
  await keepSignal(readLetter(letter(budget({ 'Budget Name': 'gone' }))), desk.store as MemoryStore);
  expect(await found(desk, 240)).toEqual(['gone ok']);
  const next = asking(at + 6 * DAY, { topics: [], store: desk.store });
  expect(await found(next, 240), 'its period is over').toEqual([]);
});

test.each(['AccessDenied', 'Throttling', 'down'] as const)(
  'E21 who cannot be asked (%s) is told of, and nothing ends',
  async (kind) => {
    const proxy = await through('http://127.0.0.1:1');
    proxy.trouble = () => kind;
    const at = Date.UTC(2026, 10, 26, 12);
    const desk = asking(at + DAY);
    await keepSignal(readLetter(letter(alarm())), desk.store as MemoryStore);
    await keepSignal(readLetter(letter(budget())), desk.store as MemoryStore);
    expect(await found(desk, 240)).toEqual([]);
    expect(desk.said).toHaveLength(2);
    expect(desk.said.toSorted().join()).toMatch(/budgets:ViewBudget.*cloudwatch:DescribeAlarms/s);
    expect(desk.said.join()).not.toMatch(/signature|token/i);
  },
);

test('without credentials that is said once; with nothing to ask, nothing is', async () => {
  const proxy = await through('http://127.0.0.1:1');
  const desk = asking(Date.UTC(2026, 10, 26, 12));
  const store = desk.store as MemoryStore;
  const ask = createInquirer({ store, clock: desk.clock, log: desk.log });
  const stop = new AbortController().signal;
  expect(await ask(5, configOf([]), stop)).toEqual([]);
  expect(proxy.actions, 'nothing to ask').toEqual([]);
  proxy.trouble = () => 'AccessDenied';
  const config = configOf([], { alarms: { topics: [TOPIC], health: true } });
  for (const minute of [5, 6, 10, 15]) expect(await ask(minute, config, stop)).toEqual([]);
  expect(proxy.actions).toHaveLength(3);
  expect(desk.said).toHaveLength(1);
  expect(desk.said[0]).toContain('watchbill incident resolve');
});

test('every format is asked at a multiple of the time at which anybody looks, by actions that only read', () => {
  const inquiries = SIGNALS.flatMap(({ inquiry }) => inquiry ?? []);
  expect(inquiries).toHaveLength(2);
  for (const { everyMinutes, permissions } of inquiries) {
    expect(everyMinutes % INQUIRE_MINUTES).toBe(0);
    for (const { actions } of permissions(ACCOUNT))
      expect(actions.join()).toMatch(/^\w+:(Describe|View)\w+$/);
  }
});
