import type { RunProbe } from '../observe.ts';
import { ACCOUNT_PROBES, type Account, isOfAccount, runOfAccount } from './account.ts';
import type { Probe } from './define.ts';
import { NETWORK_PROBES, runOfNetwork } from './network.ts';

/** Every type of check, once; every other list of them derives from this one. */
const LIST = [...NETWORK_PROBES, ...ACCOUNT_PROBES] as const;

/** The probes with their types: what the types of the config are made of. */
export type KnownProbe = (typeof LIST)[number];

/**
 * The probes by type. A check that was compiled under `type` is of the shape that the probe of that type wants,
 * which is why the shapes can be forgotten here.
 */
export const PROBES: ReadonlyMap<string, Probe> = new Map(
  LIST.map((probe): [string, Probe] => [probe.type, probe as unknown as Probe]),
);

/** The probe of a type that the config knows. */
export function probeOf(type: string): Probe {
  const probe = PROBES.get(type);
  if (!probe) throw new TypeError(`no probe of type ${type}`);
  return probe;
}

/** What runs checks of any type, where one process runs all. */
export const runOf =
  (account: Account) =>
  (type: string): RunProbe =>
    isOfAccount(type) ? runOfAccount(type, account) : runOfNetwork(type);
