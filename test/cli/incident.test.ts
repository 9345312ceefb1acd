import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { consoleLog } from '../../lib/adapters/local/console-log.ts';
import { openHome } from '../../lib/cli/open.ts';
import type { Config } from '../../lib/config/compiled.ts';
import { Home } from '../../lib/home.ts';
import { takeSignals } from '../../lib/signal-log.ts';
import { readLetter } from '../../lib/signals/index.ts';
import { compiled } from '../config/kit.ts';
import { REGION } from '../kit/aws.ts';
import { Deployed } from '../kit/deployed.ts';
import { failure } from '../kit/front.ts';
import { silent } from '../kit/local-store.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { alarm, letter } from '../signals/letters.ts';
import { Folder } from './kit.ts';

/** "watchbill incident …" as a person types it. */

const KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
const MINUTE = 60_000;

const raw = (pagerDuty: string) => ({
  name: 'Acme',
  network: { allow: ['127.0.0.0/8'] },
  aws: { home: REGION, locations: [REGION, 'us-east-1', 'ap-southeast-2'] },
  checks: [{ id: 'api', type: 'tcp', host: 'api.acme.test', port: 443 }],
  notify: { pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty } },
  statusPage: { url: 'https://status.acme.test/' },
});

/** The alarm of half an hour ago. */
const raised = () =>
  readLetter(
    letter(alarm({ StateChangeTime: new Date(Date.now() - 30 * MINUTE).toISOString() }), {
      at: Date.now() - 30 * MINUTE,
    }),
  );

const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').trim());

describe('on one machine', () => {
  let folder: Folder;
  let config: Config;
  beforeEach(async () => {
    folder = await Folder.make({ 'watchbill.config.json': raw('https://events.pagerduty.com') });
    config = compiled(raw('https://events.pagerduty.com'));
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  /** As a Watchbill that has stopped leaves it. Answers the incident's id. */
  async function left(): Promise<string> {
    const log = consoleLog(process.stderr, systemClock);
    const { home, store } = await openHome({ cwd: folder.dir, data: '.watchbill' }, config, log);
    const [incident] = await takeSignals([raised()], home);
    await store.close();
    return incident?.id ?? '';
  }
  const run = (...args: string[]) => folder.cli(['incident', ...args], { env: { USER: 'ada' } });

  test('before anything has run there is nothing, and nothing is made', async () => {
    expect(await run('list')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'nothing is kept in .watchbill yet: run "watchbill start" first\n',
    });
    expect(folder.has('.watchbill')).toBe(false);
  });

  test('list, show, ack, note, resolve: what each prints, and what is left', async () => {
    const id = await left();
    const list = await run('list');
    expect(lines(list.stdout)).toEqual([
      'INCIDENT SEVERITY SINCE STATE WHAT',
      expect.stringMatching(new RegExp(`^${id} page \\d+ m?s ago 1 undelivered Alarm: checkout-5xx$`)),
    ]);
    const shown = await run('show', id.slice(0, 6));
    expect(shown.stdout).toContain(`${id}  Alarm: checkout-5xx`);
    expect(lines(shown.stdout)).toEqual(
      expect.arrayContaining([
        'severity page',
        'reason alarm_raised',
        'runbook https://wiki.acme.test/checkout',
        'region eu-west-1',
        expect.stringMatching(/^\S+Z A page for pagerduty\.$/),
      ]),
    );
    expect(await run('ack', id)).toEqual({
      code: 0,
      stdout: `${id} "Alarm: checkout-5xx": Taken on: nobody is reminded of it any more. "watchbill start" is not running: whoever is to hear of it is told once it is.\n`,
      stderr: '',
    });
    expect((await run('note', id, 'cold', 'cache', '--by', 'Bob')).stdout).toContain('Noted.');
    expect(lines((await run('list')).stdout)[1]).toContain(' taken on ');
    expect((await run('resolve', id, 'warmed', 'it')).code).toBe(0);
    expect((await run('list')).stdout).toBe('No open incident.\n');
    expect(lines((await run('list', '--all')).stdout)[1]).toMatch(/ over after \d+ s Alarm: checkout-5xx$/);
    const { timeline, ...told } = JSON.parse((await run('show', id, '--json')).stdout);
    expect(told).toMatchObject({
      id,
      class: 'signal',
      severity: 'page',
      check: null,
      resolvedAt: expect.any(String),
    });
    expect(timeline.map(({ text }: { text: string }) => text)).toEqual([
      expect.stringMatching(/^Alarm: checkout-5xx: Threshold Crossed/),
      'A page for pagerduty.',
      'ada has taken it on.',
      'Bob: cold cache',
      expect.stringMatching(/^Resolved by ada after \d+ s: warmed it$/),
    ]);
    expect((await run('resolve', id)).stdout).toContain('It is over already.');
  });

  test.each([
    [['show', 'nothing'], 'no incident is called "nothing"'],
    [['ack'], "missing required argument 'id'"],
    [['note', 'x'], "missing required argument 'text'"],
    [
      ['list', '--stack', '--data', 'elsewhere'],
      "option '--stack' cannot be used with option '--data <dir>'",
    ],
    [['forget', 'x'], "unknown command 'forget'"],
  ])('%j is a mistake: %s', async (args, says) => {
    await left();
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(stderr.trim()).not.toContain('\n');
  });
});

describe('on AWS', () => {
  test('an alarm is taken on and resolved in the deployed table, and the deployed function tells of it', async () => {
    await using pagerDuty = await PagerDuty.start(systemClock);
    const config = compiled(raw(pagerDuty.url), undefined, 'aws');
    const deployed = await Deployed.start({ config, secrets: { PD_KEY: KEY } });
    await using folder = await Folder.make({ 'watchbill.config.json': raw(pagerDuty.url) });
    for (const [name, value] of Object.entries(deployed.env)) vi.stubEnv(name, value);
    const run = (...args: string[]) => folder.cli(['incident', ...args, '--stack'], { env: { USER: 'ada' } });
    try {
      const home = await Home.open({ store: deployed.store, clock: systemClock, log: silent }, config);
      const [incident] = await takeSignals([raised()], home);
      const { id = '' } = incident ?? {};
      await deployed.deliver([]);
      deployed.front.asked.length = 0;
      expect(lines((await run('list')).stdout)[1]).toMatch(/ told Alarm: checkout-5xx$/);
      expect((await run('show', id)).code).toBe(0);
      const isWrite = ({ operation }: { operation: string }) => /Put|Delete|Update|Write/.test(operation);
      expect(deployed.front.asked.filter(isWrite), 'who only looks writes nothing').toEqual([]);
      expect((await run('ack', id)).stdout).toContain('is told within moments');
      await deployed.settled();
      expect((await run('resolve', id, 'fixed')).code).toBe(0);
      await deployed.settled();
      const actions = pagerDuty.ledger.accepted.map(({ event }) => event.event_action);
      expect(actions).toEqual(['trigger', 'acknowledge', 'resolve']);
      await deployed.minute();
      expect(actions).toEqual(['trigger', 'acknowledge', 'resolve']);
      deployed.front.trouble = (asked) =>
        asked.operation === 'GetItem' ? failure('AccessDeniedException') : deployed.answer(asked);
      const denied = await run('list');
      expect([denied.code, denied.stderr]).toEqual([
        2,
        expect.stringContaining('these credentials may not do that'),
      ]);
    } finally {
      vi.unstubAllEnvs();
      await deployed.close();
    }
  });
});
