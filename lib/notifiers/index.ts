import type { Sender } from '../send.ts';
import type { Mail, Notifier } from './define.ts';
import { email } from './email.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { teams } from './teams.ts';
import { webhook } from './webhook.ts';

/** Every kind of receiver, once; every other list of them derives from this one. */
const LIST = [pagerduty, webhook, slack, teams, email] as const;

/** The notifiers with their types: what the types of the config are made of. */
export type KnownNotifier = (typeof LIST)[number];

/** The notifiers by type. A receiver that was compiled under `type` is of the shape that its notifier wants. */
export const NOTIFIERS: ReadonlyMap<string, Notifier> = new Map(
  LIST.map((notifier): [string, Notifier] => [notifier.type, notifier as unknown as Notifier]),
);

/** The notifier of a type that the config knows. */
export function notifierOf(type: string): Notifier {
  const notifier = NOTIFIERS.get(type);
  if (!notifier) throw new TypeError(`no notifier of type ${type}`);
  return notifier;
}

/** What delivery needs of each notifier; `mail`: how e-mails are sent here, if they can be. */
export const sendersWith =
  (mail?: Mail) =>
  (type: string): Sender => {
    const { perMinute, lane, send } = notifierOf(type);
    return {
      perMinute,
      lane: (receiver) => lane(receiver as never),
      send: (receiver, notice, context) =>
        send(receiver as never, notice, { ...context, ...(mail && { mail }) }),
    };
  };
