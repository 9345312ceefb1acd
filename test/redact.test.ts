import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, redactFacts, remember } from '../lib/redact.ts';

const numRuns = Number(process.env.WATCHBILL_RUNS ?? 200);

const SECRET = 'Zk9$"q\\ü7/+?x&y=PLOVER%20\n#w';
remember(SECRET);
remember('pin42');

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a secret that was given out is gone from every text', () => {
  it.each<[form: string, text: string, clean: string]>([
    ['as it is', `no ${SECRET}, thanks`, 'no [redacted], thanks'],
    ['twice', `${SECRET} and ${SECRET}`, '[redacted] and [redacted]'],
    ['in JSON', JSON.stringify({ header: SECRET }), '{"header":"[redacted]"}'],
    [
      'in a query',
      `https://h.test/?token=${encodeURIComponent(SECRET)}&page=2`,
      'https://h.test/?token=[redacted]&page=2',
    ],
    [
      'in a query in small letters',
      encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase()),
      '[redacted]',
    ],
    ['in a form', new URLSearchParams({ token: SECRET }).toString(), 'token=[redacted]'],
    ['in a URL that was normalised', encodeURI(SECRET), '[redacted]'],
    ['in base64', base64(SECRET), '[redacted]'],
    ['in base64 without its end', base64(SECRET).replace(/=+$/, ''), '[redacted]'],
    ['in base64url', Buffer.from(SECRET).toString('base64url'), '[redacted]'],
    ['in basic credentials', base64(`me:${SECRET}`), 'bWU6[redacted]'],
    ['in basic credentials, shifted by one', base64(`you:${SECRET}`), 'eW91Ol[redacted]'],
    ['in basic credentials, shifted by two', base64(`user:${SECRET}`), 'dXNlcjp[redacted]w=='],
  ])('%s', (_, text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it('so is any part of 8 characters', () => {
    for (let at = 0; at + 8 <= SECRET.length; at++) {
      expect(redact(`<${SECRET.slice(at, at + 8)}>`)).toBe('<[redacted]>');
    }
  });

  it('7 characters of it say nothing yet', () => {
    expect(redact(SECRET.slice(0, 7))).toBe(SECRET.slice(0, 7));
  });

  it('a short one goes where it is a word, and stays where it is a part of one', () => {
    expect(redact('pin42, "pin42" (pin42) =pin42&')).toBe(
      '[redacted], "[redacted]" ([redacted]) =[redacted]&',
    );
    expect(redact(`code: ${base64('pin42')}`)).toBe('code: [redacted]');
    expect(redact('spin42 pin421 pin42_ épin42é')).toBe('spin42 pin421 pin42_ épin42é');
  });

  it('nothing else is touched', () => {
    const text = 'GET https://api.example.test/health gave 503 after 1204 ms; PLOVER, pin 42, Zk9';
    expect(redact(text)).toBe(text);
    expect(redact('')).toBe('');
  });

  it('facts lose it at any depth, and keep everything else', () => {
    const facts = {
      location: `/?key=${SECRET}`,
      count: 5,
      gone: null,
      tries: [{ error: `bad ${SECRET}` }, true],
    };
    expect(redactFacts(facts)).toEqual({
      location: '/?key=[redacted]',
      count: 5,
      gone: null,
      tries: [{ error: 'bad [redacted]' }, true],
    });
  });
});

it('no part of 8 characters of any secret survives in any text (J22)', () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 40, unit: 'binary' })
    .filter((text) => text.trim().length >= 8 && text.isWellFormed());
  const encode = fc.constantFrom<(text: string) => string>(
    (text) => text,
    base64,
    (text) => JSON.stringify(text),
    encodeURIComponent,
    (text) => Buffer.from(text).toString('base64url'),
  );
  fc.assert(
    fc.property(secret, encode, fc.string(), fc.string(), (value, encoded, before, after) => {
      remember(value);
      const form = encoded(value).replace(/=+$/, '');
      expect(leaks(redact(before + form + after), form)).toEqual([]);
    }),
    { numRuns },
  );
});

/** The parts of 8 characters of a secret that a text still holds; eight spaces are no secret. */
function leaks(text: string, secret: string): string[] {
  const parts = Array.from({ length: Math.max(0, secret.length - 7) }, (_, at) => secret.slice(at, at + 8));
  return parts.filter((part) => part.trim() !== '' && text.includes(part));
}
