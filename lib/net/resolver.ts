import { Resolver as Ares } from 'node:dns/promises';
import type { Clock } from '../ports.ts';
import type { Reason } from '../reasons.ts';
import { errnoCode, errnoReason } from './errno.ts';
import { isLocalhost, LOOPBACK } from './host.ts';
import type { Hosts } from './hosts.ts';
import { Fault, type Limits } from './net.ts';

/** A question gets at most this long, and at most half of the time that is left. */
const LIMIT_MS = 5_000;

/** How long the other family is waited for once one has answered: RFC 8305, 3. */
const OTHER_FAMILY_MS = 50;

/** A lost packet is sent again after this time, doubled each time (and the next name server is asked). */
const RESEND_MS = 1_000;
const SENDS = 4;

/** As many aliases in a row as BIND 9 follows; a circle has no end. */
export const ALIASES_MAX = 16;

/** Any working resolver knows the root's name servers; it asks them for everything else. */
const CONTROL_NAME = '.';

const REASONS: Readonly<Record<string, Reason>> = {
  ENOTFOUND: 'dns_nxdomain',
  ESERVFAIL: 'dns_servfail',
  EREFUSED: 'dns_refused',
  ENODATA: 'dns_nodata',
  ETIMEOUT: 'dns_timeout',
  ECANCELLED: 'dns_timeout',
  ENOMEM: 'self_memory',
};

/** Of two families' failures the one that says more, first. */
const TELLING: readonly Reason[] = [
  'self_memory',
  'dns_nxdomain',
  'dns_servfail',
  'dns_refused',
  'dns_timeout',
  'dns_error',
  'dns_nodata',
];

const WORDS: Partial<Record<Reason, string>> = {
  dns_nxdomain: 'does not exist',
  dns_servfail: 'cannot be resolved: the name server failed',
  dns_refused: 'cannot be resolved: the name server refused the question',
  dns_nodata: 'has no address',
  dns_timeout: 'cannot be resolved: no answer in time',
};

/** Asks for the addresses of a name, anew each time. Throws `Fault`. */
export type Resolver = (name: string, limits: Limits) => Promise<readonly string[]>;

export interface Servers {
  readonly clock: Clock;
  /** `address` or `address:port`; default: the system's name servers. */
  readonly servers?: readonly string[] | undefined;
}

interface ResolverOptions extends Servers {
  readonly hosts: Hosts;
}

/**
 * Our own resolver: the hosts file, then DNS by c-ares (`dns.lookup` would queue behind hung look-ups in the
 * thread pool). Each question has a channel of its own: fresh ports and ids, nothing cached, and ending it
 * ends nobody else's.
 */
export function createResolver({ clock, hosts, servers }: ResolverOptions): Resolver {
  const ask = createAsk({ clock, servers });
  const answersOthers = createControl({ clock, servers });
  return async (name, limits) => {
    const known = await hosts(name).catch(throwOurFault);
    if (known.length > 0) return known;
    if (isLocalhost(name)) return LOOPBACK;
    const answer = await addressesOf(name, limits);
    if (typeof answer !== 'string') return answer;
    if (answer === 'self_memory' || (await answersOthers(answer, limits)))
      throw new Fault(answer, sentence(name, answer));
    throw new Fault(
      'self_dns',
      `${name} cannot be resolved, and nor can anything else: our resolver does not work.`,
    );
  };

  /** The addresses of both families, or why there are none. */
  async function addressesOf(name: string, limits: Limits): Promise<string[] | Reason> {
    const families = await ask(limits, (ares, endIn) => {
      const hurry = (addresses: string[]) => {
        endIn(OTHER_FAMILY_MS);
        return addresses;
      };
      return Promise.allSettled([ares.resolve4(name).then(hurry), ares.resolve6(name).then(hurry)]);
    });
    const addresses = families.flatMap((family) => (family.status === 'fulfilled' ? family.value : []));
    if (addresses.length > 0) return addresses;
    const reasons = families.map((family) =>
      family.status === 'rejected' ? reasonOf(family.reason) : 'dns_nodata',
    );
    const reason = TELLING.find((one) => reasons.includes(one)) ?? 'dns_error';
    return reason === 'dns_nodata' && (await isEndless(name, limits)) ? 'dns_error' : reason;
  }

  /** Whether a name is an alias of an alias of an alias … */
  function isEndless(name: string, limits: Limits): Promise<boolean> {
    return ask(limits, async (ares) => {
      let alias: string | undefined = name;
      for (let hops = 0; hops < ALIASES_MAX && alias !== undefined; hops++) {
        [alias] = await ares.resolveCname(alias).catch(() => []); // no alias: the chain ends here
      }
      return alias !== undefined;
    });
  }
}

/** Tells a broken name from a broken resolver: one that fails for everything in the same way is broken. */
export function createControl(servers: Servers): (failure: Reason, limits: Limits) => Promise<boolean> {
  const ask = createAsk(servers);
  return async (failure, limits) => {
    try {
      await ask(limits, (ares) => ares.resolveNs(CONTROL_NAME));
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      return (reason === 'dns_nxdomain' || reason === 'dns_nodata') && reason !== failure;
    }
  };
}

/** Asks on a new channel; at the limit, whatever is pending in it ends with `ECANCELLED`. */
function createAsk({ clock, servers }: Servers) {
  return async <T>(
    limits: Limits,
    question: (ares: Ares, endIn: (ms: number) => void) => Promise<T>,
  ): Promise<T> => {
    const ares = new Ares({ timeout: RESEND_MS, tries: SENDS });
    if (servers) ares.setServers(servers);
    const end = () => ares.cancel();
    const timers: (() => void)[] = [];
    const endIn = (ms: number) => {
      timers.push(clock.after(ms, end));
    };
    endIn(Math.max(0, questionLimit(limits, clock) - clock.monotonic()));
    limits.signal.addEventListener('abort', end);
    try {
      const answer = question(ares, endIn);
      if (limits.signal.aborted) end();
      return await answer;
    } finally {
      for (const cancel of timers) cancel();
      limits.signal.removeEventListener('abort', end);
    }
  };
}

/** Monotonic ms by which a question must be answered, so that time is left for the control question. */
export function questionLimit({ deadline }: Limits, clock: Clock): number {
  const now = clock.monotonic();
  return now + Math.min(LIMIT_MS, (deadline - now) / 2);
}

const reasonOf = (error: unknown): Reason => REASONS[errnoCode(error)] ?? 'dns_error';

const sentence = (name: string, reason: Reason): string =>
  `${name} ${WORDS[reason] ?? 'cannot be resolved: the answer is not usable'}.`;

function throwOurFault(error: unknown): never {
  const reason = errnoReason(error) ?? 'self_dns';
  throw new Fault(reason, `The hosts file cannot be read (${errnoCode(error)}).`, { cause: error });
}
