import type { CipherNameAndProtocol, EphemeralKeyInfo, TLSSocket } from 'node:tls';
import type { Issue } from '../probes/finding.ts';
import type { Facts } from '../reading.ts';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

const VERSIONS = ['SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** What was agreed on, and what is wrong with it. */
export function grade(socket: TLSSocket, minVersion: TlsVersion): { issues: Issue[]; facts: Facts } {
  const protocol = socket.getProtocol() ?? 'unknown';
  const cipher = socket.getCipher();
  const key = socket.getEphemeralKeyInfo() as EphemeralKeyInfo | null;
  return {
    issues: [...versionIssues(protocol, minVersion), ...cipherIssues(cipher), ...groupIssues(key)],
    facts: {
      protocol,
      cipher: cipher.standardName,
      ...(key?.type ? { keyExchange: key.name || `${key.type} ${key.size}` } : {}),
      ...(socket.alpnProtocol ? { alpn: socket.alpnProtocol } : {}),
    },
  };
}

function versionIssues(protocol: string, minVersion: TlsVersion): Issue[] {
  if (VERSIONS.indexOf(protocol) >= VERSIONS.indexOf(minVersion)) return [];
  return [
    { reason: 'protocol_too_old', message: `The server speaks ${protocol}, the minimum is ${minVersion}.` },
  ];
}

function cipherIssues({ standardName }: CipherNameAndProtocol): Issue[] {
  const issues: Issue[] = [];
  const broken = /_(NULL|anon|EXPORT|RC4|RC2|DES|3DES|DES40|MD5)(_|$)/.exec(standardName)?.[1];
  if (broken) {
    issues.push({
      reason: 'weak_cipher',
      message: `The cipher suite ${standardName} is broken (${broken}).`,
    });
  } else if (standardName.includes('_CBC_')) {
    const message = `The cipher suite ${standardName} uses CBC.`;
    issues.push({ reason: 'weak_cipher', message, status: 'degraded' });
  }
  if (standardName.startsWith('TLS_RSA_')) {
    const message = `The key exchange of ${standardName} gives no forward secrecy.`;
    issues.push({ reason: 'no_forward_secrecy', message });
  }
  return issues;
}

/** Groups below 2048 bits are within reach: RFC 9325, 4.1 and the Logjam paper. */
function groupIssues(key: EphemeralKeyInfo | null): Issue[] {
  if (key?.type !== 'DH' || key.size >= 2048) return [];
  return [{ reason: 'weak_dh', message: `The Diffie-Hellman group has only ${key.size} bits.` }];
}
