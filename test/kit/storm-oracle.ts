import { expect } from 'vitest';
import { MINUTE, SECOND } from './readings.ts';
import {
  type Aftermath,
  type CheckId,
  EVERY,
  inside,
  type Span,
  STORM,
  type Storm,
  statusAt,
} from './storm.ts';
import type { World } from './world.ts';

/** From the first failed try to the incident: ten seconds of retries, and some for the last try and the tick. */
const CONFIRMED = 12 * SECOND;
/** A reading is dated by its start; the probe looks so much later. */
const TRY_MS = 20;
const GRAIN = SECOND;

interface Told {
  readonly check: string;
  readonly openedAt: number;
  readonly failedAt: number;
  readonly endedAt: number;
}

/** What must be so after any storm. Throws where it isn't. */
export function verify(plan: Storm, aftermath: Aftermath): void {
  const { world, start, left } = aftermath;
  const gaps = gapsOf(plan, aftermath);
  expect(left, 'everything is closed and delivered').toEqual([]);
  const incidents = deliveredInOrder(world, start);
  for (const incident of incidents) {
    expect(
      incident.check === '' ? wasSilent(gaps, incident) : hasCause(plan, aftermath, incident),
      `incident ${JSON.stringify(incident)} has a cause`,
    ).toBe(true);
    expect(
      closedEarly(plan, gaps, incident),
      `incident ${JSON.stringify(incident)} closed while it was down`,
    ).toBe(false);
  }
  for (const check of ['api', 'web', 'dns'] as const) {
    const outages = outagesOf(plan, check);
    const mine = incidents.filter((one) => one.check === check).sort((a, b) => a.openedAt - b.openedAt);
    expect(mine.length, `no more incidents of ${check} than outages`).toBeLessThanOrEqual(outages.length);
    expect(mine.filter(isShortFlap), 'what flaps closes after ten minutes at the least').toEqual([]);
    for (const outage of outages.filter((one) => mustPage(plan, gaps, check, one))) {
      const end = outage.from + outage.length;
      const isTold = mine.some(({ openedAt, endedAt }) => openedAt < end + MINUTE && endedAt > outage.from);
      expect(isTold, `the outage of ${check} at ${JSON.stringify(outage)} was paged`).toBe(true);
    }
  }
  ticketsInOrder(world);
}

/** Every alert closed, one for each key, its events in order, nothing refused for good. Answers what was told. */
function deliveredInOrder({ ledger }: World, start: number): Told[] {
  const byKey = Map.groupBy(ledger.accepted, ({ event }) => event.dedup_key ?? '');
  expect(ledger.open, 'every alert is closed').toEqual([]);
  expect(ledger.alerts, 'one alert for each key').toHaveLength(byKey.size);
  expect(ledger.refused.filter(({ status }) => status !== 429)).toEqual([]);
  return [...byKey.values()].map((accepted): Told => {
    const actions = accepted.map(({ event }) => event.event_action);
    expect(actions.join(' '), 'triggers, then resolves').toMatch(/^(trigger )+resolve( resolve)*$/);
    const [first, last] = [accepted[0]?.event.payload, accepted.at(-1)?.event.payload];
    const time = (text: unknown) => Date.parse(String(text)) - start;
    return {
      check: first?.component ?? '',
      openedAt: time(first?.timestamp),
      failedAt: time(first?.custom_details?.started_at),
      endedAt: time(last?.custom_details?.ended_at),
    };
  });
}

/** The webhook hears of each incident first its beginning, last its end, each notice once. */
function ticketsInOrder({ notices }: World): void {
  const toWebhook = notices.filter(({ receiver }) => receiver === 'webhook').map(({ notice }) => notice);
  const once = new Map(toWebhook.map((notice) => [notice.id, notice]));
  for (const [key, mine] of Map.groupBy(once.values(), ({ incident }) => incident.key)) {
    expect(mine.map(({ kind }) => kind).join(' '), key).toMatch(/^(page|ticket)( update)* resolve$/);
  }
}

/** It was down when it was looked at first, or by its last try where our network was cut before. */
function hasCause(plan: Storm, { frozen }: Aftermath, { check, failedAt }: Told): boolean {
  const isDown = (at: number) => statusAt(plan, check as CheckId, at) === 'down';
  // a frozen process runs its beat of the last minute when it thaws
  const thaw = frozen.find(({ from, length }) =>
    inside(failedAt + TRY_MS, { from: from - TRY_MS, length: length + TRY_MS }),
  );
  return [failedAt, ...(thaw ? [thaw.from + thaw.length] : [])].some((began) => {
    const looked = began + TRY_MS;
    if (isDown(looked)) return true;
    const lastTry = began + 10 * SECOND + 2 * TRY_MS;
    const cut = plan.cuts.find((one) => inside(looked, one));
    if (!cut) return false;
    // the network may come back between the last try and the canary: nobody can tell that from an outage
    return isDown(lastTry) || Math.abs(cut.from + cut.length - lastTry) < SECOND;
  });
}

/** The page of a location that is silent: for most of three minutes nobody could look. */
function wasSilent(gaps: readonly Span[], { openedAt }: Told): boolean {
  const seconds = Array.from({ length: 180 }, (_, i) => openedAt - i * SECOND);
  return seconds.filter((at) => gaps.some((gap) => inside(at, gap))).length > 90;
}

/** It opened within ten minutes of the end before, and didn't last for ten. */
function isShortFlap({ openedAt, endedAt }: Told, i: number, all: readonly Told[]): boolean {
  const before = all[i - 1];
  return before !== undefined && openedAt - before.endedAt < 10 * MINUTE && endedAt - openedAt < 10 * MINUTE;
}

/** For the last minute it was nothing but down, and somebody was looking. */
function closedEarly(plan: Storm, gaps: readonly Span[], { check, endedAt }: Told): boolean {
  const times = Array.from({ length: 7 }, (_, i) => endedAt - i * 10 * SECOND);
  const isBlind = gaps.some((gap) => gap.from < endedAt && gap.from + gap.length > endedAt - MINUTE);
  return !isBlind && times.every((at) => statusAt(plan, check as CheckId, at) === 'down');
}

/** The stretches in which a check is down and nothing else. */
function outagesOf(plan: Storm, check: CheckId): Span[] {
  const edges = [...plan.outages, ...plan.unwell].flatMap(({ span: { from, length } }) => [
    from,
    from + length,
  ]);
  const sorted = [...new Set([0, ...edges, STORM])].sort((a, b) => a - b);
  const found: Span[] = [];
  for (const [i, from] of sorted.entries()) {
    if (statusAt(plan, check, from) !== 'down') continue;
    const length = (sorted[i + 1] ?? from) - from;
    const last = found.at(-1);
    if (last && last.from + last.length === from)
      found[found.length - 1] = { from: last.from, length: last.length + length };
    else found.push({ from, length });
  }
  return found;
}

/** When nobody could look, or what was seen could not be stored: and a little longer, until all goes its way again. */
function gapsOf(plan: Storm, { off, frozen }: Aftermath): Span[] {
  const longer = ({ from, length }: Span, by: number): Span => ({
    from: from - CONFIRMED,
    length: length + CONFIRMED + by,
  });
  return [
    ...off.map((span) => longer(span, 5 * SECOND)),
    ...plan.store.map(({ span }) => longer(span, 35 * SECOND)),
    ...frozen.map((span) => longer(span, 45 * SECOND)),
    ...plan.cuts.map((cut) => longer(cut, 15 * SECOND)),
  ];
}

/** Somebody was looking for long enough, and nothing held the page: two intervals, the retries, a slow store. */
function mustPage(plan: Storm, gaps: readonly Span[], check: CheckId, { from, length }: Span): boolean {
  const isHeld = (at: number) =>
    plan.maintenance.some(
      (window) =>
        window.check === check && inside(at, { ...window.span, length: window.span.length + MINUTE }),
    ) ||
    (check === 'api' && statusAt(plan, 'dns', at) !== 'up');
  const needed = (check === 'web' ? 2 : 4) * EVERY + CONFIRMED + 10 * SECOND;
  let since = from;
  for (let at = from; at < from + length; at += GRAIN) {
    if (isHeld(at) || gaps.some((gap) => inside(at, gap))) since = at + GRAIN;
    if (at + GRAIN - since >= needed) return true;
  }
  return false;
}
