import type { World } from '../../lib/cases.ts';
import type { Check } from '../../lib/config/compiled.ts';
import type { Incident } from '../../lib/incident.ts';
import type { Latest } from '../../lib/latest.ts';
import { HOUR, NOON } from './readings.ts';
import { configOf } from './world.ts';

export interface Scene {
  readonly checks: readonly Check[];
  readonly now?: number;
  readonly since?: number;
  readonly begun?: number;
  /** By check, then by location. */
  readonly known?: Readonly<Record<string, Readonly<Record<string, Latest>>>>;
  readonly silent?: readonly string[];
  /** Of the open incidents, by subject. */
  readonly open?: Readonly<Record<string, Partial<Incident>>>;
  readonly config?: Partial<World['config']>;
}

/** What home sees in this scene: at noon, all its life long. */
export function worldOf({
  checks,
  now = NOON,
  since = NOON - 24 * HOUR,
  begun = since,
  ...scene
}: Scene): World {
  const locations = [...new Set(checks.flatMap((check) => check.locations))];
  return {
    config: { ...configOf([]), locations, checks, ...scene.config },
    now,
    since,
    begun,
    check: (id) => checks.find((check) => check.id === id),
    known: (id) => new Map(Object.entries(scene.known?.[id] ?? {})),
    silent: new Set(scene.silent),
    open: (subject) => scene.open?.[subject] as Incident | undefined,
  };
}
