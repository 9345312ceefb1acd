import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { systemClock } from '../adapters/local/clock.ts';
import { type Clock, sleep } from '../ports.ts';
import { remember } from '../redact.ts';
import { CommandError } from './failure.ts';
import type { Shell } from './main.ts';

export interface BeatOptions {
  readonly id: string;
  readonly command: readonly string[];
  readonly url?: string;
  readonly fail?: boolean;
  readonly message?: string;
}

const TRIES = 3;
const WAIT_MS = 2_000;
const ANSWER_MS = 10_000;
/** These are for the command: it ends as it wants to, and that is reported. */
const HANDED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How a command has ended. */
interface Ended {
  readonly code: number;
  readonly message: string;
}

/**
 * Reports to a heartbeat. With a command: runs it, and reports how it ended and how long it took; the exit code is the
 * command's own, whatever becomes of the report. Throws `CommandError`.
 */
export async function beat(options: BeatOptions, shell: Shell, clock: Clock = systemClock): Promise<number> {
  const { id, command, url, fail = false, message } = options;
  const address = addressOf(id, url ?? shell.env.WATCHBILL_URL);
  const token = shell.env.WATCHBILL_TOKEN;
  if (!token) throw new CommandError('WATCHBILL_TOKEN is not set: the token of the heartbeat', 2);
  remember(token);
  const [name, ...args] = command;
  if (name === undefined) {
    const why = await report(address, token, clock, {
      status: fail ? 'fail' : 'ok',
      ...(message && { message }),
    });
    if (why !== undefined) throw new CommandError(`the heartbeat ${id} was not reported: ${why}`, 1);
    return 0;
  }
  const began = clock.monotonic();
  const ended = await run(name, args, shell);
  const why = await report(address, token, clock, {
    status: ended.code === 0 ? 'ok' : 'fail',
    duration: Math.round(clock.monotonic() - began),
    message: [message, ended.message].filter((text) => text).join(': '),
  });
  if (why !== undefined) shell.stderr.write(`the heartbeat ${id} was not reported: ${why}\n`);
  return ended.code;
}

function addressOf(id: string, base: string | undefined): URL {
  if (!base) throw new CommandError('where Watchbill listens is not known: set WATCHBILL_URL, or --url', 2);
  const url = URL.parse(`/beat/${encodeURIComponent(id)}`, base);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CommandError(`${JSON.stringify(base)} is not the URL of a Watchbill`, 2);
  return url;
}

/** The streams are its own. A signal ends it as it would without us; what a shell makes of that is 128 and its number. */
function run(name: string, args: readonly string[], shell: Shell): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(name, args, { stdio: 'inherit', cwd: shell.cwd(), env: withoutToken(shell.env) });
    const forwarded = HANDED_ON.map((signal) => [signal, () => void child.kill(signal)] as const);
    for (const [signal, hand] of forwarded) shell.on(signal, hand);
    const end = (ended: Ended) => {
      for (const [signal, hand] of forwarded) shell.off(signal, hand);
      resolve(ended);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? 127 : 126;
      shell.stderr.write(`${name} cannot be run: ${error.code ?? error.message}\n`);
      end({ code, message: `${name} cannot be run` });
    });
    child.once('exit', (code, signal) => {
      if (signal === null) end({ code: code ?? 1, message: code === 0 ? '' : `exit code ${code}` });
      else end({ code: 128 + (constants.signals[signal] ?? 0), message: `ended by ${signal}` });
    });
  });
}

/** The command has no use for it, and may print its environment. */
const withoutToken = ({ WATCHBILL_TOKEN: _, ...env }: Shell['env']): Shell['env'] => env;

/** Tries three times, under one name, so that a repetition counts once. Answers why it was not taken. */
async function report(url: URL, token: string, clock: Clock, said: object): Promise<string | undefined> {
  const body = JSON.stringify({ ...said, run: randomUUID() });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  let why = '';
  for (let tried = 0; tried < TRIES; tried += 1) {
    if (tried > 0) await sleep(clock, WAIT_MS * tried);
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const answer = await fetch(url, { method: 'POST', body, headers, signal, redirect: 'error' });
      if (answer.ok) return undefined;
      why = `${url.origin} answers ${answer.status}${await saidBy(answer)}`;
      if (answer.status < 500 && answer.status !== 429) return why;
    } catch (error) {
      why = `${url.origin} cannot be reached${reasonOf(error)}`;
    }
  }
  return why;
}

async function saidBy(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { error } = JSON.parse(text);
    return typeof error === 'string' ? `: ${error}` : '';
  } catch {
    return '';
  }
}

function reasonOf(error: unknown): string {
  const { cause, name } = Object(error) as { cause?: { code?: string }; name?: string };
  const why = cause?.code ?? (name === 'TimeoutError' ? 'no answer in time' : undefined);
  return why === undefined ? '' : ` (${why})`;
}
