import { expect, it } from 'vitest';
import { printable } from '../../../lib/adapters/local/console-log.ts';

it.each([
  ['a line break', 'a\r\nb', 'a\\r\\nb'],
  ['a colour of a terminal', '\u001b[31mred', '\\u001b[31mred'],
  ['the same in one character', '\u009b31mred', '\\u009b31mred'],
  ['delete', 'a\u007f', 'a\\u007f'],
  ['a line separator', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['nothing special', 'é "x" \\', 'é "x" \\'],
])('C37 %s in a text is shown, and obeyed by no terminal', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});
