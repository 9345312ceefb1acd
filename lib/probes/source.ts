import type { z as Zod } from 'zod';
import type { Fields } from '../config/fields.ts';
import type { AccountContext, Permission, PermissionPlace } from './define.ts';

/** Where a check of the account gets its facts from: one kind, one file. `F`: what it finds, for the check to judge. */
export interface Source<F, K extends string = string, S extends Zod.ZodRawShape = Zod.ZodRawShape> {
  readonly kind: K;
  /** One line for the docs. */
  readonly summary: string;
  readonly shape: (z: typeof Zod, fields: Fields) => S;
  /** What is looked at, in a few words, for people and without a secret: `IAM keys of alice`. */
  target(source: SourceValue<K, S>): string;
  /** Looks. A target that fails is in what it answers or a `Fault`; what we could not see is a `Fault` that is `unknown`. */
  look(source: SourceValue<K, S>, context: AccountContext): Promise<F>;
  /** Exactly what `look` calls. */
  permissions?(source: SourceValue<K, S>, place: PermissionPlace): readonly Permission[];
  /** Why it can't be looked at from AWS, if it can't. */
  readonly onlyHere?: string;
}

/** A source as it stands in a compiled check. */
export type SourceValue<K extends string, S extends Zod.ZodRawShape> = { readonly kind: K } & Zod.output<
  Zod.ZodObject<S>
>;

/** Declares a kind of source: `defineSource<Keys>()({ kind, shape, … })`. */
export const defineSource =
  <F>() =>
  <const K extends string, S extends Zod.ZodRawShape>(source: Source<F, K, S>): Source<F, K, S> =>
    source;

/** Any source of what finds `F`: its methods bear that its shape is forgotten, since it is handed what it has compiled. */
export type AnySource<F> = Source<F, string, Zod.ZodRawShape>;

type ShapeOf<S> =
  S extends Source<infer _F, infer K, infer R>
    ? Zod.ZodObject<R & { kind: Zod.ZodLiteral<K> }, Zod.core.$strict>
    : never;

/** The `source` field of a check: one of these kinds. */
export function sourceShape<const L extends readonly AnySource<unknown>[]>(
  z: typeof Zod,
  fields: Fields,
  list: L,
) {
  const shapes = list.map((one) =>
    z
      .strictObject({
        kind: z.literal(one.kind).describe('What is looked at'),
        ...one.shape(z, fields),
      })
      .describe(one.summary),
  );
  return z.discriminatedUnion('kind', shapes as never) as unknown as Zod.ZodDiscriminatedUnion<
    { -readonly [I in keyof L]: ShapeOf<L[I]> },
    'kind'
  >;
}

/** The kind that a compiled source is of. */
export function sourceOf<F>(
  list: readonly AnySource<F>[],
  { kind }: { readonly kind: string },
): AnySource<F> {
  const found = list.find((one) => one.kind === kind);
  if (!found) throw new TypeError(`no source of kind ${kind}`);
  return found;
}

/** What is wrong with a source of which exactly one of two fields must be set: by its kind, the two. */
export function eitherMistakes(
  source: { readonly kind: string },
  pairs: Readonly<Record<string, readonly [string, string]>>,
): { readonly path: string[]; readonly message: string }[] {
  const pair = pairs[source.kind];
  if (!pair) return [];
  const set = pair.filter((name) => (source as Record<string, unknown>)[name] !== undefined);
  return set.length === 1 ? [] : [{ path: ['source'], message: `needs either "${pair[0]}" or "${pair[1]}"` }];
}
