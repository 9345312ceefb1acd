import { createContext, Script } from 'node:vm';

/** Shorter texts are tried at once, with a tame pattern: the watch over others costs more than all the rest of a probe. */
const SHORT = 256;

/** A pattern that repeats no group and little else takes, at the worst, the cube of the length of a text. */
const isTame = ({ source }: RegExp): boolean =>
  !/\)[*+{]/.test(source) && (source.match(/[*+{]/g) ?? []).length <= 2;

/** What a pattern that suits its purpose needs for a megabyte, several times over. */
const BOUND_MS = 250;

const TEST = new Script('pattern.test(text)');
const sandbox = createContext({ pattern: /./, text: '' });

/** A regular expression as the config allows them; throws `SyntaxError`. */
export const toRegex = (source: string): RegExp => new RegExp(source, 'u');

/**
 * Whether the pattern is found. `undefined`: it took too long to tell. Even an innocent pattern (`a.*b`) takes
 * the square of the length of a text that was made for it, and nothing else runs meanwhile.
 */
export function finds(pattern: RegExp, text: string): boolean | undefined {
  if (text.length <= SHORT && isTame(pattern)) return pattern.test(text);
  try {
    sandbox.pattern = pattern;
    sandbox.text = text;
    return TEST.runInContext(sandbox, { timeout: BOUND_MS });
  } catch (error) {
    // not an `Error` of this realm
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    sandbox.text = '';
  }
}
