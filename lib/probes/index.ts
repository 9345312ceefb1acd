import type { Probe } from './define.ts';
import { dns } from './dns.ts';
import { http } from './http.ts';
import { tcp } from './tcp.ts';
import { tls } from './tls.ts';

/** Every type of check, once; every other list of them derives from this one. */
const LIST = [http, tls, tcp, dns] as const;

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
