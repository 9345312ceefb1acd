import type { z } from 'zod';
import type { Notifier } from '../notifiers/define.ts';
import type { KnownNotifier } from '../notifiers/index.ts';
import type { Probe } from '../probes/define.ts';
import type { KnownProbe } from '../probes/index.ts';
import type { commonShape, makeSchema } from './schema.ts';

type Whole = z.input<ReturnType<typeof makeSchema>['whole']>;

type Written<S extends z.ZodRawShape> = z.input<z.ZodObject<S>>;

type CheckInput<P> =
  P extends Probe<infer T, infer S, infer _C>
    ? { type: T } & Written<ReturnType<typeof commonShape>> & Written<S>
    : never;

type NotifyInput<N> = N extends Notifier<infer T, infer S> ? { [name in T]?: Written<S> } : never;

/** All of a union at once. */
type Together<U> = (U extends unknown ? (part: U) => void : never) extends (all: infer A) => void ? A : never;

/** A config as a user writes it. Its types derive from the same schema that checks it. */
export type ConfigInput = Omit<Whole, 'checks' | 'notify'> & {
  checks: CheckInput<KnownProbe>[];
  notify?: Together<NotifyInput<KnownNotifier>>;
};
