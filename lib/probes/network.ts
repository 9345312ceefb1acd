import type { RunProbe } from '../observe.ts';
import { dns } from './dns.ts';
import { http } from './http.ts';
import { tcp } from './tcp.ts';
import { tls } from './tls.ts';

/** The types of checks that run at every location. */
export const NETWORK_PROBES = [http, tls, tcp, dns] as const;

/** What runs a check of such a type. */
export function runOfNetwork(type: string): RunProbe {
  const probe = NETWORK_PROBES.find((one) => one.type === type);
  if (!probe) throw new TypeError(`no probe of type ${type} runs here`);
  return probe.run as unknown as RunProbe;
}
