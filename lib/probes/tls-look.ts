import { groupIssues } from '../net/dh-group.ts';
import { type Address, Fault, type Limits, type Net, type Target } from '../net/net.ts';
import { type RevocationPolicy, revocation } from '../net/revocation.ts';
import { handshake, type TlsOptions } from '../net/tls.ts';
import { type Facts, type Finding, type Phases, STATUSES } from '../reading.ts';
import { found, type Issue } from './finding.ts';

/** What one address had to show. */
interface Look {
  readonly address: string;
  /** Whether there was a TCP connection to it. */
  readonly connected: boolean;
  readonly issues: readonly Issue[];
  readonly phases: Phases;
  readonly facts: Facts;
}

interface LookOptions extends TlsOptions {
  readonly revocation: RevocationPolicy['mode'] | 'off';
}

/** Offered so that a web server says what it speaks; it is a fact and no fault. */
const ALPN = ['h2', 'http/1.1'];

/** Of the addresses of a name so many are looked at, each on a connection of its own. */
const ADDRESSES_MAX = 6;

/** How long each may take to connect where there are others, ms: a dead one must not use up the time. */
const CONNECT_MS = 3_000;

/** Looks at every address of a target, all at the same time. */
export function lookAtEach(
  addresses: readonly Address[],
  net: Net,
  target: Target,
  options: LookOptions,
  limits: Limits,
): Promise<Look[]> {
  const connectBy = addresses.length > 1 ? net.clock.monotonic() + CONNECT_MS : undefined;
  const looks = addresses.slice(0, ADDRESSES_MAX).map(({ address }) => {
    const at = { ...target, connectTo: { host: address, port: target.connectTo?.port } };
    return look(net, at, address, { ...options, alpn: ALPN, settle: true, connectBy }, limits);
  });
  return Promise.all(looks);
}

async function look(
  net: Net,
  target: Target,
  address: string,
  options: LookOptions,
  limits: Limits,
): Promise<Look> {
  try {
    const secured = await handshake(net, target, options, limits);
    secured.socket.destroy();
    const { phases, issues, facts } = secured;
    const isDh = String(facts.keyExchange).startsWith('DH ');
    const group = isDh ? await groupIssues(net, target, options.servername ?? target.host, limits) : [];
    const { ca, revocation: mode } = options;
    const revoked = mode === 'off' ? undefined : await revocation(net, secured, { mode, ca }, limits);
    return {
      address,
      connected: true,
      phases,
      issues: [...issues, ...group, ...(revoked?.issues ?? [])],
      facts: { address, ...facts, ...revoked?.facts },
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { reason, message, status, phases, facts } = error;
    const issues = [{ reason, message, status }];
    return { address, connected: 'tls' in phases, issues, phases, facts };
  }
}

/**
 * The worst of all looks decides, and what is wrong anywhere is told. An address that nobody answers at is no
 * fault of the certificates: where another one answers, it is only a fact. `before`: what was done for all.
 */
export function together(looks: readonly Look[], before: Phases): Finding {
  const connected = looks.filter((one) => one.connected);
  const counted = connected.length > 0 ? connected : looks;
  const { phases, facts } = counted.toSorted((a, b) => rank(a) - rank(b))[0] as Look;
  const all = { ...before, ...phases };
  const addresses = Object.fromEntries(
    looks.map(({ address, issues }) => [address, issues[0]?.reason ?? 'ok']),
  );
  return found(
    counted.flatMap((one) => told(one, counted)),
    {
      latencyMs: Object.values(all).reduce((sum, ms) => sum + ms, 0),
      phases: all,
      facts: looks.length > 1 ? { ...facts, addresses } : facts,
    },
  );
}

const rank = ({ issues }: Look): number => STATUSES.indexOf(found(issues, { latencyMs: 0 }).status);

/** What is wrong at one address: said once if it is wrong everywhere, else with the address. */
function told(one: Look, all: readonly Look[]): Issue[] {
  const isEverywhere = ({ reason, message }: Issue) =>
    all.every(({ issues }) => issues.some((other) => other.reason === reason && other.message === message));
  return one.issues.flatMap((issue) => {
    if (isEverywhere(issue)) return one === all[0] ? [issue] : [];
    return [{ ...issue, message: `${one.address}: ${issue.message}` }];
  });
}
