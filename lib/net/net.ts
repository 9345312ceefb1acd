import type { Socket } from 'node:net';
import type { Clock } from '../ports.ts';
import type { Facts, Phases, Status } from '../reading.ts';
import { type Reason, statusOf } from '../reasons.ts';
import type { DnsAnswer } from './dns.ts';
import type { Question } from './dns-message.ts';
import { addPhases } from './stopwatch.ts';

/**
 * The door to the network. A name is resolved once, every address it has is classified, the socket goes to
 * an address that was classified. Probes, notifiers and everything else that dials is handed this.
 */
export interface Net {
  /** By which its deadlines and phases are measured; what is built on a dialled socket uses it too. */
  readonly clock: Clock;
  /** A fresh TCP connection; throws `Fault`. */
  dial(target: Target, limits: Limits): Promise<Dialled>;
  /** The addresses of a name, classified; throws `Fault` (`dns_…`, `target_refused`, `self_dns`). */
  resolve(host: string, limits: Limits): Promise<Resolved>;
  /**
   * One question of DNS, to `resolver` (port 53, if it has none) or to the system's name servers. Throws `Fault`
   * for want of an answer, and `self_dns` when the system's servers fail for this question and for all else.
   */
  ask(question: Question, resolver: Target['connectTo'], limits: Limits): Promise<DnsAnswer>;
}

export interface Target {
  /** A name or a literal address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Dialled in place of what the name resolves to; name, SNI and Host stay. */
  readonly connectTo?: { readonly host: string; readonly port: number | undefined } | undefined;
}

export interface Limits {
  /** Monotonic ms by which it must be over. */
  readonly deadline: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface Resolved {
  readonly addresses: readonly Address[];
  readonly ms: number;
}

export interface Dialled extends Address {
  readonly socket: Socket;
  readonly port: number;
  readonly phases: Pick<Phases, 'dns' | 'connect'>;
  /** What an attempt on another address met, say: `ipv6: "connect_timeout"`. */
  readonly facts: Facts;
}

/** Why something on the network failed, in the words of docs/reasons.md. It is data, not a defect. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly reason: Reason;
  readonly status: Status;
  readonly phases: Phases;
  readonly facts: Facts;
  /** Every reason, worst first, where there is more than one. */
  readonly reasons: readonly Reason[];

  constructor(
    reason: Reason,
    message: string,
    more: {
      cause?: unknown;
      phases?: Phases;
      facts?: Facts;
      reasons?: readonly Reason[];
      status?: Status;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.reason = reason;
    this.status = more.status ?? statusOf(reason);
    this.phases = more.phases ?? {};
    this.facts = more.facts ?? {};
    this.reasons = more.reasons ?? [reason];
  }

  /** The same fault with what was measured before it. */
  after(phases: Phases, facts: Facts = {}): Fault {
    const { reason, message, cause, reasons, status } = this;
    const more = { phases: addPhases(phases, this.phases), facts: { ...facts, ...this.facts } };
    return new Fault(reason, message, { cause, reasons, status, ...more });
  }
}
