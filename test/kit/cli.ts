import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const OURS = join(packageRoot(), 'bin/watchbill.js');

/** A test that ran out of time never comes to its own end: what it started ends with its file. */
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** The command line as a real process: this clone's, or an installed one's `file`. */
export class Run {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #heard = new Set<() => void>();

  constructor(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}, file = OURS) {
    const child = spawn(process.execPath, [file, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    running.add(child);
    child.stdout.on('data', (chunk) => this.#hear('stdout', chunk));
    child.stderr.on('data', (chunk) => this.#hear('stderr', chunk));
    this.ended = once(child, 'close').then(([code, signal]) => {
      running.delete(child);
      for (const heard of this.#heard) heard();
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
  }

  #hear(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk;
    for (const heard of this.#heard) heard();
  }

  /** Waits until it has printed this, on either stream. Rejects when it ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const heard = () => {
        const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        const isOver = this.child.exitCode !== null || this.child.signalCode !== null;
        if (!found && !isOver) return;
        this.#heard.delete(heard);
        if (found) resolve(found);
        else reject(new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`));
      };
      this.#heard.add(heard);
      heard();
    });
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** A folder of its own with a config in it, where commands run. At its end, whatever still runs there is killed. */
export class Place {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #runs: Run[] = [];

  private constructor(dir: string, env: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.env = env;
  }

  static async make(config: unknown, env: Readonly<Record<string, string>> = {}): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'watchbill-cli-')), env);
    await place.write(config);
    return place;
  }

  async write(config: unknown): Promise<void> {
    await writeFile(join(this.dir, 'watchbill.config.json'), JSON.stringify(config, null, 2));
  }

  run(...args: readonly string[]): Run {
    const run = new Run(args, this.dir, this.env);
    this.#runs.push(run);
    return run;
  }

  /** `watchbill start` on a free port, once it serves. */
  async start(...args: readonly string[]): Promise<Run & { readonly url: string }> {
    const run = this.run('start', '--port', '0', ...args);
    const [url] = await run.printed(/http:\/\/\S+/);
    return Object.assign(run, { url });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.kill('SIGKILL')));
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Asks again until the answer will do: for what a process does in its own time. */
export async function until<T>(ask: () => Promise<T> | T, isEnough: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
