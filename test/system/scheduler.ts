import type { Outcome } from './container.ts';
import type { Errand, Source } from './driver.ts';
import type { Lambda } from './lambda.ts';
import type { ScheduleSpec } from './wiring.ts';

const MINUTE_MS = 60_000;

/** By how many ms each call of a schedule is late, for the minute that begins then; none: it is missed. */
export type Lateness = (schedule: ScheduleSpec, minute: number) => readonly number[];

/**
 * EventBridge Scheduler: calls each minute, at any second of it, at least once. "The scheduler has a 60-second
 * precision": https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export class Scheduler implements Source {
  /** To be replaced by a test. */
  lateness: Lateness;
  readonly usual: Lateness;
  schedules: readonly ScheduleSpec[] = [];
  readonly #lambda: (schedule: ScheduleSpec) => Lambda | undefined;
  readonly #failed: (schedule: ScheduleSpec, event: unknown) => Promise<void>;
  #planned: Errand[] = [];
  /** The minute that is to be planned next, epoch ms. */
  #minute: number;

  /** `lambda` answers nothing while a function can't be called at all; `failed` hears of events that came to nothing. */
  constructor(
    lambda: (schedule: ScheduleSpec) => Lambda | undefined,
    failed: (schedule: ScheduleSpec, event: unknown) => Promise<void>,
    lateness: Lateness,
    start: number,
  ) {
    this.#lambda = lambda;
    this.#failed = failed;
    this.lateness = lateness;
    this.usual = lateness;
    this.#minute = Math.ceil(start / MINUTE_MS) * MINUTE_MS;
  }

  due(now: number): Errand[] {
    for (; this.#minute <= now; this.#minute += MINUTE_MS) this.#plan(this.#minute);
    const due = this.#planned.filter(({ at }) => at <= now);
    this.#planned = this.#planned.filter(({ at }) => at > now);
    return due.toSorted((a, b) => a.at - b.at);
  }

  next(): number {
    return Math.min(this.#minute, ...this.#planned.map(({ at }) => at));
  }

  #plan(minute: number): void {
    const scheduled = new Date(minute).toISOString().replace('.000Z', 'Z');
    for (const schedule of this.schedules) {
      const event: unknown = JSON.parse(
        schedule.input.replaceAll('<aws.scheduler.scheduled-time>', scheduled),
      );
      const planned = this.lateness(schedule, minute).map((late) => ({
        at: minute + late,
        lambda: () => this.#lambda(schedule),
        event,
        done: async ({ failure }: Outcome) => void (failure && (await this.#failed(schedule, event))),
      }));
      this.#planned.push(...planned);
    }
  }
}
