import type { z } from 'zod';
import { createPolicy, isCidr } from '../net/policy.ts';
import { notifierOf } from '../notifiers/index.ts';
import { overfull } from '../permissions.ts';
import type { Json } from '../ports.ts';
import { isOfAccount } from '../probes/account.ts';
import { probeOf } from '../probes/index.ts';
import { ACCOUNT } from '../reading.ts';
import { locationRules } from './aws.ts';
import type { Aws, Check, Config, Maintenance, Place, Receiver } from './compiled.ts';
import { wrongCost } from './cost.ts';
import { type Mistake, type Path, pathText } from './error.ts';
import { type Around, makeFields } from './make-fields.ts';
import { isObject, plain } from './plain.ts';
import { brokenRules, type CheckValue, type ReadCheck, type WindowValue } from './rules.ts';
import { nearTo, type Salvaged, salvage } from './salvage.ts';
import { makeSchema } from './schema.ts';

type Outer = z.output<typeof SCHEMA.outer>;

/** What a config is compiled to, or everything that is wrong with it. */
export type Compiled = { readonly config: Config } | { readonly mistakes: readonly Mistake[] };

/** What the config at hand may name: set while it is read, which nothing interrupts. */
let around: Around;

/** Made once: to make it takes longer than to read most configs by it. */
const SCHEMA = makeSchema(
  makeFields({
    read: (path) => around.read(path),
    locate: (path) => around.locate(path),
    refuses: (host, port) => around.refuses(host, port),
  }),
);

/**
 * Checks what a user wrote and makes the core's config of it: every default in place, files inlined, times in ms.
 * `read` answers the text of a file that the config names, or throws an error of one line; `place`: where it is to be
 * used; `told`: what is already known to be wrong; `locate`: what makes a path in the config an absolute one.
 */
export function compile(
  input: unknown,
  read: (path: string) => string,
  place: Place = 'machine',
  told: readonly Mistake[] = [],
  locate: (path: string) => string = (path) => path,
): Compiled {
  const { value: raw, mistakes: odd } = plain(input);
  around = { read, locate, refuses: guardOf(raw) };
  const outer = salvage(SCHEMA.outer, raw, []);
  const checks = listed(raw, 'checks').map((entry, index) => readCheck(entry, ['checks', index]));
  const windows = listed(raw, 'maintenance').map((entry, index) => readWindow(entry, ['maintenance', index]));
  const misread = [...told, ...odd, ...[outer, ...checks, ...windows].flatMap(({ mistakes }) => mistakes)];
  const near = nearTo(misread);
  const broken = [...brokenRules(checks, windows), ...locationRules(raw, checks, place, misread)];
  const mistakes = eachOnce([...misread, ...broken.filter((mistake) => !near(mistake))]);
  if (mistakes.length > 0 || !outer.value) return { mistakes };
  const config = finish(outer.value, valuesOf(checks), valuesOf(windows), place);
  const beyond = [
    ...misrouted(config),
    ...wrongCost(config),
    ...(place === 'aws' && config.aws ? [...stranded(config), ...overfull(config, config.aws)] : []),
  ];
  return beyond.length > 0 ? { mistakes: beyond } : { config };
}

/** A route to somebody who isn't configured would lose what goes there. */
const misrouted = ({ routes, notify }: Config): Mistake[] =>
  routes.flatMap(({ notify: names = [] }, index) =>
    names
      .filter((name) => !notify.some((receiver) => receiver.name === name))
      .map((name) => ({
        path: ['routes', index, 'notify'],
        message: `${JSON.stringify(name)} is not configured in "notify"`,
      })),
  );

/** What needs this machine can't run on AWS. */
const stranded = ({ checks }: Config): Mistake[] =>
  checks.flatMap((check, index) => {
    const why = probeOf(check.type).onlyHere?.(check as never);
    return why === undefined ? [] : [{ path: ['checks', index, 'source'], message: `is ${why}` }];
  });

function readCheck(entry: Json, path: Path): ReadCheck {
  const check = salvage<CheckValue>(SCHEMA.check, entry, path);
  return { ...check, common: check.value ?? salvage(SCHEMA.common, entry, path).value };
}

function readWindow(entry: Json, path: Path): Salvaged<WindowValue> {
  const { once, cron } = SCHEMA.window;
  if (isObject(entry) && ['from', 'to'].some((name) => name in entry))
    return salvage<WindowValue>(once, entry, path);
  if (!isObject(entry) || ['cron', 'for'].some((name) => name in entry))
    return salvage<WindowValue>(cron, entry, path);
  return {
    path,
    raw: entry,
    value: undefined,
    mistakes: [{ path, message: 'needs "from" and "to", or "cron" and "for"' }],
  };
}

function finish(
  outer: Outer,
  checks: readonly CheckValue[],
  windows: readonly WindowValue[],
  place: Place,
): Config {
  const { name, network, judge, observer, statusPage } = outer;
  const aws = outer.aws && finishAws(outer.aws);
  const everywhere = (place === 'aws' && aws?.locations) || ['local'];
  const finished = checks.map((check) => finishCheck(check, everywhere, place));
  const ofAccount = finished.some((check) => check.locations.includes(ACCOUNT));
  return {
    name,
    locations: ofAccount ? [...everywhere, ACCOUNT] : everywhere,
    aws,
    checks: finished,
    network,
    judge,
    observer,
    maintenance: windows.map((window): Maintenance => ({ ...window, title: window.title })),
    notify: Object.entries(outer.notify).flatMap(([type, fields]) =>
      fields ? finishReceiver(type, fields) : [],
    ),
    routes: outer.routes,
    drill: outer.drill,
    deadMansSwitch: outer.deadMansSwitch,
    quietHours: outer.quietHours,
    alarms: outer.alarms,
    cost: { ...outer.cost, anomalies: outer.cost.anomalies },
    statusPage: { title: statusPage.title ?? `${name} status`, url: statusPage.url, note: statusPage.note },
  };
}

const finishAws = (aws: NonNullable<Outer['aws']>): Aws => ({
  ...aws,
  serviceRegion: aws.serviceRegion,
  domain: aws.domain,
});

function finishCheck(value: CheckValue, everywhere: readonly string[], place: Place): Check {
  const { target, looksEvery, says } = probeOf(value.type);
  const check = {
    ...value,
    name: value.name ?? value.id,
    group: value.group,
    runbook: value.runbook,
    locations: locationsOf(value, everywhere, place),
    ...(looksEvery !== undefined && { every: looksEvery, period: value.every }),
    ...(says && { says }),
  };
  return { ...check, target: target({ ...check, target: '' }) };
}

function locationsOf({ type, locations }: CheckValue, everywhere: readonly string[], place: Place) {
  if (place === 'machine') return everywhere;
  return isOfAccount(type) ? [ACCOUNT] : (locations ?? everywhere);
}

function finishReceiver(type: string, fields: object): Receiver {
  const { hears, updates } = notifierOf(type);
  return { ...fields, name: type, type, hears, updates };
}

/** What says of a host whether it may be dialled; everything may as long as `network.allow` itself is wrong. */
function guardOf(raw: Json | undefined): (host: string, port?: number) => string | undefined {
  const network = isObject(raw) && isObject(raw.network) ? raw.network : {};
  const allow = network.allow ?? [];
  if (!Array.isArray(allow) || !allow.every((entry) => typeof entry === 'string' && isCidr(entry)))
    return () => undefined;
  return createPolicy({ allow: allow as string[], self: [] }).refusesHost;
}

function listed(raw: Json | undefined, key: string): readonly Json[] {
  const list = isObject(raw) ? raw[key] : undefined;
  return Array.isArray(list) ? list : [];
}

const valuesOf = <T>(read: readonly Salvaged<T>[]): T[] =>
  read.flatMap(({ value }) => (value === undefined ? [] : [value]));

/** Longer ones repeat what the user wrote. */
const MESSAGE_MAX = 300;

/** One mistake for each place, the first that was found. */
function eachOnce(mistakes: readonly Mistake[]): Mistake[] {
  const places = new Map<string, Mistake>();
  for (const { path, message } of mistakes) {
    const place = pathText(path);
    const short = message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX).toWellFormed()}…` : message;
    if (!places.has(place)) places.set(place, { path, message: short });
  }
  return [...places.values()];
}
