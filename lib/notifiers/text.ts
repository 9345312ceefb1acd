import type { Facts, FactValue } from '../reading.ts';
import { redact } from '../redact.ts';

/** Enough for every fact that helps at night, and little beside any receiver's limit. */
const FACTS_MAX_BYTES = 16_384;
const FACT_MAX = 1_024;
const FACT_NAME_MAX = 128;
const FACT_MAX_DEPTH = 4;
const LINK_MAX = 2_048;

/**
 * What may turn a line of text into something else on a screen: control characters, marks that reverse the
 * reading direction, and characters without width (but not the joiners that emoji and scripts need).
 */
const INVISIBLE = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * Text as a receiver may have it: one line of well-formed Unicode, visible, without secrets, at most `max`
 * UTF-16 units. Secrets are looked for twice: as they were written, and as they would be read.
 */
export function clean(text: string, max: number): string {
  const visible = redact(text.toWellFormed()).replace(/\s+/gu, ' ').replace(INVISIBLE, '');
  return cut(redact(visible).toWellFormed().trim(), max);
}

/** An http or https URL that a person can follow, without secrets; undefined for anything else, or one too long. */
export function webLink(href: string | undefined): string | undefined {
  const safe = clean(href ?? '', LINK_MAX);
  return URL.canParse(safe) && /^https?:$/.test(new URL(safe).protocol) && !safe.endsWith('…')
    ? safe
    : undefined;
}

/** Facts, cleaned; those that don't fit in 16 KiB of JSON are left out, the others stay. */
export function cleanFacts(facts: Facts): Facts {
  let left = FACTS_MAX_BYTES;
  const fitting = Object.entries(facts).flatMap(([name, value]): [string, FactValue][] => {
    const fact: [string, FactValue] = [clean(name, FACT_NAME_MAX) || '?', cleanFact(value, FACT_MAX_DEPTH)];
    const size = Buffer.byteLength(JSON.stringify(fact));
    if (size > left) return [];
    left -= size;
    return [fact];
  });
  return Object.fromEntries(fitting);
}

function cleanFact(value: FactValue, depth: number): FactValue {
  if (typeof value === 'string') return clean(value, FACT_MAX);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.map((item: FactValue) => cleanFact(item, depth - 1));
  const fields = Object.entries(value).map(([name, field]): [string, FactValue] => [
    clean(name, FACT_NAME_MAX) || '?',
    cleanFact(field, depth - 1),
  ]);
  return Object.fromEntries(fields);
}

/** Cuts between code points, never inside of one; the text is well-formed. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max - 1);
  return `${head.isWellFormed() ? head : head.slice(0, -1)}…`;
}
