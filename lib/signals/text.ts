import { createHash } from 'node:crypto';
import { clean } from '../notifiers/text.ts';
import type { Letter, Signal } from '../signal.ts';
import { MESSAGE_MAX, NAME_MAX, OVER_MS, RUNBOOK } from './reading.ts';

/**
 * Whatever nobody else understands: a text of anyone's, or a format that has changed. It is a ticket with what it says: an
 * alarm must never be lost because it is written otherwise.
 */
export function textSignal({ id, at, topic, subject = '', text }: Letter): Signal {
  const said = clean(text, MESSAGE_MAX);
  const title = clean(subject, NAME_MAX) || 'A message that nobody could read';
  // the same words at another time are the same trouble; without words there is only the message itself
  const what = [topic ?? '', subject, subject === '' ? text : ''].join('\n');
  const isSaid = subject.trim() !== '' || text.trim() !== '';
  return {
    source: 'text',
    about: createHash('sha256')
      .update(isSaid ? what : id)
      .digest('base64url')
      .slice(0, 22),
    name: title,
    at,
    state: 'alarm',
    severity: 'ticket',
    reason: 'unparsed_event',
    title,
    message: said || 'It holds nothing that can be shown.',
    facts: topic === undefined ? {} : { topic },
    runbook: RUNBOOK.alarm,
    until: at + OVER_MS,
  };
}
