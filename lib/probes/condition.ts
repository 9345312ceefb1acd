import { printable } from '../net/certificate.ts';
import { redact } from '../redact.ts';
import { finds, toRegex } from './bounded-regex.ts';

export type Scalar = string | number | boolean | null;

/** What may be asked of a value. Each fails closed: of what is missing, only `exists: false` holds. */
export interface Conditions {
  readonly eq?: Scalar | undefined;
  readonly ne?: Scalar | undefined;
  readonly lt?: number | undefined;
  readonly lte?: number | undefined;
  readonly gt?: number | undefined;
  readonly gte?: number | undefined;
  readonly exists?: boolean | undefined;
  /** A part of a string, or an element of an array. */
  readonly contains?: Scalar | undefined;
  readonly notContains?: Scalar | undefined;
  readonly matches?: string | undefined;
}

/** One condition, ready to use. */
interface Test {
  readonly wanted: string;
  /** `undefined`: that can't be told, which is no yes. */
  readonly holds: (value: unknown) => boolean | undefined;
}

/** Each condition, made from its operand. */
const CONDITIONS: Readonly<Record<keyof Conditions, (operand: never) => Test>> = {
  eq: (to: Scalar) => ({ wanted: shown(to), holds: (value) => isExact(value) && value === to }),
  ne: (to: Scalar) => ({
    wanted: `anything but ${shown(to)}`,
    holds: (value) => isExact(value) && value !== to,
  }),
  lt: (limit: number) => compared('less than', limit, (value) => value < limit),
  lte: (limit: number) => compared('at most', limit, (value) => value <= limit),
  gt: (limit: number) => compared('more than', limit, (value) => value > limit),
  gte: (limit: number) => compared('at least', limit, (value) => value >= limit),
  exists: (should: boolean) => ({ wanted: should ? 'something' : 'nothing', holds: () => should }),
  contains: (part: Scalar) => ({
    wanted: `it to contain ${shown(part)}`,
    holds: (value) => contains(value, part),
  }),
  notContains: (part: Scalar) => ({
    wanted: `it not to contain ${shown(part)}`,
    holds: (value) => contains(value, part) === false,
  }),
  matches: (source: string) => {
    const pattern = toRegex(source);
    const holds = (value: unknown) => (typeof value === 'string' ? finds(pattern, value) : undefined);
    return { wanted: `it to match /${source}/`, holds };
  },
};

/** Asks everything of a value: of the only one in the list, or of a missing one. Answers what doesn't hold, a sentence each. */
export type Question = (found: readonly unknown[]) => string[];

/** Made once, asked often. `subject`: what the value is called at the start of a sentence. */
export function question(subject: string, conditions: Conditions): Question {
  const tests = Object.entries(conditions)
    .filter(([, operand]) => operand !== undefined)
    .map(([name, operand]) => CONDITIONS[name as keyof Conditions](operand as never));
  const mayMiss = conditions.exists === false;
  return (found) => {
    if (found.length === 0)
      return mayMiss ? [] : tests.map(({ wanted }) => `${subject} is missing, expected ${wanted}.`);
    const [value] = found;
    return tests
      .filter(({ holds }) => holds(value) !== true)
      .map(({ wanted }) => `${subject} is ${shown(value)}, expected ${wanted}.`);
  };
}

function compared(words: string, limit: number, holds: (value: number) => boolean): Test {
  return {
    wanted: `${words} ${limit}`,
    holds: (value) => typeof value === 'number' && isExact(value) && holds(value),
  };
}

/** JSON may say numbers that JavaScript can't tell from their neighbours. */
function isExact(value: unknown): boolean {
  return typeof value !== 'number' || Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function contains(value: unknown, part: Scalar): boolean | undefined {
  if (typeof value === 'string') return value.includes(String(part));
  return Array.isArray(value) ? value.includes(part) : undefined;
}

const EXCERPT_MAX = 60;

/** A value for a message. What a target says is cut only after secrets that it may echo were taken out. */
function shown(value: unknown): string {
  if (typeof value !== 'string')
    return Array.isArray(value) ? 'an array' : isObject(value) ? 'an object' : String(value);
  return JSON.stringify(printable(redact(value.slice(0, 10 * EXCERPT_MAX)), EXCERPT_MAX));
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
