import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compile } from '../../lib/config/compile.ts';
import { type Path, pathText } from '../../lib/config/error.ts';
import { parseJson, TextError } from '../../lib/config/json.ts';
import { makeFields } from '../../lib/config/make-fields.ts';
import { makeSchema } from '../../lib/config/schema.ts';
import { EXAMPLE } from './kit.ts';

const numRuns = Number(process.env.WATCHBILL_RUNS ?? 500);
vi.setConfig({ testTimeout: 30_000 + 50 * numRuns });
const TEXT = JSON.stringify(EXAMPLE, null, 2);

type Container = Record<string | number, unknown>;

/** Every path of a value, its own included. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const parts = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...parts.flatMap((part) => pathsOf((value as Container)[part], [...path, part]))];
}

const PATHS = pathsOf(EXAMPLE).slice(1);
const at = (config: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, part) => (value as Container)[part], config);

/** Objects in which the user chooses the names. */
const FREE = /^(checks\[0\]\.headers|checks\[0\]\.expect\.(json|headers))$/;
const STRICT = [[], ...PATHS].filter((path) => {
  const value = at(EXAMPLE, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !FREE.test(pathText(path));
});

const odd = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1.5,
    1e9,
    2 ** 53,
    '',
    ' ',
    '*',
    'page',
    '5 min',
    '0s',
    '-5s',
    '30d',
    '1e9',
    '../x',
    '\ud800',
    '\u0000',
    'x'.repeat(500),
  ),
  fc.constantFrom(
    [],
    {},
    [[]],
    [{}],
    [null],
    { secret: 'X' },
    { secret: 5 },
    { from: 'x' },
    ['api', 'api'],
    'http://10.0.0.1/',
    'https://u:p@h.test',
    '127.0.0.1:0',
    '::1',
  ),
  fc.string(),
  fc.jsonValue(),
);

/** A change of a copy of the example, in place. */
const change = fc.oneof(
  fc.record({ path: fc.constantFrom(...PATHS), value: odd }).map(({ path, value }) => (config: unknown) => {
    (at(config, path.slice(0, -1)) as Container)[path.at(-1) ?? ''] = value;
  }),
  fc.constantFrom(...PATHS).map((path) => (config: unknown) => {
    const parent = at(config, path.slice(0, -1)) as Container;
    if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
    else delete parent[path.at(-1) ?? ''];
  }),
  fc
    .record({ to: fc.constantFrom(...PATHS), from: fc.constantFrom(...PATHS) })
    .map(({ to, from }) => (config: unknown) => {
      (at(config, to.slice(0, -1)) as Container)[to.at(-1) ?? ''] = structuredClone(at(EXAMPLE, from));
    }),
  fc
    .record({
      path: fc.constantFrom(...PATHS),
      name: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'Id', 'tyep', 'toString'), fc.string()),
    })
    .map(({ path, name }) => (config: unknown) => {
      const parent = at(config, path.slice(0, -1)) as Container;
      Object.defineProperty(parent, name, {
        value: parent[path.at(-1) ?? ''],
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }),
);

/** Mutants of the example with one to three changes; a change that no longer fits an earlier one is left out. */
const mutant = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
  const config: unknown = structuredClone(EXAMPLE);
  for (const apply of changes) {
    try {
      apply(config);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return config;
});

const schema = makeSchema(makeFields({ read: () => '', locate: String, refuses: () => undefined }));

/** What must hold of any input: a config that the schema takes too, or one-line mistakes, one for each place. */
function holds(config: unknown): void {
  const result = compile(config, () => 'a file');
  if ('config' in result) {
    expect(schema.whole.safeParse(config).success).toBe(true);
    const text = JSON.stringify(result.config);
    expect(JSON.stringify(JSON.parse(text))).toBe(text);
    return;
  }
  expect(result.mistakes.length).toBeGreaterThan(0);
  for (const { message } of result.mistakes)
    expect(message).toMatch(/^(?!.*(undefined|\[object|\n {4}at |NaN$)).{4,301}$/u);
  const places = result.mistakes.map(({ path }) => pathText(path));
  expect(new Set(places).size).toBe(places.length);
}

describe('mutants of a valid config', () => {
  it('are valid, or are refused with one line for each mistake', () => {
    fc.assert(fc.property(mutant, holds), { numRuns });
  });

  it('are never accepted with an unknown key, wherever it stands', () => {
    const key = fc
      .string({ minLength: 1 })
      .filter((name) => !(name in Object.prototype) && !/^[a-z$]/i.test(name));
    const unknown = fc.record({
      path: fc.constantFrom(...STRICT),
      key: fc.oneof(key, fc.constantFrom('intervall', 'zzz', 'constructor', 'toString')),
      value: odd,
    });
    fc.assert(
      fc.property(unknown, ({ path, key, value }) => {
        const config = structuredClone(EXAMPLE);
        (at(config, path) as Container)[key] = value;
        const result = compile(config, () => 'a file');
        const named =
          'mistakes' in result
            ? result.mistakes.filter(({ message }) => message.startsWith('unknown key'))
            : [];
        expect(named.map((mistake) => pathText(mistake.path))).toContain(pathText([...path, key]));
      }),
      { numRuns },
    );
  });
});

/** A few changes of the text itself. */
const text = fc
  .array(
    fc.record({
      at: fc.nat(TEXT.length),
      cut: fc.nat(4),
      insert: fc.oneof(
        fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '\n', '\u0000', '//', '1e999', '-', '0'),
        fc.string({ maxLength: 3 }),
      ),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((edits) =>
    edits.reduce((all, { at, cut, insert }) => all.slice(0, at) + insert + all.slice(at + cut), TEXT),
  );

describe('our reading of JSON', () => {
  it('agrees with JSON.parse about what is JSON and what it says', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.json(), fc.string()), (source) => {
        const ours = attempt(() => parseJson(source), TextError);
        const theirs = attempt(() => ({ value: JSON.parse(source) as unknown }), SyntaxError);
        if (ours && ours.mistakes.length > 0) return;
        expect(ours && { value: ours.value }).toEqual(theirs);
      }),
      { numRuns },
    );
  });

  it('names a place inside of the text', () => {
    fc.assert(
      fc.property(text, (source) => {
        try {
          holds(parseJson(source).value);
        } catch (error) {
          if (!(error instanceof TextError)) throw error;
          expect(error.offset).toBeLessThanOrEqual(source.length);
          expect(error.message).toMatch(/^.{4,200}$/u);
        }
      }),
      { numRuns },
    );
  });
});

function attempt<T>(run: () => T, expected: new (...args: never[]) => Error): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof expected) return undefined;
    throw error;
  }
}
