import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/* Every line of the catalogue of faults that speaks of probes has a case that names it, and runs on loopback. */

const lines = (section: string, last: number): string[] =>
  Array.from({ length: last }, (_, i) => `${section}${String(i + 1).padStart(2, '0')}`);

/** Traps of Node itself: the line of the catalogue as whose cases they are tested. */
const TRAPS: Readonly<Record<string, string>> = {
  ...{ M01: 'B39', M02: 'A19', M03: 'B12', M04: 'B29', M05: 'B42', M06: 'B24', M07: 'B21', M08: 'A09' },
  ...{ M09: 'C23', M10: 'C24', M11: 'A14', M12: 'H03', M13: 'C15', M14: 'C13', M15: 'C05', M16: 'C20' },
};

const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  A: lines('A', 32).filter((id) => id !== 'A11'), // there is none
  B: lines('B', 45),
  C: lines('C', 40),
  J: [...lines('J', 20), 'J23'],
  M: lines('M', 16),
};

/** Every line that some test names in a text. */
const named = new Set(
  globSync('test/**/*.test.ts')
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line))
    .flatMap((line) => /['`].*/.exec(line)?.[0].match(/\b[A-HJ]\d\d\b/g) ?? []),
);

it.each(Object.keys(SECTIONS))('each line of section %s has a case', (section) => {
  const all = SECTIONS[section] ?? [];
  const missing = all.filter((id) => !named.has(TRAPS[id] ?? id));
  process.stdout.write(
    `${section}: ${all.length - missing.length} of ${all.length} lines, unrunnable: none\n`,
  );
  expect(missing).toEqual([]);
});
