import type { Writable } from 'node:stream';

/** Where progress is shown, if it is a terminal. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number };

const CLEAR_LINE = '\r\u001b[K';

/** One line that tells how far something is, written anew each time; only on a terminal. `''` takes it away. */
export function progressOn(screen: Screen): (text: string) => void {
  if (!screen.isTTY) return () => {};
  return (text) => {
    const { columns = 80 } = screen;
    screen.write(CLEAR_LINE + (text.length < columns ? text : `${text.slice(0, columns - 2)}…`));
  };
}
