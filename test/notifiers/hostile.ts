import fc from 'fast-check';
import type { Incident } from '../../lib/incident.ts';
import type { FactValue } from '../../lib/reading.ts';
import { incidentOf } from '../kit/notice.ts';

/** The forms in which a secret may turn up in what a target says. */
export const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify(secret).slice(1, -1),
  (secret) => encodeURIComponent(secret.toWellFormed()),
  (secret) => Buffer.from(secret).toString('base64'),
  (secret) => Buffer.from(secret).toString('base64url'),
  (secret) => Buffer.from(`user:${secret}`).toString('base64'),
];

/** UTF-16 units of every kind: halves of pairs, control characters, marks of direction, and plain text. */
const unit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...'abc XYZ019"\\/<>&%{}é漢👩‍👧🇪🇺') },
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom(
    '\u0000',
    '\u0007',
    '\n',
    '\r',
    '\t',
    '\u001b[31m',
    '\u0085',
    '\u200f',
    '\u202e',
    '\u2066',
    '\u2028',
    '\ufeff',
  ),
);
const short = fc.string({ unit, maxLength: 60 });
const noise = fc.oneof(
  { weight: 5, arbitrary: short },
  fc.tuple(short, fc.integer({ min: 10, max: 300 })).map(([text, times]) => text.repeat(times)),
);

/** Any text, with the secret in it in one form or another. */
const textWith = (secret: string): fc.Arbitrary<string> =>
  fc.oneof(
    noise,
    fc
      .tuple(noise, fc.constantFrom(...FORMS), noise)
      .map(([before, form, after]) => before + form(secret) + after),
  );

/** A secret of 8 to 40 visible characters, of any script. */
export const secretText: fc.Arbitrary<string> = fc
  .string({ unit: 'grapheme', minLength: 8, maxLength: 20 })
  .filter((secret) => !/\s/u.test(secret) && secret.length >= 8);

/** An incident whose every text was written by somebody who means harm, and knows the secret. */
export function hostileIncident(secret: string): fc.Arbitrary<Incident> {
  const text = textWith(secret);
  const fact = fc.letrec<{ value: FactValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      text,
      fc.double(),
      fc.constantFrom<FactValue>(null, true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const evidence = fc.record({
    at: fc.constant(0),
    reasons: fc.array(text, { maxLength: 4 }),
    message: text,
    locations: fc.array(text, { maxLength: 4 }),
    of: fc.nat(9),
    facts: fc.dictionary(text, fact, { maxKeys: 8 }),
  });
  const check = fc.record({
    id: text,
    name: text,
    type: fc.constant('http'),
    target: text,
    group: fc.option(text, { nil: undefined }),
    public: fc.boolean(),
  });
  return fc
    .record({
      subject: text,
      title: text,
      check: fc.option(check, { nil: undefined }),
      runbook: text.map((path) => `https://wiki.acme.test/${path}`),
      evidence,
      severity: fc.constantFrom('page' as const, 'ticket' as const),
      flaps: fc.nat(),
    })
    .map(({ check, ...some }) => ({ ...incidentOf(some), ...(check && { check }) }));
}

/** Every text of a value, the names of its fields included. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [name, ...textsOf(field)]);
}
