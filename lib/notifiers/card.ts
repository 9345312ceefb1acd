import { type EntryKind, targetOf } from '../incident.ts';
import { lasted, meaning } from '../words.ts';
import type { Notice } from './define.ts';
import { clean, webLink } from './text.ts';

/** What people read in a chat: the same on every one of them. */
export interface Card {
  /** One line that stands alone, as in a notification on a phone. */
  readonly title: string;
  readonly text: string;
  /** Short facts, the most urgent first. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly links: readonly { readonly text: string; readonly href: string }[];
  readonly tone: 'bad' | 'warning' | 'good' | 'plain';
}

const TITLE_MAX = 150;
/** Slack takes 3,000 characters, of which an "&" is five. */
const TEXT_MAX = 590;
const FACT_MAX = 300;

const SAID: Readonly<Record<Notice['kind'], string>> = {
  page: '🔴',
  ticket: '🟠',
  update: '🔄',
  resolve: '✅',
  drill: '🧪 Drill:',
};

/** What a person has done. */
const BY_HAND: Readonly<Partial<Record<EntryKind, string>>> = { acknowledged: '👤 Taken on:', note: '📝' };

/** What is news in it stands in the entry, not in what is known of the incident. */
const IN_ITS_WORDS: ReadonlySet<EntryKind> = new Set<EntryKind>(['update', 'acknowledged', 'note']);

export function cardOf({ kind, entry, incident, links }: Notice): Card {
  const { evidence, openedAt } = incident;
  const isOver = entry.kind === 'resolved';
  const still = entry.kind === 'reminder' ? `Still open after ${lasted(entry.at - openedAt)}: ` : '';
  const why = evidence.message || evidence.reasons.map(meaning).join(' ');
  const facts: [string, string | undefined][] = [
    ['Severity', incident.severity],
    ['Where', targetOf(incident)],
    ['Reason', evidence.reasons[0]],
    [
      'Seen from',
      evidence.of > 1
        ? `${evidence.locations.length} of ${evidence.of}: ${evidence.locations.join(', ')}`
        : '',
    ],
    ['Since', new Date(incident.failedAt).toISOString().slice(0, 16).replace('T', ' ').concat(' UTC')],
    ['Incident', incident.id],
  ];
  const all = [
    ['Runbook', isOver ? undefined : links.runbook],
    ['Status page', links.statusPage],
    ['AWS console', links.console],
  ] as const;
  return {
    title: clean(
      `${BY_HAND[entry.kind] ?? SAID[kind]} ${still}${isOver ? 'Resolved: ' : ''}${incident.title}`,
      TITLE_MAX,
    ),
    text: clean(isOver || IN_ITS_WORDS.has(entry.kind) ? entry.text : why, TEXT_MAX),
    facts: facts.flatMap(([name, value]) => {
      const said = clean(value ?? '', FACT_MAX);
      return said === '' ? [] : [[name, said] as const];
    }),
    links: all.flatMap(([text, href]) => {
      const safe = webLink(href);
      return safe === undefined ? [] : [{ text, href: safe }];
    }),
    tone: toneOf(kind, incident.severity),
  };
}

function toneOf(kind: Notice['kind'], severity: string): Card['tone'] {
  if (kind === 'resolve') return 'good';
  if (kind === 'drill') return 'plain';
  return severity === 'page' ? 'bad' : 'warning';
}
