/** Longer patterns can't be read by people either. */
const LENGTH_MAX = 1_000;

/**
 * Why a regular expression can't be used, in one line; undefined: it can. Where something that repeats is itself
 * repeated, a text made for it can take a lifetime.
 */
export function wrongRegex(source: string): string | undefined {
  if (source.length > LENGTH_MAX) return `must have at most ${LENGTH_MAX} characters`;
  try {
    new RegExp(source, 'u');
  } catch (error) {
    return `is not a regular expression: ${error instanceof Error ? error.message.replace(/^.*\/u: /s, '') : error}`;
  }
  return nests(source)
    ? 'repeats a group in which something repeats, as in "(a+)+": that can take forever'
    : undefined;
}

/** Escapes, classes, the starts and ends of groups, quantifiers; all else is one character. */
const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|\)|[*+]|\{\d+(?:,\d*)?\}|./gsu;

/** `*`, `+`, `{2,}`, `{2,9}`: not `?`, and not an exact count. */
const REPEAT = /^(?:[*+]|\{\d+,\d*\})$/;

function nests(source: string): boolean {
  /** For each group that is open, whether something in it repeats. */
  const open = [false];
  let closed = false;
  for (const [token] of source.matchAll(TOKEN)) {
    const repeats = REPEAT.test(token);
    if (repeats && closed) return true;
    if (token.startsWith('(')) open.push(false);
    closed = token === ')' && (open.pop() ?? false);
    open[open.length - 1] ||= repeats || closed;
  }
  return false;
}
