/** One page of a listing, and what names the next one; undefined, null or empty: it was the last. */
export interface Page<T> {
  readonly items: readonly T[] | undefined;
  readonly next: string | null | undefined;
}

/** Everything on all pages: one that fails fails all, since half a listing proves nothing. */
export async function allPages<T>(ask: (after: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let after: string | undefined;
  do {
    const { items, next } = await ask(after);
    all.push(...(items ?? []));
    after = next || undefined;
  } while (after !== undefined);
  return all;
}
