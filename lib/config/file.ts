import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Far above a config of 10,000 checks: a larger file is a mistake or an attack. */
const FILE_MAX_MB = 10;

/** The content of a regular file. Throws errors of one line that name the file as the user does. */
export function readBytes(path: string, name: string): Buffer {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error(`${name} is not a file`);
    if (stats.size > FILE_MAX_MB * 2 ** 20) throw new Error(`${name} is larger than ${FILE_MAX_MB} MB`);
    return readFileSync(path);
  } catch (error) {
    throw new Error(inWords(name, error), { cause: error });
  }
}

function inWords(name: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `${name} is not there`;
  if (code === 'EACCES' || code === 'EPERM') return `${name} may not be read (permission denied)`;
  return code === undefined ? message : `${name} cannot be read: ${code}`;
}

/** Text in UTF-8, with or without a byte order mark. Throws an error that names the first bad line. */
export function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw new BadLine(lineOf(bytes));
}

/** A text isn't UTF-8, and the first line (from 1) in which that shows. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
  readonly line: number;

  constructor(line: number) {
    super('not UTF-8');
    this.line = line;
  }
}

function lineOf(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const next = end < 0 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, next))) return line;
    start = next;
  }
  return line;
}

/** Where the paths in a config lead. */
export const locatorBeside =
  (config: string) =>
  (name: string): string =>
    resolve(dirname(config), name);

/** Reads the files that a config names, relative to it, each once. Throws errors of one line. */
export function readerBeside(config: string): (name: string) => string {
  const texts = new Map<string, string>();
  return (name) => {
    const path = resolve(dirname(config), name);
    const text = texts.get(path) ?? readText(path, name);
    texts.set(path, text);
    return text;
  };
}

function readText(path: string, name: string): string {
  try {
    return decode(readBytes(path, name));
  } catch (error) {
    throw error instanceof BadLine ? new Error(`${name} is not a text in UTF-8`) : error;
  }
}
