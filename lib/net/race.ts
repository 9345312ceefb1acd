import { connect, type Socket } from 'node:net';
import type { Clock } from '../ports.ts';
import type { Facts } from '../reading.ts';
import { type Reason, statusOf } from '../reasons.ts';
import { errnoCode, errnoReason } from './errno.ts';
import { hostPort } from './host.ts';
import { type Address, Fault, type Limits } from './net.ts';

/** The next attempt starts after this time, or when one has failed: RFC 8305, 5. */
const NEXT_ATTEMPT_MS = 250;

/** However many addresses a name has. */
const MAX_ATTEMPTS = 6;

interface Failure {
  readonly reason: Reason;
  /** The system's code, or what else to say of it. */
  readonly words: string;
}

const NO_ANSWER: Failure = { reason: 'connect_timeout', words: 'no answer' };
const REFUSED: Failure = { reason: 'connect_refused', words: 'ECONNREFUSED' };

interface Attempt extends Address {
  readonly socket: Socket;
  readonly since: number;
  /** Why it failed; undefined while nothing has answered. */
  failure?: Failure;
}

interface Won extends Address {
  readonly socket: Socket;
  /** The other family, where it was tried in vain: `ipv6: "connect_timeout"`. */
  readonly facts: Facts;
}

/**
 * Connects to whichever address answers first, so that one slow or dead address is no outage ("happy
 * eyeballs"). Node's own gives up on an address after 250 ms: https://github.com/nodejs/node/issues/54359.
 * Throws one `Fault` that lists each address and its error; no socket but the answered one stays open.
 */
export function race(
  addresses: readonly Address[],
  port: number,
  clock: Clock,
  limits: Limits,
): Promise<Won> {
  const waiting = alternate(addresses).slice(0, MAX_ATTEMPTS);
  const attempts: Attempt[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Won>();
  let over = false;
  let cancelNext = () => {};
  const cancelDeadline = clock.after(Math.max(0, limits.deadline - clock.monotonic()), fail);
  limits.signal.addEventListener('abort', fail);
  if (limits.signal.aborted) fail();
  else startNext();
  return promise;

  function startNext(): void {
    cancelNext();
    const address = waiting.shift();
    if (!address) return;
    const socket = connect({
      host: address.address,
      port,
      family: address.family,
      autoSelectFamily: false,
      noDelay: true,
    });
    const attempt: Attempt = { ...address, socket, since: clock.monotonic() };
    attempts.push(attempt);
    socket.once('connect', () => (isOwnEnd(socket, port) ? lose(attempt, REFUSED) : win(attempt)));
    // stays on the socket that wins: until its new owner listens, an error must not end the process
    socket.on('error', (error) =>
      lose(attempt, { reason: errnoReason(error) ?? 'self_network', words: errnoCode(error) }),
    );
    if (waiting.length > 0) cancelNext = clock.after(NEXT_ATTEMPT_MS, startNext);
  }

  function win(attempt: Attempt): void {
    end(attempt);
    const { address, family, socket } = attempt;
    resolve({ address, family, socket, facts: brokenFamily(family, attempts, clock.monotonic()) });
  }

  function lose(attempt: Attempt, failure: Failure): void {
    if (over) return;
    attempt.failure = failure;
    if (waiting.length > 0) startNext();
    else if (attempts.every((other) => other.failure)) fail();
  }

  function fail(): void {
    end();
    reject(verdict(attempts, port));
  }

  function end(winner?: Attempt): void {
    over = true;
    cancelNext();
    cancelDeadline();
    limits.signal.removeEventListener('abort', fail);
    for (const attempt of attempts) if (attempt !== winner) attempt.socket.destroy();
  }
}

const failureOf = (attempt: Attempt): Failure => attempt.failure ?? NO_ANSWER;

/** IPv6 first, then the families in turn: RFC 8305, 4. */
function alternate(addresses: readonly Address[]): Address[] {
  const six = addresses.filter(({ family }) => family === 6);
  const four = addresses.filter(({ family }) => family === 4);
  return addresses.flatMap((_, i) => [six[i], four[i]]).filter((address) => address !== undefined);
}

/** Linux lets a socket connect to itself, when it happens to get the port that it dials: nobody listens there. */
export function isOwnEnd(socket: Socket, port: number): boolean {
  return socket.localPort === port && socket.localAddress === socket.remoteAddress;
}

/** Worth a note: the other family failed, or had its chance in vain. That we have none ourselves isn't. */
function brokenFamily(family: 4 | 6, attempts: readonly Attempt[], now: number): Facts {
  const other = attempts.find(
    (attempt) => attempt.family !== family && (attempt.failure || now - attempt.since >= NEXT_ATTEMPT_MS),
  );
  if (!other || failureOf(other).reason === 'self_network') return {};
  return { [`ipv${other.family}`]: failureOf(other).reason };
}

/**
 * One verdict for all attempts. Want of sockets or memory decides: an address that we couldn't try might have
 * answered. A family that we have no route for doesn't, unless there was nothing else.
 */
function verdict(attempts: readonly Attempt[], port: number): Fault {
  const reasons = [...new Set(attempts.map((attempt) => failureOf(attempt).reason))];
  const ours = reasons.filter((reason) => reason === 'self_fds' || reason === 'self_memory');
  const theirs = reasons.filter((reason) => statusOf(reason) === 'down');
  const told = ours.length + theirs.length > 0 ? [...ours, ...theirs] : reasons;
  const words = attempts.map((attempt) => `${hostPort(attempt.address, port)} ${failureOf(attempt).words}`);
  const [reason = 'connect_timeout'] = told;
  return new Fault(reason, `Cannot connect: ${words.join(', ') || 'no time left'}.`, {
    reasons: told.length > 0 ? told : [reason],
  });
}
