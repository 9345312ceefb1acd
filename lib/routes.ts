import type { Route } from './config/compiled.ts';
import type { Signal } from './signal.ts';

/** What a route is chosen by. */
export interface Routed {
  readonly source: string;
  readonly name: string;
  readonly severity: Signal['severity'];
}

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

const matches = ({ source, name, severity }: Route['match'], about: Routed): boolean =>
  (source === undefined || source === about.source) &&
  (severity === undefined || severity === about.severity) &&
  (name === undefined || isLike(name, about.name));

/** `*` is any text. */
const isLike = (pattern: string, text: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'is').test(text);
};
