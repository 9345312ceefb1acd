import { onAbort } from './abort.ts';
import type { Check } from './config/compiled.ts';
import type { FreezeMeter } from './freeze.ts';
import { Fault } from './net/net.ts';
import type { Site } from './observe.ts';
import { type Clock, type Log, SecretError } from './ports.ts';
import type { ProbeContext } from './probes/define.ts';
import { failed } from './probes/finding.ts';
import type { Finding } from './reading.ts';
import type { Reason } from './reasons.ts';
import { redact } from './redact.ts';

/** One try, within its time, whatever the probe does. */
export async function attempt(check: Check, site: Site, freeze: FreezeMeter): Promise<Finding> {
  const began = site.clock.monotonic();
  const elapsed = () => site.clock.monotonic() - began;
  try {
    const finding = await limited(site, check.timeout, (context) => site.probe(check.type)(check, context));
    return finding.status !== 'up' && freeze.stoodStillSince(began) ? frozen(elapsed()) : finding;
  } catch (error) {
    return freeze.stoodStillSince(began) ? frozen(elapsed()) : ourFault(error, check, elapsed(), site.log);
  }
}

/** How long a probe may overstay its deadline before its run goes on without it. */
const GRACE_MS = 1_000;

/** Why a signal is aborted: without a reason, Node makes an error with a stack for each. */
const OVER = 'over';

/** Something was told to stop at its deadline and didn't. */
class Overstayed extends Error {
  override readonly name = 'Overstayed';
}

/** Gives it `ms`; then it is told to stop, and a moment later it is left to itself: `Overstayed`. */
export async function limited<T>(
  site: Site,
  ms: number,
  run: (context: ProbeContext) => Promise<T>,
): Promise<T> {
  const { clock, net } = site;
  const stop = new AbortController();
  const { signal } = stop;
  const end = () => stop.abort(OVER);
  const cancel = clock.after(ms, end);
  const forget = onAbort(site.signal, end);
  const deadline = clock.monotonic() + ms;
  try {
    const running = run({ net, clock, secret: (ref) => site.secrets.get(ref), signal, deadline });
    return await withGrace(running, ms + GRACE_MS, clock);
  } finally {
    cancel();
    forget();
    end();
  }
}

function withGrace<T>(run: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new Overstayed('It did not end by its deadline.')));
    run.then(resolve, reject).finally(cancel);
  });
}

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
