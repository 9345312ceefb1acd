import type { Facts, FactValue } from './reading.ts';

/** So many characters of a secret in a row give it away; a shorter secret is only looked for as a whole word. */
const PIECE = 8;
const MARK = '[redacted]';

const remembered = new Set<string>();
/** Every piece of every form of the long secrets. */
const pieces = new Set<string>();
/** Whether some piece has this hash: most of a text is passed over without cutting a piece out of it. */
const hashes = new Uint8Array(2 ** 16);
/** The short secrets, each form of them as a whole word. */
let words: RegExp | undefined;
const wordForms = new Set<string>();

/** From now on `redact` knows this value. Called by every `Secrets` with all that it gives out. */
export function remember(value: string): void {
  if (value === '' || remembered.has(value)) return;
  remembered.add(value);
  if (value.length < PIECE) rememberWord(value);
  else for (const form of [...spellings(value), ...base64Insides(value)]) rememberPieces(form);
}

function rememberWord(value: string): void {
  for (const form of spellings(value)) wordForms.add(form);
  const longestFirst = [...wordForms]
    .toSorted((a, b) => b.length - a.length)
    .map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  words = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${longestFirst.join('|')})(?![\\p{L}\\p{N}_])`, 'gu');
}

function rememberPieces(form: string): void {
  for (let at = 0; at + PIECE <= form.length; at++) {
    const piece = form.slice(at, at + PIECE);
    if (piece.trim() === '') continue;
    pieces.add(piece);
    hashes[hashAt(piece, 0)] = 1;
  }
}

/** A value as it is, and as JSON, URLs, forms and base64 write it. */
function spellings(value: string): string[] {
  const wellFormed = value.toWellFormed();
  const form = new URLSearchParams({ '': wellFormed }).toString().slice(1);
  const percent = [encodeURIComponent(wellFormed), encodeURI(wellFormed), form];
  const lower = percent.map((text) => text.replace(/%../g, (code) => code.toLowerCase()));
  const bytes = Buffer.from(value);
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    ...percent,
    ...lower,
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ];
}

/** What base64 makes of a value wherever it stands in something longer, `user:value` for example. */
function base64Insides(value: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    // The first and the last character may also hold bits of what stands before and after.
    const inside = bytes.toString('base64').slice(before && before + 1, Math.floor((bytes.length * 8) / 6));
    return [inside, inside.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/**
 * The text without any secret that was given out: not as it is, nor as base64, base64url, URL-encoded or
 * JSON-escaped, nor 8 characters or more of any of these. Secrets of less than 8 characters go where they are
 * whole words.
 */
export function redact(text: string): string {
  const long = pieces.size > 0 ? withoutPieces(text) : text;
  return words ? long.replace(words, MARK) : long;
}

function withoutPieces(text: string): string {
  let clean = '';
  let done = 0;
  for (let at = 0; at + PIECE <= text.length; at++) {
    if (!isPiece(text, at)) continue;
    clean += text.slice(done, at) + MARK;
    for (done = at + PIECE; at < done; at++) if (isPiece(text, at)) done = at + PIECE;
    at = done - 1;
  }
  return clean + text.slice(done);
}

const isPiece = (text: string, at: number): boolean =>
  hashes[hashAt(text, at)] === 1 && pieces.has(text.slice(at, at + PIECE));

/** Of three of the eight characters: cheap, and enough to pass over most places. */
const hashAt = (text: string, at: number): number =>
  (text.charCodeAt(at) ^ (text.charCodeAt(at + 3) << 4) ^ (text.charCodeAt(at + 7) << 9)) & 0xffff;

/** The same for the strings in facts. */
export function redactFacts(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, redactValue(value)]));
}

function redactValue(value: FactValue): FactValue {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(redactValue);
  return typeof value === 'object' && value !== null ? redactFacts(value as Facts) : value;
}
