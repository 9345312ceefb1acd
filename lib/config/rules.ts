import type { z } from 'zod';
import { isOfAccount } from '../probes/account.ts';
import { PROBES } from '../probes/index.ts';
import { hashOf } from '../schedule.ts';
import { showDuration } from './duration.ts';
import { type Mistake, type Path, pathText } from './error.ts';
import { isObject } from './plain.ts';
import { mistypedIn, type Salvaged } from './salvage.ts';
import type { makeSchema } from './schema.ts';
import { didYouMean, NAMES_MAX } from './suggest.ts';

type Schema = ReturnType<typeof makeSchema>;
export type CheckValue = z.output<Schema['check']>;
export type WindowValue = z.output<Schema['window']['once'] | Schema['window']['cron']>;

/** A check as far as it can be read: `value` only when all of it can, `common` already when it has an id. */
export interface ReadCheck extends Salvaged<CheckValue> {
  readonly common: z.output<Schema['common']> | undefined;
}

type Checks = readonly ReadCheck[];

/** What no look at a single field can tell. Each rule names its mistakes; none stops the others. */
export function brokenRules(checks: Checks, windows: readonly Salvaged<WindowValue>[]): Mistake[] {
  const ids = new Map(
    checks.flatMap((check): [string, ReadCheck][] => (check.common ? [[check.common.id, check]] : [])),
  );
  return [
    ...checks.flatMap(timing),
    ...checks.flatMap(haste),
    ...checks.flatMap(ofItsType),
    ...sameIds(checks),
    ...checks.flatMap((check) => parents(check, ids)),
    ...checks.flatMap((check) => heartbeats(check, ids)),
    ...circles(ids),
    ...windows.flatMap((window) => windowRules(window, ids)),
  ];
}

function timing(check: ReadCheck): Mistake[] {
  const { common, raw, path } = check;
  if (!common || common.timeout < common.every || isMistyped(check, 'timeout') || isMistyped(check, 'every'))
    return [];
  const own = isObject(raw) && raw.timeout !== undefined;
  const timeout = `${showDuration(common.timeout)}${own ? '' : ' (the default)'}`;
  const message = `${timeout} is not less than "every" (${showDuration(common.every)}): a try must be over before the next run is due`;
  return [{ path: [...path, 'timeout'], message }];
}

/** What looks at the account asks APIs that hold back who asks often, and changes within days. */
function haste({ value, path }: ReadCheck): Mistake[] {
  if (!value || !isOfAccount(value.type) || value.every >= OFTEN_MS) return [];
  const message = `must be at least ${JSON.stringify(showDuration(OFTEN_MS))} for a check of type ${JSON.stringify(value.type)}`;
  return [{ path: [...path, 'every'], message }];
}
const OFTEN_MS = 60_000;

/** Whether a field has its default only because its name is mistyped. */
const isMistyped = ({ raw, path, mistakes }: ReadCheck, name: string): boolean =>
  isObject(raw) && raw[name] === undefined && mistypedIn(mistakes)([...path, name]);

/** Not asked while a name in the check is mistyped: what it says may follow from a default in that one's place. */
function ofItsType({ value, path, mistakes }: ReadCheck): Mistake[] {
  if (!value || mistakes.some(({ message }) => message.startsWith('unknown key; did you mean'))) return [];
  const faults = PROBES.get(value.type)?.refine?.(value) ?? [];
  return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

/** Ids that people can't tell apart, and those which a packed reading couldn't. */
function sameIds(checks: Checks): Mistake[] {
  const byFold = new Map<string, ReadCheck>();
  const byHash = new Map<number, string>();
  return checks.flatMap((check) => {
    if (!check.common) return [];
    const { id } = check.common;
    const path = [...check.path, 'id'];
    const first = byFold.get(fold(id));
    if (first?.common) return [{ path, message: sameAs(id, first.common.id, pathText(first.path)) }];
    byFold.set(fold(id), check);
    const other = byHash.get(hashOf(id));
    byHash.set(hashOf(id), id);
    return other === undefined
      ? []
      : [
          {
            path,
            message: `has by chance the same 32-bit hash as ${JSON.stringify(other)}; change one of them a little`,
          },
        ];
  });
}

const sameAs = (id: string, first: string, where: string): string =>
  first === id
    ? `is also the id of ${where}`
    : `differs from the id of ${where}, ${JSON.stringify(first)}, only in case or form`;

/** What stays of an id when case, Unicode forms and invisible characters don't count. */
const fold = (id: string): string => (ASCII.test(id) ? id.toLowerCase() : foldUnicode(id));

const ASCII = /^[\x20-\x7e]*$/;

const foldUnicode = (id: string): string =>
  id
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC');

type Ids = ReadonlyMap<string, ReadCheck>;

function parents(check: ReadCheck, ids: Ids): Mistake[] {
  const { common, mistakes } = check;
  if (!common) return [];
  return common.dependsOn.flatMap((id) => {
    const at = pathOfParent(check, id);
    const parent = ids.get(id);
    if (!parent) return [{ path: at, message: unknownId(id, ids) }];
    const lower = common.severity === 'page' && parent.common?.severity === 'ticket';
    const sure = mistakes.length === 0 && parent.mistakes.length === 0;
    return lower && sure
      ? [
          {
            path: at,
            message: `${JSON.stringify(id)} is only a "ticket" and would hold back the "page" of this check; make it a "page", too`,
          },
        ]
      : [];
  });
}

/** What a check hears of must be a heartbeat. */
function heartbeats({ value, path }: ReadCheck, ids: Ids): Mistake[] {
  const id = value && PROBES.get(value.type)?.hears?.(value as never);
  const named = id === undefined ? undefined : ids.get(id);
  if (id === undefined || named?.value?.type === 'heartbeat') return [];
  const message = named ? `${JSON.stringify(id)} is no check of type "heartbeat"` : unknownId(id, ids);
  return [{ path: [...path, 'restoreTest', 'heartbeat'], message }];
}

/** By what the user wrote: an entry that was left out has changed the numbers in what was read. */
function pathOfParent({ path, raw }: ReadCheck, id: string): Path {
  const written = isObject(raw) && Array.isArray(raw.dependsOn) ? raw.dependsOn : [];
  return [...path, 'dependsOn', written.indexOf(id)];
}

const unknownId = (id: string, ids: Ids): string =>
  `no check has the id ${JSON.stringify(id)}${ids.size > NAMES_MAX ? '' : didYouMean(id, [...ids.keys()])}`;

/** Each circle of dependsOn once, told at the check that closes it. */
function circles(ids: Ids): Mistake[] {
  const done = new Set<string>();
  const mistakes: Mistake[] = [];
  for (const start of ids.keys()) {
    // The way down from `start`, with the next parent to look at: no recursion, a chain may be 100,000 long.
    if (done.has(start)) continue;
    const trail = new Map([[start, 0]]);
    const way = [start];
    for (let id = way.at(-1); id !== undefined; id = way.at(-1)) {
      const entry = trail.get(id) ?? 0;
      const check = ids.get(id);
      const parent = check?.common?.dependsOn[entry];
      trail.set(id, entry + 1);
      if (!check || parent === undefined) {
        done.add(id);
        trail.delete(id);
        way.pop();
      } else if (trail.has(parent)) {
        mistakes.push({
          path: pathOfParent(check, parent),
          message: circle([...way.slice(way.indexOf(parent)), parent]),
        });
      } else if (ids.has(parent) && !done.has(parent)) {
        trail.set(parent, 0);
        way.push(parent);
      }
    }
  }
  return mistakes;
}

function circle(loop: readonly string[]): string {
  if (loop.length === 2) return 'a check cannot depend on itself';
  const shown = loop.length > 8 ? [...loop.slice(0, 6), '…', ...loop.slice(-1)] : loop;
  return `goes in a circle: ${shown.join(' → ')}`;
}

function windowRules({ value, raw, path }: Salvaged<WindowValue>, ids: Ids): Mistake[] {
  const checks: unknown = isObject(raw) ? raw.checks : undefined;
  const named = Array.isArray(checks) ? checks : [];
  const unknown = named.flatMap((id, index) =>
    typeof id !== 'string' || ids.has(id)
      ? []
      : [{ path: [...path, 'checks', index], message: unknownId(id, ids) }],
  );
  const backwards = value && 'from' in value && value.to <= value.from;
  return backwards ? [...unknown, { path: [...path, 'to'], message: 'must be after "from"' }] : unknown;
}
