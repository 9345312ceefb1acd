import type { Receiver } from './config/compiled.ts';
import { limited, type Means } from './limited.ts';
import type { Notice, Outcome, SendContext } from './notifiers/define.ts';
import { type Log, SecretError, type SecretRef, type Secrets, sleep } from './ports.ts';
import { redact } from './redact.ts';

/** What delivery needs of a notifier. */
export interface Sender {
  readonly perMinute: number;
  lane(receiver: Receiver): string;
  send(receiver: Receiver, notice: Notice, context: SendContext): Promise<Outcome>;
}

/** What an attempt needs of the world. */
export interface Wire extends Means {
  readonly log: Log;
}

export interface Message {
  /** Whom it is for, as the config calls it. */
  readonly to: string;
  readonly attempt: (context: SendContext) => Promise<Outcome>;
}

/** One attempt ends by then. */
export const ATTEMPT_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;

/** What tells a receiver of an incident. */
export const messageTo = (
  receiver: Receiver,
  notice: () => Notice,
  sender: (type: string) => Sender,
): Message => ({
  to: receiver.name,
  attempt: (context) => sender(receiver.type).send(receiver, notice(), context),
});

/**
 * One attempt. Where it is refused, the secrets in it are asked for anew: PagerDuty says 400 of a key that was
 * replaced as it does of a body that it can't read, so every refusal counts. If one has changed, the attempt is made
 * again at once, while `lasts` says that there is time for it, else soon. One that never ends may arrive or not; if it
 * ends late, `late` takes that in.
 */
export async function send(
  message: Message,
  wire: Wire,
  lasts: () => boolean,
  late: (outcome: Outcome) => void,
): Promise<Outcome> {
  const given = new Map<string, Given>();
  const outcome = await sendOnce(message, { ...wire, secrets: noting(wire.secrets, given) }, late);
  if (outcome.outcome !== 'refused' || !(await anyChanged(given, wire))) return outcome;
  if (!lasts()) return { outcome: 'retry', why: outcome.why, uncertain: false };
  return sendOnce(message, wire, late);
}

/** Tries until it is taken or refused, as long as there is time, until `endsAt` (monotonic ms). Each failure is told. */
export async function sendUntil(
  endsAt: number,
  message: Message,
  wire: Wire,
  failed: (outcome: Exclude<Outcome, { outcome: 'accepted' }>) => void,
): Promise<Outcome> {
  const { clock, signal } = wire;
  const lasts = (waitMs = 0) => !signal.aborted && clock.monotonic() + waitMs + ATTEMPT_MS <= endsAt;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const outcome = await send(message, wire, lasts, () => {});
    if (outcome.outcome === 'accepted') return outcome;
    failed(outcome);
    if (outcome.outcome === 'refused') return outcome;
    const waitMs = Math.max(pauseMs, outcome.retryAfterMs ?? 0);
    if (!lasts(waitMs)) return outcome;
    await sleep(clock, waitMs, signal);
  }
}

async function sendOnce(
  { to, attempt }: Message,
  wire: Wire,
  late: (outcome: Outcome) => void,
): Promise<Outcome> {
  try {
    return await limited(wire, ATTEMPT_MS, attempt, late);
  } catch (error) {
    if (error instanceof SecretError) return { outcome: 'refused', why: unasked(error), final: false };
    wire.log.error(`sending to ${to} failed`, { why: words(error) });
    return { outcome: 'retry', why: words(error), uncertain: true };
  }
}

/** A secret, and the value that was given out for it. */
interface Given {
  readonly ref: SecretRef;
  readonly value: string;
}

const noting = (secrets: Secrets, given: Map<string, Given>): Secrets => ({
  async get(ref) {
    const value = await secrets.get(ref);
    given.set(ref.secret, { ref, value });
    return value;
  },
});

async function anyChanged(given: ReadonlyMap<string, Given>, { secrets, log }: Wire): Promise<boolean> {
  const changed = [...given.values()].map(async ({ ref, value }) => {
    try {
      return ((await secrets.renew?.(ref, value)) ?? value) !== value;
    } catch (error) {
      log.warn('a secret that was refused could not be asked for anew', { why: words(error) });
      return false;
    }
  });
  return (await Promise.all(changed)).includes(true);
}

const unasked = ({ message }: SecretError): string =>
  `it was not asked, since Watchbill itself lacks something: ${message}`;

/** An error, as a receiver or the log may have it. */
export const words = (error: unknown): string =>
  redact(error instanceof Error ? error.message : String(error));
