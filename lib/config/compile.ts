import type { z } from 'zod';
import { createPolicy, isCidr } from '../net/policy.ts';
import { notifierOf } from '../notifiers/index.ts';
import type { Json } from '../ports.ts';
import { probeOf } from '../probes/index.ts';
import type { Check, Config, Maintenance, Receiver } from './compiled.ts';
import { type Mistake, type Path, pathText } from './error.ts';
import { makeFields } from './make-fields.ts';
import { isObject, plain } from './plain.ts';
import { brokenRules, type CheckValue, type ReadCheck, type WindowValue } from './rules.ts';
import { nearTo, type Salvaged, salvage } from './salvage.ts';
import { makeSchema } from './schema.ts';

type Schema = ReturnType<typeof makeSchema>;
type Outer = z.output<Schema['outer']>;

/** What a config is compiled to, or everything that is wrong with it. */
export type Compiled = { readonly config: Config } | { readonly mistakes: readonly Mistake[] };

/**
 * Checks what a user wrote and makes the core's config of it: every default in place, files inlined, times in ms.
 * `read` answers the text of a file that the config names, or throws an error of one line.
 */
export function compile(input: unknown, read: (path: string) => string, told: readonly Mistake[] = []): Compiled {
  const { value: raw, mistakes: odd } = plain(input);
  const schema = makeSchema(makeFields({ read, refuses: guardOf(raw) }));
  const outer = salvage(schema.outer, raw, []);
  const checks = listed(raw, 'checks').map((entry, index) => readCheck(schema, entry, ['checks', index]));
  const windows = listed(raw, 'maintenance').map((entry, index) => readWindow(schema.window, entry, ['maintenance', index]));
  const misread = [...told, ...odd, ...[outer, ...checks, ...windows].flatMap(({ mistakes }) => mistakes)];
  const near = nearTo(misread);
  const mistakes = eachOnce([...misread, ...brokenRules(checks, windows).filter((mistake) => !near(mistake))]);
  if (mistakes.length > 0 || !outer.value) return { mistakes };
  return { config: finish(outer.value, valuesOf(checks), valuesOf(windows)) };
}

function readCheck(schema: Schema, entry: Json, path: Path): ReadCheck {
  const check = salvage<CheckValue>(schema.check, entry, path);
  return { ...check, common: check.value ?? salvage(schema.common, entry, path).value };
}

function readWindow({ once, cron }: Schema['window'], entry: Json, path: Path): Salvaged<WindowValue> {
  if (isObject(entry) && ['from', 'to'].some((name) => name in entry)) return salvage<WindowValue>(once, entry, path);
  if (!isObject(entry) || ['cron', 'for'].some((name) => name in entry)) return salvage<WindowValue>(cron, entry, path);
  return { path, raw: entry, value: undefined, mistakes: [{ path, message: 'needs "from" and "to", or "cron" and "for"' }] };
}

function finish(outer: Outer, checks: readonly CheckValue[], windows: readonly WindowValue[]): Config {
  const { name, locations, network, judge, observer, statusPage } = outer;
  return {
    name,
    locations,
    checks: checks.map((check) => finishCheck(check, locations)),
    network,
    judge,
    observer,
    maintenance: windows.map((window): Maintenance => ({ ...window, title: window.title })),
    notify: Object.entries(outer.notify).flatMap(([type, fields]) => (fields ? finishReceiver(type, fields) : [])),
    statusPage: { title: statusPage.title ?? `${name} status`, url: statusPage.url, note: statusPage.note },
  };
}

function finishCheck(value: CheckValue, locations: readonly string[]): Check {
  const check = { ...value, name: value.name ?? value.id, group: value.group, runbook: value.runbook, locations };
  return { ...check, target: probeOf(value.type).target({ ...check, target: '' }) };
}

function finishReceiver(type: string, fields: object): Receiver {
  const { hears, updates } = notifierOf(type);
  return { ...fields, name: type, type, hears, updates };
}

/** What says of a host whether it may be dialled; everything may as long as `network.allow` itself is wrong. */
function guardOf(raw: Json | undefined): (host: string, port?: number) => string | undefined {
  const network = isObject(raw) && isObject(raw.network) ? raw.network : {};
  const allow = network.allow ?? [];
  if (!Array.isArray(allow) || !allow.every((entry) => typeof entry === 'string' && isCidr(entry))) return () => undefined;
  return createPolicy({ allow: allow as string[], self: [] }).refusesHost;
}

function listed(raw: Json | undefined, key: string): readonly Json[] {
  const list = isObject(raw) ? raw[key] : undefined;
  return Array.isArray(list) ? list : [];
}

const valuesOf = <T>(read: readonly Salvaged<T>[]): T[] => read.flatMap(({ value }) => (value === undefined ? [] : [value]));

/** One mistake for each place, the first that was found. */
function eachOnce(mistakes: readonly Mistake[]): Mistake[] {
  return [...new Map(mistakes.toReversed().map((mistake) => [pathText(mistake.path), mistake])).values()].toReversed();
}
