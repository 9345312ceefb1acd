import type { Check } from '../../lib/config/compiled.ts';
import { type Kept, type Latest, shardOfReadings } from '../../lib/latest.ts';
import type { Reading, Status } from '../../lib/reading.ts';
import { hashOf } from '../../lib/schedule.ts';
import { configOf } from './world.ts';

/** When the tests take place: the start of an hour, epoch ms. */
export const NOON = Date.UTC(2026, 2, 14, 12);

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A check as the config compiles it: every minute from one location. */
export function checkOf(id = 'api', more: Partial<Check> = {}): Check {
  return { ...(configOf([id]).checks[0] as Check), every: MINUTE, ...more };
}

export function readingOf(check: string, status: Status, at: number, more: Partial<Reading> = {}): Reading {
  const reasons: Record<Status, Reading['reasons']> = {
    up: [],
    degraded: ['too_slow'],
    down: ['connect_refused'],
    unknown: ['self_error'],
  };
  const message = status === 'up' ? '' : `It is ${status}.`;
  const finding = { reasons: reasons[status], message, latencyMs: 20, phases: {}, facts: {} };
  return { check, status, at, tries: 1, ...finding, ...more };
}

/** A reading as it is kept. */
export const keptOf = (status: Status, at: number, more: Partial<Kept> = {}): Kept => ({
  hash: hashOf('api'),
  at,
  status,
  latencyMs: 20,
  tries: 1,
  ...more,
});

/** What is known after these statuses, oldest first, `every` ms apart, the newest at `at`. */
export function latestOf(statuses: readonly Status[], at: number, every = MINUTE): Latest {
  const readings = statuses.map((status, i) => keptOf(status, at - (statuses.length - 1 - i) * every));
  return shardOfReadings(at, readings).checks.get(hashOf('api')) as Latest;
}
