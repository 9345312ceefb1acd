import type { Config } from '../../lib/config/compiled.ts';
import type { Status } from '../../lib/reading.ts';
import { MINUTE } from './readings.ts';
import { configOf, World } from './world.ts';

export interface Plan {
  readonly checks?: readonly string[];
  readonly config?: (config: Config, start: number) => Config;
  /** What a check is, so many ms after the start; default: up. */
  readonly status?: (check: string, at: number) => Status;
}

/** A whole machine at the start of its plan: what happens to it, and what people hear of that. */
export class Stage {
  readonly world: World;
  readonly start: number;

  private constructor({ checks = ['api'], config = (same) => same, status = () => 'up' }: Plan) {
    this.world = new World({
      config: configOf(checks),
      find: (check, now) => status(check, now - this.start),
      parts: () => ({ canaryAnswers: async () => this.world.canaries }),
    });
    this.start = this.world.time;
    this.world.config = config(this.world.config, this.start);
  }

  static async set(plan: Plan): Promise<Stage> {
    const stage = new Stage(plan);
    await stage.world.boot();
    return stage;
  }

  /** Goes on until so many minutes after the start. */
  async until(minutes: number): Promise<void> {
    await this.world.clock.advance(Math.max(0, this.start + minutes * MINUTE - this.world.time));
  }

  async reload(change: (config: Config) => Config): Promise<void> {
    this.world.config = change(this.world.config);
    await this.world.machine.configure(this.world.config);
  }

  /** What a receiver was told since it was asked last: `page api is down`. */
  heard(receiver = 'webhook'): string[] {
    const heard = this.world.notices.slice(this.#read.get(receiver) ?? 0);
    this.#read.set(receiver, this.world.notices.length);
    return heard
      .filter((one) => one.receiver === receiver)
      .map(({ notice: { kind, incident } }) => `${kind} ${incident.title}`);
  }

  readonly #read = new Map<string, number>();

  /** The text of the last notice to a receiver. */
  lastText(receiver = 'webhook'): string {
    return this.world.notices.findLast((one) => one.receiver === receiver)?.notice.entry.text ?? '';
  }
}

/** Down from one minute to another, counted from the start. */
export const downBetween =
  (from: number, to: number, check = 'api') =>
  (id: string, at: number): Status =>
    id === check && at >= from * MINUTE && at < to * MINUTE ? 'down' : 'up';
