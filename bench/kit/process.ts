import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A process that is measured. */
export interface Measured {
  /** User and system time so far, seconds: every thread of it. */
  cpu(): number;
  /** Resident memory, MiB. */
  memory(): number;
  /** Its exit code, once it has ended. */
  stop(): Promise<number | null>;
}

/** Linux counts in hundredths of a second, whatever the kernel's own clock: man 5 proc, USER_HZ. */
const TICKS_PER_SECOND = 100;

/** Starts a command, whose output nobody reads. */
export function measured(command: string, args: readonly string[], options: SpawnOptions = {}): Measured {
  return measure(spawn(command, args, { stdio: 'ignore', ...options }));
}

function measure(child: ChildProcess): Measured {
  const exit = once(child, 'exit');
  return {
    cpu() {
      // the name of the command, in parentheses, may hold blanks
      const [, rest = ''] = /\) (.*)/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8')) ?? [];
      const fields = rest.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    memory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await exit) as [number | null];
      return code;
    },
  };
}

/** A module of ours in a process of its own, that answers messages. */
export interface Partner<First, Answer> {
  readonly first: First;
  ask(): Promise<Answer>;
  stop(): void;
}

export async function partner<First, Answer>(
  module: URL,
  ...args: string[]
): Promise<Partner<First, Answer>> {
  const child = fork(module, args);
  const [first] = (await once(child, 'message')) as [First];
  return {
    first,
    async ask() {
      const answer = once(child, 'message');
      child.send('?');
      const [message] = (await answer) as [Answer];
      return message;
    },
    stop: () => child.disconnect(),
  };
}
