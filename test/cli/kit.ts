import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { main, type Shell } from '../../lib/cli/main.ts';

/** A stream that keeps what it is given, and may be a terminal. */
class Screen extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 60;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stdout and stderr are a terminal. */
  readonly tty?: boolean;
}

/** What a command did. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which commands are called in this process, as a shell would call them. */
export class Folder {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** With files in it; what isn't a text is written as JSON. */
  static async make(files: Readonly<Record<string, unknown>> = {}): Promise<Folder> {
    const folder = new Folder(await mkdtemp(join(tmpdir(), 'watchbill-cli-')));
    for (const [name, content] of Object.entries(files)) await folder.write(name, content);
    return folder;
  }

  async write(name: string, content: unknown): Promise<void> {
    await writeFile(join(this.dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }

  /** Calls `watchbill …` and waits for its end. */
  async cli(args: readonly string[], options: CliOptions = {}): Promise<Outcome> {
    const { ended } = this.begin(args, options);
    return ended;
  }

  /** Whether a file is there. */
  has(name: string): boolean {
    return existsSync(join(this.dir, name));
  }

  /** What a command gets of the process. */
  get shell(): Shell {
    return this.#shellOf({}, false).shell;
  }

  /** Calls `watchbill …`; `signals` takes those that the process would get. */
  begin(args: readonly string[], { env = {}, tty = false }: CliOptions = {}) {
    const { shell, stdout, stderr, signals } = this.#shellOf(env, tty);
    const ended = main(['node', 'watchbill', ...args], shell).then(
      (code): Outcome => ({ code, stdout: stdout.text, stderr: stderr.text }),
    );
    return { stdout, stderr, signals, ended };
  }

  #shellOf(env: Readonly<Record<string, string>>, tty: boolean) {
    const [stdout, stderr] = [new Screen(tty), new Screen(tty)];
    const signals = new EventEmitter();
    const shell: Shell = {
      cwd: () => this.dir,
      env,
      stdin: { isTTY: tty },
      stdout,
      stderr,
      on: signals.on.bind(signals) as Shell['on'],
      off: signals.off.bind(signals) as Shell['off'],
      exit: (code) => {
        throw new Error(`exit ${code}`);
      },
    };
    return { shell, stdout, stderr, signals };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** A config whose checks find what their names say, of a target on loopback. */
export const configOf = (checks: readonly unknown[], more: Readonly<Record<string, unknown>> = {}) => ({
  name: 'Acme',
  network: { allow: ['127.0.0.0/8'] },
  judge: { tries: 2, over: '100ms' },
  checks,
  ...more,
});
