import type { z } from 'zod';
import type { Mistake, Path } from './error.ts';
import { didYouMean, nearest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** The words for what a schema refuses, where the schema has none of its own: zod's error map. */
export function words(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'required'
        : `must be ${kindOf(issue.expected)}, not ${nameOf(issue.input)}${quotesFor(issue.expected, issue.input)}`;
    case 'unrecognized_keys': {
      const known = Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {});
      return issue.keys.map((key) => `unknown key${didYouMean(key, known)}`).join('\n');
    }
    case 'invalid_value':
      return oneOf(issue.input, issue.values);
    case 'invalid_union':
      return issue.discriminator === undefined
        ? 'is of no form that fits here'
        : oneOf(undefined, optionsOf(issue));
    case 'too_small':
      return `must ${sized(issue.origin, 'at least', Number(issue.minimum), issue.inclusive)}`;
    case 'too_big':
      return `must ${sized(issue.origin, 'at most', Number(issue.maximum), issue.inclusive)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return 'is not in the form that is wanted here';
  }
}

/** What zod found wrong with `raw`, as mistakes: one for each unknown key, and of a union only what was meant. */
export const explain = (issues: readonly Issue[], raw: unknown, base: Path): Mistake[] =>
  issues.flatMap((issue) => explainIssue(issue, raw, base));

function explainIssue(issue: Issue, raw: unknown, base: Path): Mistake[] {
  const inner = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const path = [...base, ...inner];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.message
        .split('\n')
        .map((message, index) => ({ path: [...path, issue.keys[index] ?? ''], message }));
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message }));
    case 'invalid_union':
      if (issue.discriminator !== undefined) return [discriminated(issue, raw, path)];
      return meantBranch(issue.errors, at(raw, inner)).flatMap((branch) =>
        explainIssue(branch, at(raw, inner), path),
      );
    default:
      return [{ path, message: issue.message }];
  }
}

/** What says which form it is has no value that is known, or isn't there, or its name is mistyped. */
function discriminated(issue: Issue, raw: unknown, path: Path): Mistake {
  const value = at(raw, issue.path as Path);
  if (value !== undefined) return { path, message: oneOf(value, optionsOf(issue)) };
  const name = String(path.at(-1));
  const mistyped = Object.keys(at(raw, issue.path.slice(0, -1) as Path) ?? {}).find((key) =>
    nearest(key, [name]),
  );
  if (mistyped)
    return { path: [...path.slice(0, -1), mistyped], message: `unknown key${didYouMean(mistyped, [name])}` };
  return { path, message: `required: ${either(optionsOf(issue).map((option) => JSON.stringify(option)))}` };
}

/** Of the forms that a value may have, what is wrong with the one that it comes nearest to. */
function meantBranch(branches: readonly Issue[][], value: unknown): Issue[] {
  const sameKind = branches.filter((issues) => !issues.some(isOtherKind));
  const [nearest] = sameKind.toSorted((a, b) => a.length - b.length);
  if (nearest) return nearest;
  const kinds = branches.flat().filter(isOtherKind).map(kindWanted);
  const message = value === undefined ? 'required' : `must be ${either([...new Set(kinds)])}`;
  return [{ code: 'custom', path: [], message }];
}

const kindWanted = (issue: Issue): string =>
  issue.code === 'invalid_value'
    ? either(issue.values.map((value) => JSON.stringify(value)))
    : issue.message.replace(/^must be /, '').replace(/, not .*/, '');

const isOtherKind = ({ path, code }: Issue): boolean =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');

/** `"pgae" is not "page" or "ticket"; did you mean "page"?` */
function oneOf(input: unknown, values: readonly unknown[]): string {
  const listed = either(values.map((value) => JSON.stringify(value)));
  if (typeof input !== 'string' || input.length > 60) return `must be ${listed}`;
  return `${JSON.stringify(input)} is not ${listed}${didYouMean(
    input,
    values.filter((value) => typeof value === 'string'),
  )}`;
}

/** `a, b or c` */
const either = (names: readonly string[]): string =>
  [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' or ');

function sized(origin: string, bound: string, limit: number, inclusive = true): string {
  const count = inclusive ? `${bound} ${limit}` : `${bound === 'at least' ? 'more' : 'less'} than ${limit}`;
  if (origin === 'string')
    return limit === 1 && bound === 'at least' ? 'not be empty' : `have ${count} characters`;
  if (origin === 'array' || origin === 'set')
    return limit === 1 && bound === 'at least' ? 'not be empty' : `have ${count} entries`;
  return `be ${count}`;
}

/** The types that a discriminated union knows. */
const optionsOf = (issue: object): readonly unknown[] =>
  'options' in issue && Array.isArray(issue.options) ? issue.options : [];

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const kindOf = (expected: string): string => KINDS[expected] ?? expected;

/** `port: "80"`, `id: 5` */
function quotesFor(expected: string, input: unknown): string {
  if (expected === 'string' && ['number', 'boolean'].includes(typeof input)) return '; put it in quotes';
  return ['number', 'int', 'boolean'].includes(expected) &&
    typeof input === 'string' &&
    /^([\d.]+|true|false)$/.test(input)
    ? '; leave out the quotes'
    : '';
}

/** What a value is, without showing it. */
function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return KINDS[typeof value] ?? typeof value;
}

function at(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<string | number, unknown> | null | undefined)?.[part],
    raw,
  );
}
