import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aliveKey } from '../lib/items.ts';
import { update } from '../lib/store.ts';
import { newMemory, type WatchdogPorts, watch } from '../lib/watchdog.ts';
import { VirtualClock } from './kit/clock.ts';
import { FaultyStore, type StoreFault } from './kit/faulty-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { SECRETS } from './kit/notice.ts';
import { MINUTE, SECOND } from './kit/readings.ts';
import { PAGERDUTY, Receivers, WEBHOOK } from './kit/receivers.ts';
import { NO_NET } from './kit/world.ts';

/** Noon of no hour: the next ten minutes' end comes after nine minutes. */
const START = Date.UTC(2026, 2, 14, 12, 1);
/** Scheduler calls at any second of a minute; here always at this one. */
const LOOK_AT = 20 * SECOND;

type Signs = Partial<Record<'decide' | 'deliver', number | false>>;

/** A home that writes its signs of life at each full minute, and the watchdog of it, in virtual time. */
class Watched {
  readonly clock = new VirtualClock(START);
  readonly memory = new MemoryStore();
  readonly receivers = new Receivers(this.clock);
  readonly logged: string[] = [];
  /** Whose sign is written each minute, and how far ahead its clock is, ms; `false`: not at all. */
  signs: Signs = {};
  fault: StoreFault | undefined;
  config = [PAGERDUTY, WEBHOOK] as WatchdogPorts['receivers'];
  #remembered = newMemory();

  get #ports(): WatchdogPorts {
    const note = (message: string) => void this.logged.push(message);
    return {
      store: new FaultyStore(this.memory, this.clock, () => this.fault),
      receivers: this.config,
      identity: { account: '123456789012', home: 'eu-west-1', stack: 'Watchbill-Home' },
      baseUrl: 'https://status.acme.test/',
      net: NO_NET,
      clock: this.clock,
      secrets: { get: this.receivers.secret },
      signal: new AbortController().signal,
      log: { info: note, warn: note, error: note },
      sender: this.receivers.sender,
    };
  }

  /** Another container: it remembers nothing. */
  restart(): void {
    this.#remembered = newMemory();
  }

  /** So many minutes go by. */
  async pass(minutes: number, each: () => void = () => {}): Promise<void> {
    for (let i = 0; i < minutes; i++) {
      for (const who of ['decide', 'deliver'] as const) {
        const ahead = this.signs[who] ?? false;
        const at = this.clock.now() + Number(ahead);
        if (ahead !== false) await update(this.memory, aliveKey(who), () => ({ body: { at, since: at } }));
      }
      const end = this.clock.now() + MINUTE;
      await this.clock.advance(LOOK_AT);
      each();
      await this.clock.run(watch(this.#ports, this.#remembered));
      expect(this.clock.now(), 'a look ends before the next one').toBeLessThan(end);
      await this.clock.advance(end - this.clock.now());
    }
  }

  live(): void {
    this.signs = { decide: 0, deliver: 0 };
  }

  /** Minutes from the start at which each alert was opened and closed. */
  get alerts(): readonly (readonly [opened: number, resolved: number | undefined])[] {
    const minutes = (at: number) => Math.floor((at - START) / MINUTE);
    return this.receivers.ledger.alerts.map(({ openedAt, resolvedAt }) => [
      minutes(openedAt),
      resolvedAt === undefined ? undefined : minutes(resolvedAt),
    ]);
  }

  get summary(): string | undefined {
    return this.receivers.ledger.accepted.find(({ effect }) => effect === 'opened')?.event.payload?.summary;
  }
}

/** A home that has lived for a while. */
async function watched(): Promise<Watched> {
  const home = new Watched();
  home.live();
  await home.pass(3);
  expect(home.receivers.attempts).toEqual([]);
  return home;
}

describe('home dies', () => {
  test('for five minutes: one alert, opened between three and four minutes after its last sign, closed when it is back (F28)', async () => {
    const home = await watched();
    const lastSign = home.clock.now() - MINUTE;
    home.signs = {};
    await home.pass(5);
    home.live();
    await home.pass(12);
    const [alert] = home.receivers.ledger.alerts;
    expect(home.receivers.ledger.alerts).toHaveLength(1);
    expect((alert?.openedAt ?? 0) - lastSign).toBeGreaterThanOrEqual(3 * MINUTE);
    expect((alert?.openedAt ?? 0) - lastSign).toBeLessThan(4 * MINUTE);
    expect((alert?.resolvedAt ?? 0) - lastSign).toBe(6 * MINUTE + LOOK_AT + 100);
    expect(home.receivers.ledger.totals).toMatchObject({ opened: 1, resolved: 1, merged: 2, refused: 0 });
    expect(new Set(home.receivers.ledger.accepted.map(({ event }) => event.dedup_key)).size).toBe(1);
    expect(home.summary).toBe(
      'Watchbill is silent at its home in eu-west-1 — Nothing has been decided since 2026-03-14T12:03:00Z: outages are not noticed. Nothing has been delivered since 2026-03-14T12:03:00Z: nobody is paged.',
    );
    const [opened, ...others] = home.receivers.ledger.accepted;
    expect(opened?.event).toMatchObject({
      payload: { class: 'silent', severity: 'critical', timestamp: '2026-03-14T12:03:00.000Z' },
      links: [{ href: 'https://status.acme.test/runbooks/home' }, { href: 'https://status.acme.test/' }],
    });
    expect(others.find(({ effect }) => effect === 'resolved')?.event.payload?.summary).toBe(
      'Resolved after 6 min 20 s: Watchbill is silent at its home in eu-west-1',
    );
  });

  test('for less than three minutes: nobody hears of it', async () => {
    const home = await watched();
    home.signs = {};
    await home.pass(2);
    home.live();
    await home.pass(5);
    expect(home.receivers.ledger.totals).toMatchObject({ opened: 0 });
    expect(home.receivers.messages).toEqual([]);
  });

  test.each<[Signs, string]>([
    [{ deliver: 0 }, 'Nothing has been decided since 2026-03-14T12:03:00Z: outages are not noticed.'],
    [{ decide: 0 }, 'Nothing has been delivered since 2026-03-14T12:03:00Z: nobody is paged.'],
  ])('by half, %j living on: the alert says which half', async (signs, message) => {
    const home = await watched();
    home.signs = signs;
    await home.pass(5);
    expect(home.summary).toBe(`Watchbill is silent at its home in eu-west-1 — ${message}`);
  });

  test('and the watchdog is another one before it is back: the end comes within ten minutes, by the clock', async () => {
    const home = await watched();
    home.signs = {};
    await home.pass(5);
    home.restart();
    await home.pass(1);
    home.restart();
    home.live();
    await home.pass(11);
    expect(home.alerts).toEqual([[5, 9]]);
    home.restart();
    await home.pass(30);
    expect(home.alerts).toHaveLength(1);
    expect(home.receivers.ledger.totals).toMatchObject({ resolved: 1, dropped: 4 });
  });

  test('again and again: each time is one alert', async () => {
    const home = await watched();
    for (let i = 0; i < 3; i++) {
      home.signs = {};
      await home.pass(6);
      home.live();
      await home.pass(3);
    }
    expect(home.receivers.ledger.totals).toMatchObject({ opened: 3, resolved: 3 });
    expect(home.receivers.ledger.open).toEqual([]);
  });
});

describe('a home that was', () => {
  test('never deployed is no news, nor is one that has just begun', async () => {
    const home = new Watched();
    await home.pass(30);
    home.signs = { decide: 0 };
    await home.pass(2);
    home.live();
    await home.pass(4);
    expect(home.receivers.attempts).toEqual([]);
  });

  test('deployed by half is, after three minutes: it says which half is missing', async () => {
    const home = new Watched();
    home.signs = { decide: 0 };
    await home.pass(5);
    expect(home.alerts).toEqual([[3, undefined]]);
    expect(home.summary).toContain('"deliver" has never ended a pass');
    home.live();
    await home.pass(1);
    expect(home.alerts).toEqual([[3, 5]]);
  });
});

describe('home’s table cannot be read', () => {
  test('for three minutes: an alert that says so; it ends with the first look that sees home live', async () => {
    const home = await watched();
    home.fault = 'before';
    await home.pass(5);
    home.fault = undefined;
    await home.pass(1);
    expect(home.alerts).toEqual([[6, 8]]);
    expect(home.summary).toBe(
      'Watchbill cannot be seen at its home in eu-west-1 — Since 2026-03-14T12:04:20Z it cannot be read from here whether it lives: throttled. It may be well all the same.',
    );
  });

  test('for less: nobody hears of it, however often', async () => {
    const home = await watched();
    for (let i = 0; i < 5; i++) {
      home.fault = 'before';
      await home.pass(2);
      home.fault = undefined;
      await home.pass(1);
    }
    expect(home.receivers.ledger.totals).toMatchObject({ opened: 0 });
  });

  test('and the watchdog is another one meanwhile: it begins anew, and the key is the same', async () => {
    const home = await watched();
    home.fault = 'before';
    await home.pass(2);
    home.restart();
    await home.pass(5);
    home.restart();
    await home.pass(5);
    expect(home.alerts).toEqual([[8, undefined]]);
    expect(home.receivers.ledger.totals).toMatchObject({ opened: 1, merged: 3 });
  });

  test('while it dies: what is known of its silence goes on, in one alert', async () => {
    const home = await watched();
    home.signs = {};
    await home.pass(4);
    home.fault = 'before';
    await home.pass(6);
    home.fault = undefined;
    home.live();
    await home.pass(1);
    expect(home.alerts).toEqual([[5, 13]]);
    expect(home.receivers.messages.map(({ message }) => message.text)[1]).toBe(
      'Over after 11 min 20 s: Watchbill is silent at its home in eu-west-1.',
    );
  });
});

describe('a sign from the future', () => {
  test('is one while it changes, and hides no silence', async () => {
    const home = new Watched();
    home.signs = { decide: 60 * MINUTE, deliver: 60 * MINUTE };
    await home.pass(8);
    expect(home.receivers.attempts).toEqual([]);
    home.signs = {};
    await home.pass(4);
    expect(home.alerts).toEqual([[10, undefined]]);
    home.live();
    await home.pass(1);
    expect(home.alerts).toEqual([[10, 12]]);
  });
});

describe('PagerDuty', () => {
  test.each(['unreachable', 'hang', 500, 429] as const)(
    'is away (%s) while home dies: it is told once it is back, as long as home is silent',
    async (mode) => {
      const home = await watched();
      home.receivers.modes.pagerduty = mode;
      home.signs = {};
      await home.pass(10);
      expect(home.alerts).toEqual([]);
      expect(home.receivers.messages).toHaveLength(1);
      home.receivers.modes.pagerduty = 'up';
      await home.pass(1);
      home.live();
      await home.pass(1);
      expect(home.alerts).toEqual([[13, 14]]);
    },
  );

  test('that fails for some seconds is told within the same look', async () => {
    const home = await watched();
    let attempts = 0;
    home.receivers.modes.pagerduty = () => (++attempts <= 3 ? 'unreachable' : 'up');
    home.signs = {};
    await home.pass(3);
    expect(attempts).toBe(4);
    expect(home.alerts).toEqual([[5, undefined]]);
  });

  test('is away when home is back: its end is told when it can be, and not only by the clock', async () => {
    const home = await watched();
    home.signs = {};
    await home.pass(4);
    home.live();
    home.receivers.modes.pagerduty = 500;
    await home.pass(6);
    home.receivers.modes.pagerduty = 'up';
    await home.pass(1);
    expect(home.alerts).toEqual([[5, 13]]);
  });

  test('takes a page and loses the answer: its end is told at once', async () => {
    const home = await watched();
    home.receivers.modes.pagerduty = 'loses the answer';
    home.signs = {};
    await home.pass(3);
    home.receivers.modes.pagerduty = 'up';
    home.live();
    await home.pass(1);
    expect(home.alerts).toEqual([[5, 6]]);
  });

  test('refuses: the log says so, once in each look, and a missing secret is called what it is', async () => {
    const home = await watched();
    home.receivers.modes.pagerduty = 403;
    home.signs = {};
    await home.pass(3);
    home.receivers.secrets = { ...SECRETS, PD_KEY: undefined };
    await home.pass(1);
    expect(home.logged.filter((line) => line.includes('pagerduty'))).toEqual([
      'home’s state is not delivered to pagerduty yet: It answered 403 Forbidden.',
      'home’s state is not delivered to pagerduty yet: it was not asked, since Watchbill itself lacks something: no secret "PD_KEY"',
    ]);
  });
});

describe('a webhook, which would take each page for another one', () => {
  const kinds = (home: Watched) => home.receivers.messages.map(({ message }) => message.kind);

  test('is told once of the silence and once of its end, by ids that say which silence it was', async () => {
    const home = await watched();
    for (let i = 0; i < 2; i++) {
      home.signs = {};
      await home.pass(6);
      home.live();
      await home.pass(15);
    }
    expect(kinds(home)).toEqual(['page', 'resolve', 'page', 'resolve']);
    const messages = home.receivers.messages.map(({ message }) => message);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(4);
    expect(messages.map(({ incident }) => incident.status)).toEqual(['open', 'resolved', 'open', 'resolved']);
    expect(messages[1]?.text).toBe('Over after 7 min 20 s: Watchbill is silent at its home in eu-west-1.');
  });

  test('gets the same page again, by the same id, from a process that doesn’t know of the first', async () => {
    const home = await watched();
    home.signs = {};
    await home.pass(4);
    home.restart();
    await home.pass(2);
    expect(kinds(home)).toEqual(['page', 'page']);
    expect(new Set(home.receivers.messages.map(({ message }) => message.id)).size).toBe(1);
  });

  test('that hangs keeps PagerDuty from nothing', async () => {
    const home = await watched();
    home.receivers.modes.webhook = 'hang';
    home.signs = {};
    await home.pass(4);
    expect(home.alerts).toEqual([[5, undefined]]);
  });
});

test('whatever happens to home, an alert is open after three minutes of silence, and none once it has lived for ten', async () => {
  const spell = fc.record({
    minutes: fc.integer({ min: 1, max: 12 }),
    home: fc.constantFrom('lives', 'dead', 'half', 'unseen'),
    restarts: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(spell, { maxLength: 8 }), async (spells) => {
      const home = new Watched();
      home.live();
      await home.pass(1);
      for (const { minutes, home: how, restarts } of spells) {
        if (restarts) home.restart();
        home.live();
        if (how === 'dead') home.signs = {};
        if (how === 'half') home.signs = { decide: 0 };
        home.fault = how === 'unseen' ? 'before' : undefined;
        await home.pass(minutes);
        if (how !== 'lives' && minutes >= 4) expect(home.receivers.ledger.open).toHaveLength(1);
        if (how === 'lives' && minutes >= 10) expect(home.receivers.ledger.open).toEqual([]);
      }
      home.fault = undefined;
      home.live();
      await home.pass(10);
      expect(home.receivers.ledger.open).toEqual([]);
      expect(home.receivers.ledger.totals).toMatchObject({ refused: 0 });
    }),
    { numRuns: 60 },
  );
});
