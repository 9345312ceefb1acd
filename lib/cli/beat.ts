import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { systemClock } from '../adapters/local/clock.ts';
import { retryAfter } from '../notifiers/post.ts';
import { clean } from '../notifiers/text.ts';
import { backoff, type Clock, sleep } from '../ports.ts';
import { redact, remember } from '../redact.ts';
import { CommandError } from './failure.ts';
import type { Shell } from './main.ts';

export interface BeatOptions {
  readonly id: string;
  readonly command: readonly string[];
  readonly url?: string;
  readonly fail?: boolean;
  readonly message?: string;
}

/** Its waits add up to 30–60 s: a thousand jobs that end at the same minute all get through. */
const TRIES = 6;
const WAIT_MS = 2_000;
const WAIT_MOST_MS = 60_000;
const ANSWER_MS = 10_000;
const SAID_MAX = 300;
/** These are for the command: it ends as it wants to, and that is reported. */
const HANDED_ON = ['SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to the command itself, too: twice would be once too often. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

/** How a command has ended. */
interface Ended {
  readonly code: number;
  readonly message: string;
}

/**
 * Reports to a heartbeat. With a command: runs it, and reports how it ended and how long it took; the exit code is the
 * command's own, whatever becomes of the report. Throws `CommandError`.
 */
export async function beat(
  options: BeatOptions,
  shell: Shell,
  clock: Clock = systemClock,
  random: () => number = Math.random,
): Promise<number> {
  const { id, command, url, fail = false, message } = options;
  const address = addressOf(id, url ?? shell.env.WATCHBILL_URL);
  const token = shell.env.WATCHBILL_TOKEN;
  if (!token) throw new CommandError('WATCHBILL_TOKEN is not set: the token of the heartbeat', 2);
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CommandError('WATCHBILL_TOKEN holds a space or a character that no header can', 2);
  remember(token);
  const tell = (said: object) => report({ address, token, said, clock, random });
  const [name, ...args] = command;
  if (name === undefined) {
    const why = await tell({
      status: fail ? 'fail' : 'ok',
      ...(message && { message }),
    });
    if (why !== undefined) throw new CommandError(`the heartbeat ${id} was not reported: ${why}`, 1);
    return 0;
  }
  const began = clock.monotonic();
  const ended = await run(name, args, shell);
  const why = await tell({
    status: ended.code === 0 ? 'ok' : 'fail',
    duration: Math.round(clock.monotonic() - began),
    message: [message, ended.message].filter((text) => text).join(': '),
  });
  if (why !== undefined) shell.stderr.write(`the heartbeat ${id} was not reported: ${why}\n`);
  return ended.code;
}

function addressOf(id: string, base: string | undefined): URL {
  if (!base) throw new CommandError('where Watchbill listens is not known: set WATCHBILL_URL, or --url', 2);
  const url = URL.parse(base);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username)
    throw new CommandError(`${JSON.stringify(redact(base))} is not the URL of a Watchbill`, 2);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/beat/${encodeURIComponent(id)}`;
  return url;
}

/** The streams are its own. A signal ends it as it would without us; what a shell makes of that is 128 and its number. */
function run(name: string, args: readonly string[], shell: Shell): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(name, args, { stdio: 'inherit', cwd: shell.cwd(), env: withoutToken(shell.env) });
    const hand = (signal: NodeJS.Signals) => [signal, () => void child.kill(signal)] as const;
    const leave = (signal: NodeJS.Signals) => [signal, () => {}] as const;
    const forwarded = [...HANDED_ON.map(hand), ...FROM_TERMINAL.map(shell.stdin.isTTY ? leave : hand)];
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

interface Report {
  readonly address: URL;
  readonly token: string;
  readonly said: object;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Tries again for a minute, under one name, so that a repetition counts once. Answers why it was not taken. */
async function report({ address, token, said, clock, random }: Report): Promise<string | undefined> {
  const body = JSON.stringify({ ...said, run: randomUUID() });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (let tried = 1; ; tried += 1) {
    const { why, isFinal = false, retryAfterMs = 0 } = await sendOnce(address, { body, headers }, clock);
    if (why === undefined || isFinal || tried === TRIES) return why;
    const wait = backoff(WAIT_MS, tried, random);
    await sleep(clock, Math.min(WAIT_MOST_MS, Math.max(wait, retryAfterMs)));
  }
}

interface Sent {
  readonly why?: string;
  readonly isFinal?: boolean;
  readonly retryAfterMs?: number;
}

async function sendOnce(
  url: URL,
  what: { body: string; headers: Record<string, string> },
  clock: Clock,
): Promise<Sent> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(url, { method: 'POST', ...what, signal, redirect: 'manual' });
    if (answer.ok) return {};
    return {
      why: `${url.origin} answers ${answer.status}${await saidBy(answer)}`,
      isFinal: answer.status < 500 && answer.status !== 429,
      retryAfterMs: retryAfter(answer.headers.get('retry-after') ?? undefined, clock.now()) ?? 0,
    };
  } catch (error) {
    return { why: `${url.origin} cannot be reached${reasonOf(error)}` };
  }
}

/** In one line, whatever it is that answers. */
async function saidBy(answer: Response): Promise<string> {
  const location = answer.headers.get('location');
  if (location !== null) return `: it sends us on to ${clean(location, SAID_MAX)}`;
  const text = await answer.text();
  try {
    const { error, message } = JSON.parse(text);
    const said = error ?? message;
    return typeof said === 'string' ? `: ${clean(said, SAID_MAX)}` : '';
  } catch {
    return '';
  }
}

function reasonOf(error: unknown): string {
  const { cause, name } = Object(error) as { cause?: { code?: string }; name?: string };
  const why = cause?.code ?? (name === 'TimeoutError' ? 'no answer in time' : undefined);
  return why === undefined ? '' : ` (${why})`;
}
