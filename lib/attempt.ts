import type { Check } from './config/compiled.ts';
import type { FreezeMeter } from './freeze.ts';
import { limited, Overstayed } from './limited.ts';
import { Fault } from './net/net.ts';
import type { Site } from './observe.ts';
import { type Log, SecretError } from './ports.ts';
import { failed } from './probes/finding.ts';
import type { Finding } from './reading.ts';
import { isFinal, type Reason } from './reasons.ts';
import { redact } from './redact.ts';

/** One try, within its time, whatever the probe does. */
export async function attempt(check: Check, site: Site, freeze: FreezeMeter): Promise<Finding> {
  const began = site.clock.monotonic();
  const elapsed = () => site.clock.monotonic() - began;
  try {
    const finding = await limited(site, check.timeout, (context) => site.probe(check.type)(check, context));
    return isDoubtful(finding) && freeze.stoodStillSince(began) ? frozen(elapsed()) : finding;
  } catch (error) {
    const isSure = error instanceof Fault && isFinal(error.reason);
    return !isSure && freeze.stoodStillSince(began)
      ? frozen(elapsed())
      : ourFault(error, check, elapsed(), site.log);
  }
}

/** Whether it may be our own slowness: not what is said in so many words, such as the age of a key. */
const isDoubtful = ({ status, reasons }: Finding): boolean => status !== 'up' && !reasons.some(isFinal);

function ourFault(error: unknown, check: Check, latencyMs: number, log: Log): Finding {
  if (error instanceof Fault) return failed(error, latencyMs);
  if (error instanceof SecretError) return unknown('misconfigured', error.message, latencyMs);
  log.error(`the ${check.type} probe of ${check.id} failed`, { error: words(error) });
  const why = error instanceof Overstayed ? error.message : 'The probe itself failed; the log tells why.';
  return unknown('self_error', why, latencyMs);
}

/** An error for the log. */
export const words = (error: unknown): string =>
  redact(error instanceof Error ? (error.stack ?? error.message) : String(error));

const frozen = (latencyMs: number): Finding =>
  unknown('self_frozen', 'Our own process stood still during the try.', latencyMs);

function unknown(reason: Reason, message: string, latencyMs: number): Finding {
  return { status: 'unknown', reasons: [reason], message, latencyMs, phases: {}, facts: {} };
}
