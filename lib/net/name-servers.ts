import { Resolver } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock } from '../ports.ts';
import type { Reason } from '../reasons.ts';
import { ask, type DnsAnswer, type NameServer } from './dns.ts';
import { type Question, reasonOf } from './dns-message.ts';
import { Fault, type Limits } from './net.ts';
import { createControl, questionLimit, type Servers } from './resolver.ts';

/** Where name servers listen: RFC 1035, 4.2. */
export const DNS_PORT = 53;

/** With these a server says that it can't help; another one may. c-ares goes on to the next for the same. */
const HELPLESS = ['SERVFAIL', 'NOTIMP', 'REFUSED'];

/**
 * Asks servers one after the other, until one answers; each gets an even share of the time that is left.
 * Throws what the last one failed with.
 */
export async function askInTurn(
  clock: Clock,
  servers: readonly NameServer[],
  question: Question,
  limits: Limits,
): Promise<DnsAnswer> {
  const [server, ...others] = servers;
  if (!server) throw new Fault('self_dns', 'This system has no name server.');
  if (others.length === 0) return ask(clock, server, question, limits);
  const now = clock.monotonic();
  const share = { ...limits, deadline: now + (limits.deadline - now) / servers.length };
  const answer = await ask(clock, server, question, share).catch(ignoreFault);
  return answer && !HELPLESS.includes(answer.rcode) ? answer : askInTurn(clock, others, question, limits);
}

/**
 * Asks the system's name servers. A failure is only believed while they answer the control question: if they
 * fail for everything, it throws `self_dns`.
 */
export function createAskSystem({
  clock,
  servers,
}: Servers): (question: Question, limits: Limits) => Promise<DnsAnswer> {
  const answersOthers = createControl({ clock, servers });
  const believe = async (failure: Reason, limits: Limits): Promise<void> => {
    if (!(await answersOthers(failure, limits)))
      throw new Fault('self_dns', 'Our name servers fail for this name and for everything else.');
  };
  return async (question, limits) => {
    const share = { ...limits, deadline: questionLimit(limits, clock) };
    try {
      const answer = await askInTurn(clock, systemServers(servers), question, share);
      const failure = reasonOf(answer);
      if (failure) await believe(failure, limits);
      return answer;
    } catch (error) {
      if (error instanceof Fault && error.status === 'down') await believe(error.reason, limits);
      throw error;
    }
  };
}

/** c-ares reads the system's settings anew for each resolver. */
const systemServers = (servers: readonly string[] = new Resolver().getServers()): NameServer[] =>
  servers.map(parseServer);

/** The form of c-ares: `192.0.2.53`, `192.0.2.53:53`, `2001:db8::53`, `[2001:db8::53]:53`. */
function parseServer(text: string): NameServer {
  const [, address = text, port = DNS_PORT] = /^\[?(.*?)\]?:(\d+)$/.exec(isIP(text) ? '' : text) ?? [];
  return { address, port: Number(port) };
}

function ignoreFault(error: unknown): undefined {
  if (!(error instanceof Fault)) throw error;
}
