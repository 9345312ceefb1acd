import { hostname } from 'node:os';
import { consoleLog, printable } from '../adapters/local/console-log.ts';
import type { Receiver } from '../config/compiled.ts';
import { loadConfig } from '../config.ts';
import { createNet } from '../net/create.ts';
import type { Change } from '../notifiers/define.ts';
import { notifierOf } from '../notifiers/index.ts';
import { clean, webLink } from '../notifiers/text.ts';
import type { Clock, Secrets } from '../ports.ts';
import { type Message, sendUntil, type Wire } from '../send.ts';
import { CommandError } from './failure.ts';
import type { ExitCode } from './main.ts';
import type { Screen } from './progress.ts';
import { table } from './table.ts';

/** A pipeline waits for no longer. */
const PATIENCE_MS = 60_000;
const SUMMARY_MAX = 1_024;

export interface ChangeOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly summary: string;
  readonly links?: readonly string[] | undefined;
  readonly source?: string | undefined;
  readonly json?: boolean;
  readonly err: Screen;
}

/** Whom it was told, and why not. */
interface Told {
  readonly receiver: string;
  readonly error: string | undefined;
}

/**
 * Tells of a deployment, or of what else was changed, whoever keeps that beside its incidents: nobody is paged. It
 * needs neither a running Watchbill nor its data. Throws `ConfigError`, `CommandError`.
 */
export async function change(options: ChangeOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { clock, err, secrets } = options;
  const made = changeOf(options);
  const { config } = await loadConfig(options);
  const messages = config.notify.flatMap((receiver) => messagesTo(receiver, made));
  if (messages.length === 0)
    throw new CommandError('no receiver of the config keeps changes: add one of type "pagerduty"', 2);
  const wire = {
    net: createNet({ clock, allow: config.network.allow, self: [] }),
    clock,
    secrets,
    log: consoleLog(err, clock),
    signal: new AbortController().signal,
  };
  const told = await Promise.all(messages.map((message) => tell(message, wire)));
  return {
    text: options.json ? JSON.stringify({ receivers: told.map(asJson) }, null, 2) : asText(told),
    exitCode: told.some(({ error }) => error !== undefined) ? 1 : 0,
  };
}

/** None, where the receiver has no place for changes. */
function messagesTo(receiver: Receiver, told: Change): Message[] {
  const { change } = notifierOf(receiver.type);
  return change
    ? [{ to: receiver.name, attempt: (context) => change(receiver as never, told, context) }]
    : [];
}

function changeOf({ clock, summary, links = [], source }: ChangeOptions): Change {
  const said = clean(summary, SUMMARY_MAX);
  if (said === '') throw new CommandError('a change needs words: what was changed', 2);
  const urls = links.map((link) => {
    const url = webLink(link);
    if (url === undefined)
      throw new CommandError(`${JSON.stringify(link)} is no link: it must begin with http:// or https://`, 2);
    return url;
  });
  return { at: clock.now(), summary: said, source: source ?? hostname(), links: urls };
}

async function tell(message: Message, wire: Wire): Promise<Told> {
  const outcome = await sendUntil(wire.clock.monotonic() + PATIENCE_MS, message, wire, ({ outcome, why }) => {
    if (outcome === 'retry') wire.log.warn(`${message.to} has not taken it yet: ${why}`);
  });
  return { receiver: message.to, error: outcome.outcome === 'accepted' ? undefined : outcome.why };
}

const asJson = ({ receiver, error }: Told) => ({
  receiver,
  accepted: error === undefined,
  error: error ?? null,
});

const asText = (told: readonly Told[]): string =>
  table([
    ['RECEIVER', 'CHANGE'],
    ...told.map(({ receiver, error }) => [
      receiver,
      error === undefined ? 'taken' : `not taken: ${printable(error)}`,
    ]),
  ]);
