import { createPrivateKey, generatePrimeSync, type KeyObject } from 'node:crypto';
import { integer, seq } from './asn1.ts';

const EXPONENT = 65_537n;

/**
 * An RSA key of 8192 bits and more within a second: of four primes (RFC 8017, 3.2), which are found much
 * sooner than two of twice the size.
 */
export function multiPrimeKey(bits: number): KeyObject {
  const [p, q, r, s] = [1, 2, 3, 4].map(() => suitablePrime(bits / 4)) as [bigint, bigint, bigint, bigint];
  const d = inverse(EXPONENT, [p, q, r, s].map((prime) => prime - 1n).reduce(times));
  const further = (prime: bigint, before: bigint) =>
    seq(...[prime, d % (prime - 1n), inverse(before, prime)].map(integer));
  const numbers = [1n, p * q * r * s, EXPONENT, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  const der = seq(...numbers.map(integer), seq(further(r, p * q), further(s, p * q * r)));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs1' });
}

const times = (a: bigint, b: bigint) => a * b;

function suitablePrime(bits: number): bigint {
  const prime = generatePrimeSync(bits, { bigint: true });
  return (prime - 1n) % EXPONENT === 0n ? suitablePrime(bits) : prime;
}

/** The number that times `a` is 1 modulo `m`: Euclid's extended algorithm. */
function inverse(a: bigint, m: bigint): bigint {
  let [r, next, x, nextX] = [a % m, m, 1n, 0n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [x, nextX] = [nextX, x - quotient * nextX];
  }
  return ((x % m) + m) % m;
}
