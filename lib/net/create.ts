import { isIP, isIPv6 } from 'node:net';
import type { Clock } from '../ports.ts';
import type { DnsAnswer } from './dns.ts';
import type { Question } from './dns-message.ts';
import { isLocalhost, parseHost, parseName } from './host.ts';
import { hostsFile } from './hosts.ts';
import { askInTurn, createAskSystem, DNS_PORT } from './name-servers.ts';
import {
  type Address,
  type Dialled,
  Fault,
  type Limits,
  type Net,
  type Resolved,
  type Target,
} from './net.ts';
import { createPolicy, type PolicyOptions } from './policy.ts';
import { race } from './race.ts';
import { Recent } from './recent.ts';
import { createResolver } from './resolver.ts';
import { stopwatch } from './stopwatch.ts';

export interface NetOptions extends PolicyOptions {
  readonly clock: Clock;
  /** Name servers, `address` or `address:port`; default: the system's. */
  readonly servers?: readonly string[];
}

/** Hosts whose reading is remembered. */
const REMEMBERED_MAX = 20_000;

/** The door to the network. Proxies and TLS settings of the environment play no part in it. */
export function createNet({ clock, allow, self, servers }: NetOptions): Net {
  const policy = createPolicy({ allow, self });
  /** As they are written → as they are looked up; the empty text: no host. */
  const hosts = new Recent<string>(REMEMBERED_MAX);
  const lookUp = createResolver({ clock, hosts: hostsFile('/etc/hosts', clock), servers });
  const askSystem = createAskSystem({ clock, servers });
  return { clock, dial, resolve: (host, limits) => resolve(host, undefined, limits), ask };

  /** The name is resolved once: the socket goes to an address that was classified, whatever DNS says next. */
  async function dial({ host, port, connectTo }: Target, limits: Limits): Promise<Dialled> {
    const dialled = connectTo ? { host: connectTo.host, port: connectTo.port ?? port } : { host, port };
    const resolved = await resolve(dialled.host, dialled.port, limits);
    const watch = stopwatch(clock, isIP(dialled.host) ? {} : { dns: resolved.ms });
    watch.start('connect');
    try {
      const won = await race(resolved.addresses, dialled.port, clock, limits);
      return { ...won, port: dialled.port, phases: watch.stop() };
    } catch (error) {
      throw error instanceof Fault ? error.after(watch.stop()) : error;
    }
  }

  async function resolve(text: string, port: number | undefined, limits: Limits): Promise<Resolved> {
    const started = clock.monotonic();
    const host = hosts.recall(text, () => parseHost(text) ?? '');
    if (host === '') throw new Fault('dns_error', `"${text}" is not a host name.`);
    refuse(policy.refusesHost(host, port));
    try {
      const found = isIP(host) ? [host] : await lookUp(host, limits);
      return { addresses: permitted(host, found, port), ms: clock.monotonic() - started };
    } catch (error) {
      throw error instanceof Fault ? error.after({ dns: clock.monotonic() - started }) : error;
    }
  }

  async function ask(question: Question, resolver: Target['connectTo'], limits: Limits): Promise<DnsAnswer> {
    const name = parseName(question.name);
    if (name === undefined) throw new Fault('dns_error', `"${question.name}" is not a name.`);
    if (!resolver) return askSystem({ ...question, name }, limits);
    const port = resolver.port ?? DNS_PORT;
    const { addresses } = await resolve(resolver.host, port, limits);
    const listening = addresses.map(({ address }) => ({ address, port }));
    return askInTurn(clock, listening, { ...question, name }, limits);
  }

  /** One refused address refuses the whole name. Not so localhost: of its addresses no stranger decides. */
  function permitted(host: string, found: readonly string[], port: number | undefined): Address[] {
    const all = [...new Set(found)].map((address) => ({ address, why: policy.refuses(address, port) }));
    const fine = all.filter(({ why }) => why === undefined);
    const wrong = all.find(({ why }) => why !== undefined);
    if (wrong && !(isLocalhost(host) && fine.length > 0)) refuse(`${host}: ${wrong.why}`);
    return fine.map(({ address }) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  }
}

function refuse(why: string | undefined): void {
  if (why !== undefined) throw new Fault('target_refused', why);
}
