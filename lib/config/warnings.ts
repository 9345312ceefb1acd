import { SecretError, type SecretRef, type Secrets } from '../ports.ts';
import type { Aws, Config, Place } from './compiled.ts';
import type { Mistake } from './error.ts';
import { isObject } from './plain.ts';
import { secretsIn } from './references.ts';
import { isOptIn } from './regions.ts';

/** What is allowed in a config that is used in this place, but was probably not meant. */
export async function warningsOf(config: Config, place: Place, secrets?: Secrets): Promise<Mistake[]> {
  return [
    ...unwatched(config),
    ...unheard(config),
    ...unseen(config),
    ...(place === 'machine' ? [...unreachable(config), ...unmailed(config)] : []),
    ...(place === 'aws' && config.aws ? misplaced(config.aws) : []),
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

function unmailed({ notify, aws }: Config): Mistake[] {
  if (!notify.some(({ type }) => type === 'email')) return [];
  const message = `gets nothing here: e-mails are sent on AWS alone${aws ? '' : ', which this config says nothing of'}`;
  return [{ path: ['notify', 'email'], message }];
}

/** Where an outage of one region would be missed, or would be met with silence. */
function misplaced({ home, locations, serviceRegion }: Aws): Mistake[] {
  const where = ['aws', 'locations'];
  const advice: Mistake[] = [];
  if (home === serviceRegion)
    advice.push({
      path: ['aws', 'home'],
      message: 'is the region of what is watched, too: its outage would take the watcher with it',
    });
  if (locations.length === 1 && locations[0] === home)
    advice.push({
      path: where,
      message:
        'are home alone: when that region is out nobody is told, and one fault there looks like an outage',
    });
  if (locations.length === 2)
    advice.push({
      path: where,
      message:
        'are two: what only one of them sees is never a page, since half is no majority; three bear that one is wrong',
    });
  return [...advice, ...toEnable(home, locations)];
}

function toEnable(home: string, locations: readonly string[]): Mistake[] {
  const named = [
    { path: ['aws', 'home'], region: home },
    ...locations.flatMap((region, index) =>
      region === home ? [] : [{ path: ['aws', 'locations', index], region }],
    ),
  ];
  return named
    .filter(({ region }) => isOptIn(region))
    .map(({ path, region }) => ({
      path,
      message: `${region} is an opt-in region: enable it for the account before you deploy; a policy that lets its SNS send to another region names sns.${region}.amazonaws.com`,
    }));
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

/** One line for each secret, where it is named first. */
async function unresolved(config: Config, secrets: Secrets): Promise<Mistake[]> {
  const warnings: Mistake[] = [];
  for (const [secret, named] of Map.groupBy(references(config), ({ ref }) => ref.secret)) {
    const why = await whyNot({ secret }, secrets);
    if (why === undefined) continue;
    const also = named.length > 1 ? `; it is named ${named.length} times` : '';
    warnings.push({ path: named[0]?.path ?? [], message: `${why}${also}` });
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
const references = ({ checks, notify, deadMansSwitch }: Config) => [
  ...secretsIn(deadMansSwitch, ['deadMansSwitch']),
  ...checks.flatMap((check, index) => secretsIn(check, ['checks', index])),
  ...notify.flatMap((receiver) => secretsIn(receiver, ['notify', receiver.name])),
];
