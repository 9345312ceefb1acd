import type { Route } from './config/compiled.ts';
import type { Case } from './incident.ts';
import type { Signal } from './signal.ts';

/** What a route is chosen by. */
export interface Routed {
  readonly source: string;
  readonly name: string;
  readonly severity: Signal['severity'];
  readonly tags?: readonly string[];
}

/** Where what our own checks find comes from; of others it is the name of their format. */
export const CHECK_SOURCE = 'check';

/** How bad it is, and who is told: everyone who hears of such things, unless the first route that matches says otherwise. */
export function routed(
  routes: readonly Route[],
  about: Routed,
): { readonly severity: Signal['severity']; readonly notify?: readonly string[] } {
  const route = routes.find(({ match }) => matches(match, about));
  return {
    severity: route?.severity ?? about.severity,
    ...(route?.notify && { notify: route.notify }),
  };
}

/** The same for a case: nobody hears of what is to be told to nobody, but what is open ends. */
export function routedCase(routes: readonly Route[], about: Routed, seen: Omit<Case, 'severity'>): Case[] {
  const { severity, notify } = routed(routes, about);
  if (severity === 'none' && seen.want !== 'close') return [];
  return [{ ...seen, severity: severity === 'none' ? 'ticket' : severity, ...(notify && { notify }) }];
}

const matches = ({ source, name, severity, tag }: Route['match'], about: Routed): boolean =>
  (source === undefined || source === about.source) &&
  (severity === undefined || severity === about.severity) &&
  (tag === undefined || (about.tags ?? []).includes(tag)) &&
  (name === undefined || isLike(name, about.name));

/** `*` is any text. */
const isLike = (pattern: string, text: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'is').test(text);
};
