/** The file holds something that we never wrote there. */
export class Damage extends Error {
  override readonly name = 'Damage';
}

/** The file is sound, but not for this program: a line for the person who started it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** What went wrong, in a form that crosses threads. */
export interface Failure {
  readonly message: string;
  readonly corrupt: boolean;
}

const ERROR = 1;
const CORRUPT = 11;
const NOTADB = 26;

/** Primary result codes: https://www.sqlite.org/rescode.html */
const CAUSES: Readonly<Record<number, string>> = {
  3: 'the data file cannot be opened',
  5: 'another process holds the data file',
  6: 'another process holds the data file',
  8: 'the data directory cannot be written to',
  10: 'the disk failed or has no room',
  [CORRUPT]: 'the data file is corrupt',
  13: 'the disk is full',
  14: 'the data file cannot be opened',
  [NOTADB]: 'the data file is corrupt',
};

/** `opening`: our statements are sound, so one that can't be prepared means that the tables aren't. */
export function explain(error: unknown, opening = false): Failure {
  if (error instanceof Refusal) return { message: error.message, corrupt: false };
  if (error instanceof Damage) return { message: `${CAUSES[CORRUPT]} (${error.message})`, corrupt: true };
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  const words = error instanceof Error ? error.message : String(error);
  const cause = code === undefined ? undefined : CAUSES[code];
  return {
    message: cause ? `${cause} (${words})` : words,
    corrupt: code === CORRUPT || code === NOTADB || (opening && code === ERROR),
  };
}
