import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { acme, tcp, tempDir } from './kit.ts';

interface Step {
  readonly name: string;
  readonly text: string;
}

/** Writes and loads one file after the other in one process of Node; answers what is printed for each. */
function loadAll(steps: readonly Step[]): string[][] {
  const output = execFileSync(process.execPath, [
    resolve('test/config/load-in-node.ts'),
    tempDir(),
    JSON.stringify(steps),
  ]);
  return JSON.parse(output.toString()) as string[][];
}

const named = (name: string) => JSON.stringify(acme({ name }));
const watchbill = pathToFileURL(resolve('lib/index.ts')).href;

describe('a config in TypeScript', () => {
  it('may use defineConfig and secret', () => {
    const text = `import { defineConfig, secret } from '${watchbill}';
      export default defineConfig({ ...${named('typed')}, notify: { pagerduty: { routingKey: secret('PD_KEY') } } });`;
    expect(loadAll([{ name: 'c.ts', text }])).toEqual([
      ['"typed"', expect.stringContaining('{"secret":"PD_KEY"}')],
    ]);
  });

  it('is read anew each time, be it a module or CommonJS', () => {
    const versions = (name: string, start: string) =>
      ['one', 'two'].map((version) => ({ name, text: `${start} ${named(version)};` }));
    const steps = [
      ...versions('c.ts', 'export default'),
      ...versions('c.js', 'export default'),
      ...versions('d.js', 'module.exports ='),
    ];
    expect(loadAll(steps).map(([name]) => name)).toEqual([
      '"one"',
      '"two"',
      '"one"',
      '"two"',
      '"one"',
      '"two"',
    ]);
  });

  it('gives one line for whatever is wrong with it', () => {
    const table: readonly (readonly [text: string, line: string])[] = [
      ['export default {\n  name: "x",\n  checks: [ }\n', ':3:13  Expression expected'],
      ['export default { name: "x", checks: [ }', ':1:39  Expression expected'],
      ['enum A { B }\nexport default {};\n', ':1:1  TypeScript enum is not supported in strip-only mode'],
      [
        'const x = 1;\tenum A { B }\nexport default {};\n',
        ':1:14  TypeScript enum is not supported in strip-only mode',
      ],
      ['const shop = "café"; enum A { B }\n', ':1:1  TypeScript enum is not supported in strip-only mode'],
      ['const name = "x";\nthrow new Error("no name:\\nthink of one");', ':2:7  no name:'],
      [
        'const env: any = undefined;\nexport default { name: env.NAME };',
        ":2:28  Cannot read properties of undefined (reading 'NAME')",
      ],
      ['export default null;\nthrow { toString: null };', '  throws something that is no error'],
      ['import x from "not-there";\nexport default x;', "  Cannot find package 'not-there'"],
      ['export const config = {};', '  exports no config: write "export default defineConfig({ … })"'],
      ['\n', ':1:1  the file is empty'],
      ['export default () => ({});', '  a function where only plain values can be'],
      [`export default { ...${named('x')}, check: [] };`, '  check: unknown key; did you mean "checks"?'],
      [
        `export default ${JSON.stringify(acme({ checks: [tcp(), tcp({ id: 'cache', prot: 6379 })] }))};`,
        '  checks[1].prot: unknown key; did you mean "port"? (in "cache")',
      ],
    ];
    const answers = loadAll(table.map(([text], index) => ({ name: `c${index}.ts`, text })));
    expect(answers).toEqual(table.map(([, line], index) => [`c${index}.ts${line}`]));
  });

  it('may stand where no watchbill is installed, and where npm init has made a package.json', () => {
    const text = `import { defineConfig, secret } from 'watchbill';
      export default defineConfig({ ...${named('apart')}, notify: { pagerduty: { routingKey: secret('PD_KEY') } } });`;
    const apart = ['"apart"', expect.stringContaining('{"secret":"PD_KEY"}')];
    expect(
      loadAll([
        { name: 'package.json', text: '{ "type": "commonjs" }' },
        { name: 'c.ts', text },
        { name: 'c.js', text },
        { name: 'd.js', text: `module.exports = ${named('old')};` },
        { name: 'one-line.ts', text: text.replaceAll('\n', ' ') },
        { name: 'part.ts', text: 'export const name = "x";' },
      ]).slice(1),
    ).toEqual([
      apart,
      apart,
      ['"old"', '[]'],
      apart,
      ['part.ts:1:1  Unexpected token \'export\'; put "type": "module" into the package.json beside it'],
    ]);
  });

  it('names the module that it imports when that is the broken one', () => {
    const importing = 'import { checks } from "./checks.ts";\nexport default { name: "x", checks };';
    const [, answer] = loadAll([
      { name: 'checks.ts', text: 'export const checks = [\n(;' },
      { name: 'c.ts', text: importing },
    ]);
    expect(answer).toEqual(['c.ts  Expression expected (checks.ts:2)']);
  });
});
