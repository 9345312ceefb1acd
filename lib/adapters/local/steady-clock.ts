import type { Clock, Log } from '../../ports.ts';

/** A difference this small is the drift of a clock that is being disciplined; it is followed at once. */
const SLEW_MS = 2_000;
/** A jump is believed once it has lasted so long: until then time goes on as it did. */
const BELIEVED_AFTER_MS = 600_000;

/**
 * The machine's clock without its jumps: a wall clock that was set wrong for a moment moves no beat, expires no
 * certificate and closes no incident. A jump that stays for ten minutes is followed.
 */
export function steadyClock(machine: Clock, log: Log): Clock {
  let offset = machine.now() - machine.monotonic();
  let suspectSince: number | undefined;

  function now(): number {
    const monotonic = machine.monotonic();
    const jump = machine.now() - monotonic - offset;
    if (Math.abs(jump) < SLEW_MS) {
      if (suspectSince !== undefined) log.info('the wall clock is right again');
      suspectSince = undefined;
      offset += Math.max(0, jump);
    } else if (suspectSince === undefined) {
      suspectSince = monotonic;
      log.warn(
        `the wall clock jumped by ${Math.round(jump / 1_000)} s: clock suspect, going on by the monotonic one`,
      );
    } else if (monotonic - suspectSince >= BELIEVED_AFTER_MS) {
      suspectSince = undefined;
      offset += jump;
      log.warn(`the wall clock stays ${Math.round(jump / 1_000)} s off: followed from now on`);
    }
    return Math.round(monotonic + offset);
  }

  return {
    now,
    monotonic: () => machine.monotonic(),
    after: (ms, then) => machine.after(ms, then),
  };
}
