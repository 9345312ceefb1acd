import { SecretError, type SecretRef, type Secrets } from '../ports.ts';
import type { Config } from './compiled.ts';
import type { Mistake, Path } from './error.ts';
import { isObject } from './plain.ts';

/** What is allowed in a config, but was probably not meant. */
export async function warningsOf(config: Config, secrets?: Secrets): Promise<Mistake[]> {
  return [
    ...unwatched(config),
    ...unheard(config),
    ...unseen(config),
    ...unreachable(config),
    ...inClear(config),
    ...(secrets ? await unresolved(config, secrets) : []),
  ];
}

const unwatched = ({ checks }: Config): Mistake[] =>
  checks.length === 0 ? [{ path: ['checks'], message: 'nothing is watched: the list is empty' }] : [];

function unheard({ notify }: Config): Mistake[] {
  if (notify.length === 0)
    return [{ path: ['notify'], message: 'nobody is told of anything: no notifier is configured' }];
  if (notify.some(({ hears }) => hears === 'everything')) return [];
  return [{ path: ['notify'], message: 'tickets have no receiver: those configured here hear pages only' }];
}

function unseen({ checks }: Config): Mistake[] {
  if (checks.length === 0 || checks.some((check) => check.public)) return [];
  return [{ path: ['checks'], message: 'the public status page is empty: no check has "public": true' }];
}

function unreachable({ notify, statusPage }: Config): Mistake[] {
  if (notify.length === 0 || statusPage.url !== undefined) return [];
  const message =
    'is not set: notifications link to the address that "start" prints, which other machines may not reach';
  return [{ path: ['statusPage', 'url'], message }];
}

/** Headers that carry credentials, by their names. */
const CREDENTIALS = /authorization|cookie|token|secret|password|api-?key|credential/i;

function inClear({ checks, notify }: Config): Mistake[] {
  const senders = [
    ...checks.map((check, index) => ({ sender: check, path: ['checks', index] })),
    ...notify.map((receiver) => ({ sender: receiver, path: ['notify', receiver.name] })),
  ];
  return senders.flatMap(({ sender, path }) => {
    const headers = 'headers' in sender && isObject(sender.headers) ? sender.headers : {};
    const named = Object.entries(headers).filter(
      ([name, value]) => typeof value === 'string' && CREDENTIALS.test(name),
    );
    return named.map(([name]) => ({
      path: [...path, 'headers', name],
      message:
        'looks like a secret in clear; write { "secret": "NAME" } and keep the value out of the config',
    }));
  });
}

async function unresolved(config: Config, secrets: Secrets): Promise<Mistake[]> {
  const warnings: Mistake[] = [];
  const resolved = new Map<string, string | undefined>();
  for (const { path, ref } of references(config)) {
    if (!resolved.has(ref.secret)) resolved.set(ref.secret, await whyNot(ref, secrets));
    const why = resolved.get(ref.secret);
    if (why !== undefined) warnings.push({ path, message: why });
  }
  return warnings;
}

async function whyNot(ref: SecretRef, secrets: Secrets): Promise<string | undefined> {
  try {
    await secrets.get(ref);
    return undefined;
  } catch (error) {
    if (error instanceof SecretError) return error.message;
    throw error;
  }
}

/** Every secret that a config refers to, with its path in what the user wrote. */
function references({ checks, notify }: Config): { readonly path: Path; readonly ref: SecretRef }[] {
  return [
    ...checks.flatMap((check, index) => within(check, ['checks', index])),
    ...notify.flatMap((receiver) => within(receiver, ['notify', receiver.name])),
  ];
}

function within(value: unknown, path: Path): { readonly path: Path; readonly ref: SecretRef }[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const [[key, name] = []] = entries;
  if (entries.length === 1 && key === 'secret' && typeof name === 'string')
    return [{ path, ref: { secret: name } }];
  return entries.flatMap(([part, inner]) =>
    within(inner, [...path, Array.isArray(value) ? Number(part) : part]),
  );
}
