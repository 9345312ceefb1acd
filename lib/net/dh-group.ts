import { checkPrime } from 'node:crypto';
import { promisify } from 'node:util';
import type { Issue } from '../probes/finding.ts';
import { bareHello, DHE_SUITES } from './bare-hello.ts';
import { holdTo } from './hold.ts';
import { Fault, type Limits, type Net, type Target } from './net.ts';
import { Recent } from './recent.ts';
import { nothing } from './tls-fault.ts';

const isPrime: (candidate: bigint) => Promise<boolean> = promisify(checkPrime);

/** What is wrong with a modulus, by its hex: telling takes a fifth of a second of another thread. */
const judged = new Recent<string>(100);

/** Larger ones aren't judged, since that takes many seconds; 3072 bits take one and a half. */
const BYTES_MAX = 3072 / 8;

/**
 * What is wrong with the Diffie-Hellman group of a server that uses one, its size apart. OpenSSL doesn't show
 * the modulus, so that the server is asked once more.
 */
export async function groupIssues(
  net: Net,
  target: Target,
  servername: string,
  limits: Limits,
): Promise<Issue[]> {
  const message = await groupFault(net, target, servername, limits).catch(nothing);
  return message ? [{ reason: 'weak_dh', message }] : [];
}

async function groupFault(
  net: Net,
  target: Target,
  servername: string,
  limits: Limits,
): Promise<string | undefined> {
  const choice = await bareHello(net, target, { suites: DHE_SUITES, servername }, limits);
  if (!choice?.modulus || choice.modulus.length > BYTES_MAX) return undefined;
  const hold = holdTo(limits, net.clock);
  return hold.during(faultOf(choice.modulus.toString('hex')), late).finally(hold.release);
}

const late = () => new Fault('tls_timeout', 'The Diffie-Hellman group could not be judged in time.');

async function faultOf(hex: string): Promise<string> {
  const known = judged.get(hex) ?? (await judge(BigInt(`0x${hex}`)));
  judged.set(hex, known);
  return known;
}

async function judge(modulus: bigint): Promise<string> {
  if (!(await isPrime(modulus))) return 'The modulus of the Diffie-Hellman group is not prime.';
  if (!(await isPrime((modulus - 1n) / 2n)))
    return 'The Diffie-Hellman group has small subgroups: its prime is not a safe one.';
  return '';
}
