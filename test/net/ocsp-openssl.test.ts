import { expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { ocspRequest, readOcsp } from '../../lib/net/ocsp.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { type Issued, makeAuthority } from '../kit/ca.ts';
import { hasOpenssl, openssl } from '../kit/openssl.ts';

const started = closesAtEnd();

it('asks as OpenSSL’s own responder understands it, and reads its answers', async ({ skip }) => {
  skip(!hasOpenssl(), 'there is no openssl');
  const root = makeAuthority();
  const [good, revoked] = [root.issue(), root.issue()];
  const { write, read, run } = await started(openssl());
  write('index', row('V', good) + row('R', revoked));
  write('ca.pem', root.pem);
  write('ca.key', root.key);
  const ask = ({ der }: Issued) => {
    const [certificate, issuer] = [parseCertificate(der), parseCertificate(root.der)];
    write('request', ocspRequest(certificate, issuer));
    const signer = ['-rsigner', 'ca.pem', '-rkey', 'ca.key', '-CA', 'ca.pem', '-ndays', '1'];
    run('ocsp', '-index', 'index', ...signer, '-reqin', 'request', '-respout', 'response');
    return readOcsp(read('response'), certificate, issuer, Date.now());
  };
  expect(ask(good)).toMatchObject({ status: 'good' });
  expect(ask(revoked)).toMatchObject({ status: 'revoked', since: Date.UTC(2026, 0, 1) });
});

/** A line of the responder's database: state, end, when revoked, serial, file, subject. */
function row(state: 'V' | 'R', { serial }: Issued): string {
  const hex = serial.toString(16).toUpperCase();
  const revokedAt = state === 'R' ? '260101000000Z' : '';
  return `${[state, '401231000000Z', revokedAt, hex.padStart(hex.length + (hex.length % 2), '0'), 'unknown', '/CN=x'].join('\t')}\n`;
}
