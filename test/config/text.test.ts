import { describe, expect, it } from 'vitest';
import { acme, printedFor, tempDir } from './kit.ts';

const dir = tempDir();
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** Nine aliases of nine aliases of nine … */
const bomb = [
  'a: &a [x]',
  ...'bcdefghij'
    .split('')
    .map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(', ')}]`),
].join('\n');

describe('a file that cannot be read gives one line with its place', () => {
  it.each<[title: string, name: string, text: string | Uint8Array, line: string]>([
    ['nothing in it', 'c.json', '', 'c.json:1:1  the file is empty'],
    ['white space only', 'c.json', ' \n\t\n', 'c.json:1:1  the file is empty'],
    ['nothing but comments', 'c.yaml', '# to do\n\n', 'c.yaml:1:1  the file is empty'],
    ['nothing but the start of a document', 'c.yaml', '---\n', 'c.yaml:1:1  the file is empty'],
    ['a list', 'c.json', '[]', 'c.json:1:1  must be an object, not a list'],
    ['a word', 'c.yaml', 'watchbill\n', 'c.yaml:1:1  must be an object, not a string'],
    ['null', 'c.json', 'null', 'c.json:1:1  must be an object, not null'],
    [
      'a comma too many',
      'c.json',
      '{\n  "name": "x",\n}',
      'c.json:3:1  JSON has no comma after the last entry',
    ],
    [
      'a comma too few',
      'c.json',
      '{\n  "name": "x"\n  "checks": []\n}',
      'c.json:3:3  "," or "}" is missing before "',
    ],
    ['no colon', 'c.json', '{"name" "x"}', 'c.json:1:9  ":" after the name is missing before "'],
    ['no value', 'c.json', '{"name": }', 'c.json:1:10  a value is missing before }'],
    [
      'a word that JSON does not know',
      'c.json',
      '{"name": undefined}',
      'c.json:1:10  a value is missing before undefined',
    ],
    ['a number with a leading zero', 'c.json', '{"name": 007}', 'c.json:1:10  a value is missing before 007'],
    [
      'a name without quotes',
      'c.json',
      '{name: "x"}',
      'c.json:1:2  a name in double quotes is missing before name',
    ],
    ['single quotes', 'c.json', "{'name': 'x'}", 'c.json:1:2  JSON puts names and texts in "double quotes"'],
    [
      'a comment in JSON',
      'c.json',
      '{\n  // our API\n}',
      'c.json:2:3  JSON has no comments; YAML has, in watchbill.config.yaml',
    ],
    ['a text without end', 'c.json', '{"name": "x', 'c.json:1:10  this string has no end'],
    [
      'a line break in a text',
      'c.json',
      '{"name": "x\ny"}',
      'c.json:1:12  a line break or control character in a string',
    ],
    [
      'an escape that JSON does not know',
      'c.json',
      '{"name": "\\x41"}',
      'c.json:1:10  a "\\" in this string starts no escape that JSON knows',
    ],
    [
      'half a file',
      'c.json',
      '{"name": "x", "checks": [',
      'c.json:1:26  the file ends where a value should be',
    ],
    ['two files in one', 'c.json', '{} {}', 'c.json:1:4  more text after the end of the JSON'],
    ['a tab in YAML', 'c.yaml', 'name: x\nchecks:\n\t- id: a\n', 'c.yaml:3:1  a tab where YAML wants spaces'],
    [
      'bad indentation',
      'c.yaml',
      'name: x\n  checks: []\n',
      'c.yaml:1:7  the indentation does not fit what is above it',
    ],
    [
      'two documents',
      'c.yaml',
      'name: x\n---\nname: y\n',
      'c.yaml:2:1  more than one YAML document in the file',
    ],
    ['a tag', 'c.yaml', 'name: !!js/function "x"\n', 'c.yaml:1:7  a tag ("!…") that has no meaning here'],
    [
      'an alias of nothing',
      'c.yaml',
      'name: x\nchecks: *all\n',
      'c.yaml:2:9  *all stands for nothing: there is no &all above it',
    ],
    ['a name that is a list', 'c.yaml', '? [a]\n: b\n', 'c.yaml:1:3  a name must be a string'],
    ['a bomb of aliases', 'c.yaml', bomb, 'c.yaml:1:1  aliases are followed more than 10000 times'],
    ['lists in lists in JSON', 'c.json', '['.repeat(200_000), 'c.json:1:66  nested more than 64 levels deep'],
    [
      'lists in lists in YAML',
      'c.yaml',
      `${'[ '.repeat(100)}${' ]'.repeat(100)}`,
      'c.yaml:1:131  nested more than 64 levels deep',
    ],
    [
      'not UTF-8',
      'c.json',
      bytes('{\n"name": "', [0xff], '"}'),
      'c.json:2:1  not UTF-8: save the file in that encoding',
    ],
    [
      'UTF-16',
      'c.yaml',
      Buffer.from('\ufeffname: x', 'utf16le'),
      'c.yaml:1:1  not UTF-8: save the file in that encoding',
    ],
    [
      'half of a character at the end',
      'c.yaml',
      bytes('name: x\n# ', [0xc3]),
      'c.yaml:2:1  not UTF-8: save the file in that encoding',
    ],
    ['11 MB', 'c.json', Buffer.alloc(11 * 2 ** 20, ' '), 'c.json  the file is larger than 10 MB'],
    ['another format', 'c.toml', 'name = "x"', 'c.toml  its name must end in .ts, .js, .json, .yaml or .yml'],
  ])('%s', async (_, name, text, line) => {
    expect(await printedFor(dir, name, text)).toEqual([line]);
  });

  it('nests that overflow the stack of the YAML parser are one line, too', async () => {
    const [line, ...more] = await printedFor(dir, 'c.yaml', '[ '.repeat(20_000));
    expect(line).toMatch(/^c\.yaml:1:\d+ {2}nested more than 64 levels deep$/);
    expect(more).toEqual([]);
  });
});

describe('a file that can be read, though it looks unusual', () => {
  const good = JSON.stringify(acme(), null, 2);
  it.each<[title: string, name: string, text: string]>([
    ['a byte order mark', 'c.json', `\ufeff${good}`],
    ['Windows line ends', 'c.json', good.replaceAll('\n', '\r\n')],
    ['tabs', 'c.json', good.replaceAll('  ', '\t')],
    ['JSON as YAML', 'c.yaml', good],
    ['YAML as .yml', 'c.yml', 'name: Acme\nchecks: []'],
    [
      'aliases',
      'c.yaml',
      'name: Acme\nchecks:\n  - {id: a, type: tcp, host: &h a.example.test, port: 1}\n  - {id: b, type: tcp, host: *h, port: 1}\n',
    ],
    ['escapes', 'c.json', '{"name": "\\u00e9\\ud83d\\ude00\\/", "checks": []}'],
  ])('%s', async (_, name, text) => {
    expect(await printedFor(dir, name, text)).toEqual([]);
  });
});

describe('names that are given twice or never allowed', () => {
  it.each<[name: string, text: string, lines: string[]]>([
    ['c.json', '{"name": "x",\n "checks": [],\n "name": "y"}', ['c.json:3:2  name: given twice']],
    ['c.yaml', 'name: x\nchecks: []\nname: y\n', ['c.yaml:3:1  name: given twice']],
    [
      'c.json',
      '{"name": "x", "checks": [],\n "__proto__": {"a": 1}}',
      ['c.json:2:2  __proto__: this name is never allowed'],
    ],
    [
      'c.yaml',
      'name: x\nchecks: []\n__proto__: {a: 1}\n',
      ['c.yaml:3:1  __proto__: this name is never allowed'],
    ],
  ])('%s: %j', async (name, text, lines) => {
    expect(await printedFor(dir, name, text)).toEqual(lines);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

describe('line and column', () => {
  const lines = (name: string, text: string) =>
    printedFor(dir, name, text).then((all) => all.map((line) => line.replace(/ {2}.*/, '')));

  it('point at the name of what is wrong, and list the mistakes in the order of the file', async () => {
    const json =
      '{\n  "checks": [\n    { "id": "a",\n      "type": "tcp", "host": "h.test",\n      "prot": 1, "every": "1s" }\n  ],\n  "nam": "x"\n}';
    expect(await lines('c.json', json)).toEqual(['c.json:5:7', 'c.json:5:18', 'c.json:7:3']);
  });

  it('are those of an entry of a list, and of the object in which something is missing', async () => {
    const yaml =
      'name: x\nnetwork:\n  allow:\n    - 10.0.0.0/8\n    - lan\nchecks:\n  - id: a\n    type: tcp\n    host: h.test\n';
    expect(await lines('c.yaml', yaml)).toEqual(['c.yaml:5:7', 'c.yaml:7:5']);
  });

  it('count UTF-16 units, as editors do, and Windows line ends once', async () => {
    expect(await lines('c.json', '{\r\n"😀": 1,\r\n  "name": "x", "checks": []}')).toEqual(['c.json:2:1']);
    expect(await lines('c.json', '{ "name": "😀", "check": 1, "checks": []}')).toEqual(['c.json:1:17']);
  });
});
