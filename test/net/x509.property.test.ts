import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { judgeChain } from '../../lib/net/chain.ts';
import { readCrl, standingInCrl } from '../../lib/net/crl.ts';
import { DerError } from '../../lib/net/der.ts';
import { readOcsp } from '../../lib/net/ocsp.ts';
import { CannotTell, type Standing } from '../../lib/net/revocation-standing.ts';
import { statusOfIssue } from '../../lib/probes/finding.ts';
import { makeAuthority } from '../kit/ca.ts';
import { crl, listedAt, mustStaple, OCSP_SIGNING, ocspAnswer } from '../kit/revocation.ts';

/*
 * B43: certificates, lists and answers whose bytes are damaged are never believed and never make us fail: what is
 * signed can't be changed, and what can't be read is a fault of its own.
 */

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 500);
const URL = 'http://crl.test/';

const root = makeAuthority({ permitted: ['acme.test'], pathLength: 1 });
const intermediate = root.intermediate();
const leaf = intermediate.issue({ names: ['api.acme.test'], extensions: [mustStaple(), listedAt(URL)] });
const [certificate, issuer] = [leaf, intermediate].map(({ der }) => parseCertificate(der)) as [
  ReturnType<typeof parseCertificate>,
  ReturnType<typeof parseCertificate>,
];

/** Other bytes of the same kind: some are changed, left out or put in. */
const damagedOf = (sound: Buffer) =>
  fc
    .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(2), fc.uint8Array({ minLength: 1, maxLength: 4 })), {
      minLength: 1,
      maxLength: 3,
    })
    .map((harms) =>
      harms.reduce((bytes, [at, left, put]) => {
        const after = at + Math.min(left, 1) * put.length;
        return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(after)]);
      }, sound),
    )
    .filter((bytes) => !bytes.equals(sound));

/** Holds a rule to every single change of a byte's lowest bit, and to greater damage at random. */
function whateverIsDamaged(sound: Buffer, holds: (bytes: Buffer) => void): void {
  for (let at = 0; at < sound.length; at += 1) {
    const bytes = Buffer.from(sound);
    bytes.writeUInt8(sound.readUInt8(at) ^ 1, at);
    holds(bytes);
  }
  fc.assert(fc.property(damagedOf(sound), holds), { numRuns: RUNS });
}

it.each([
  ['leaf', 0],
  ['intermediate', 1],
])('a chain whose %s is damaged is never sound', (_, which) => {
  const chain = [leaf.der, intermediate.der];
  whateverIsDamaged(chain[which] as Buffer, (bytes) => {
    const served = chain.with(which, bytes);
    const { issues } = judgeChain(served, { host: 'api.acme.test', ca: root.pem }, Date.now());
    expect(issues.map(statusOfIssue)).toContain('down');
  });
});

const delegate = intermediate.issue({ names: [], purposes: [OCSP_SIGNING] });

it.each<[string, Buffer, (bytes: Buffer) => Standing]>([
  [
    'an OCSP answer',
    ocspAnswer(leaf, { status: 'revoked', signer: delegate, certificates: [delegate] }),
    (bytes) => readOcsp(bytes, certificate, issuer, Date.now()),
  ],
  [
    'a list',
    crl(intermediate, { revoked: [leaf] }),
    (bytes) => standingInCrl(readCrl(bytes, issuer), certificate, URL, Date.now()),
  ],
])('%s that is damaged says the same or nothing', (_, sound, standingIn) => {
  const wanted = standingIn(sound);
  expect(wanted.status).toBe('revoked');
  whateverIsDamaged(sound, (bytes) => {
    try {
      expect(standingIn(bytes)).toEqual(wanted);
    } catch (error) {
      if (!(error instanceof CannotTell || error instanceof DerError)) throw error;
    }
  });
});
