import type { EarlyTick, Tick } from './reading.ts';
import type { Signal } from './signal.ts';

/**
 * What reaches home: what a location has seen, that a first try has failed there, what others have found wrong, and that
 * another minute has begun.
 */
export type News =
  | { readonly kind: 'tick'; readonly tick: Tick }
  | { readonly kind: 'early'; readonly early: EarlyTick }
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'clock' };

/** What `deliver` is told on AWS: which incidents were changed; none: it is to have a look. */
export interface Named {
  readonly incidents: readonly { readonly subject: string; readonly n: number }[];
}
