import type { Path } from './error.ts';

/** Where a value of a file stands, and what is in it. For what has a name, it is where the name stands. */
export interface Place {
  readonly offset: number;
  readonly children?: ReadonlyMap<string | number, Place>;
}

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** The place of a path, or of the part of it that the file has: what is missing is shown where it should be. */
export function placeOf(root: Place, path: Path): Place {
  let place = root;
  for (const part of path) {
    const next = place.children?.get(part);
    if (!next) break;
    place = next;
  }
  return place;
}

/** Turns offsets of a text into lines and columns; the text is looked through once. */
export function positionsOf(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
