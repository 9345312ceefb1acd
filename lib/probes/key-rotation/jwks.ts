import { X509Certificate } from 'node:crypto';
import { isObject } from '../../config/plain.ts';
import { Fault } from '../../net/net.ts';
import { timeOf } from '../dates.ts';
import { ask, expectOk, jsonOf, questionShape } from '../http-ask.ts';
import { defineSource } from '../source.ts';
import { type Key, type Keys, missing } from './keys.ts';

const UNDATED =
  'Nothing in the JWKS says how old its keys are: neither x5c, nbf or iat of a key nor a Last-Modified header.';

/** The keys that a token issuer publishes (RFC 7517): each with the date that it, its certificate or the answer gives it. */
export const jwks = defineSource<Keys>()({
  kind: 'jwks',
  summary: 'The keys of a token issuer (JWKS)',
  shape: (z, fields) => questionShape(z, fields),
  target: ({ url }) => `JWKS ${new URL(url).host}`,
  async look(source, context) {
    const answer = await ask(source, context);
    expectOk(answer, 'The JWKS');
    const set = jsonOf(answer);
    const listed = isObject(set) && Array.isArray(set.keys) ? set.keys.filter(isObject) : undefined;
    if (!listed) throw new Fault('json_mismatch', 'The answer is no JWKS.');
    if (listed.length === 0) return missing('The JWKS is empty: no token can be verified.');
    const now = context.clock.now();
    const changed = timeOf(answer.headers['last-modified'], now);
    const keys = listed.map((key): Key => {
      const bornAt = bornOf(key, now) ?? changed;
      const name = typeof key.kid === 'string' ? `key ${key.kid.slice(0, 60)}` : 'key without a name';
      return { name, ...(bornAt !== undefined && { bornAt }) };
    });
    if (keys.every(({ bornAt }) => bornAt === undefined)) throw new Fault('misconfigured', UNDATED);
    return { keys: [newest(keys)], issues: [], facts: { keys: keys.length } };
  },
});

/** The newest one signs: older ones stay until the last token of theirs has expired. */
const newest = (keys: readonly Key[]): Key =>
  keys.reduce((best, key) => ((key.bornAt ?? 0) > (best.bornAt ?? 0) ? key : best));

function bornOf(key: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const own = timeOf(key.nbf ?? key.iat, now);
  if (own !== undefined) return own;
  const [der] = Array.isArray(key.x5c) ? key.x5c : [];
  if (typeof der !== 'string') return undefined;
  try {
    return new X509Certificate(Buffer.from(der, 'base64')).validFromDate.getTime();
  } catch {
    return undefined; // what is no certificate gives no date
  }
}
