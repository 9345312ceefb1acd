import type { Json } from '../ports.ts';
import type { Mistake } from './error.ts';
import type { Place } from './positions.ts';

/** What is read from a text: its value, where everything stands, and mistakes that don't keep it from being read. */
export interface Parsed {
  readonly value: unknown;
  readonly root: Place;
  readonly mistakes: readonly Mistake[];
}

/** A text that can't be read, and where. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Deeper than any config needs to be. */
export const DEPTH_MAX = 64;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\w$+.-]+/y;

/**
 * Strict JSON (RFC 8259) with the place of every value. `JSON.parse` doesn't say where a value stands, often not
 * where a mistake is, and takes the last of two equal names in silence. Throws `TextError`.
 */
export function parseJson(text: string): Parsed {
  const reader = new Reader(text);
  return reader.document();
}

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #path: (string | number)[] = [];
  readonly #mistakes: Mistake[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  document(): Parsed {
    this.#peek();
    const offset = this.#at;
    const { value, children } = this.#value();
    if (this.#peek() !== undefined) throw new TextError(this.#at, 'more text after the end of the JSON');
    return { value, root: { offset, ...children }, mistakes: this.#mistakes };
  }

  #value(): { value: Json; children?: Pick<Place, 'children'> } {
    if (this.#path.length > DEPTH_MAX)
      throw new TextError(this.#at, `nested more than ${DEPTH_MAX} levels deep`);
    const next = this.#peek();
    if (next === '{') return this.#object();
    if (next === '[') return this.#list();
    return { value: next === '"' ? this.#string() : this.#plain() };
  }

  #object() {
    const value: { [key: string]: Json } = {};
    const children = new Map<string, Place>();
    this.#each('}', () => {
      if (this.#peek() !== '"') throw this.#unexpected('a name in double quotes');
      const offset = this.#at;
      const key = this.#string();
      if (this.#peek() !== ':') throw this.#unexpected('":" after the name');
      this.#at++;
      const member = this.#inside(key);
      if (children.has(key)) this.#mistakes.push({ path: [...this.#path, key], message: 'given twice' });
      children.set(key, { offset, ...member.children });
      if (key === '__proto__')
        this.#mistakes.push({ path: [...this.#path, key], message: 'this name is never allowed' });
      else value[key] = member.value;
    });
    return { value, children: { children } };
  }

  #list() {
    const value: Json[] = [];
    const children = new Map<number, Place>();
    this.#each(']', () => {
      this.#peek();
      const offset = this.#at;
      const item = this.#inside(value.length);
      children.set(value.length, { offset, ...item.children });
      value.push(item.value);
    });
    return { value, children: { children } };
  }

  #inside(part: string | number) {
    this.#path.push(part);
    const inner = this.#value();
    this.#path.pop();
    return inner;
  }

  /** The entries between the brackets, with commas between them. */
  #each(end: '}' | ']', entry: () => void): void {
    this.#at++;
    if (this.#peek() === end) {
      this.#at++;
      return;
    }
    for (;;) {
      entry();
      const next = this.#peek();
      if (next !== ',' && next !== end) throw this.#unexpected(`"," or "${end}"`);
      this.#at++;
      if (next === end) return;
      if (this.#peek() === end) throw new TextError(this.#at, 'JSON has no comma after the last entry');
    }
  }

  #string(): string {
    const start = this.#at++;
    for (; this.#text.charCodeAt(this.#at) !== 0x22; this.#at++) {
      if (this.#at >= this.#text.length) throw new TextError(start, 'this string has no end');
      if (this.#text.charCodeAt(this.#at) < 0x20)
        throw new TextError(this.#at, 'a line break or control character in a string');
      if (this.#text[this.#at] === '\\') this.#at++;
    }
    this.#at++;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw new TextError(start, 'a "\\" in this string starts no escape that JSON knows');
    }
  }

  #plain(): Json {
    const offset = this.#at;
    const word = this.#match(WORD);
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    this.#at = offset;
    if (word !== undefined && this.#match(NUMBER) === word) return Number(word);
    this.#at = offset;
    throw this.#unexpected('a value');
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** The next character that isn't white space. */
  #peek(): string | undefined {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '?')) this.#at++;
    return this.#text[this.#at];
  }

  #unexpected(wanted: string): TextError {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    if (rest === '') return new TextError(this.#at, `the file ends where ${wanted} should be`);
    if (/^(\/[/*]|#)/.test(rest))
      return new TextError(this.#at, 'JSON has no comments; YAML has, in watchbill.config.yaml');
    if (/^['`‘’“”]/.test(rest))
      return new TextError(this.#at, 'JSON puts names and texts in "double quotes"');
    const found = /^[\w$+.-]+/.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
    return new TextError(this.#at, `${wanted} is missing before ${found}`);
  }
}
