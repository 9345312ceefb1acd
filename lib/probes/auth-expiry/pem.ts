import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Fault } from '../../net/net.ts';
import { defineSource } from '../source.ts';
import { type Credential, type Credentials, onlyIssue } from './credentials.ts';

/** A certificate that proves a client, with its chain, and its key where that stands beside it. */
export const pem = defineSource<Credentials>()({
  kind: 'pem',
  summary: 'A client certificate, as PEM in a secret or a file',
  shape: (_, fields) => ({
    certificate: fields.secret.optional().describe('The secret with the PEM; or "path"'),
    path: fields.path.optional().describe('A file of this machine with it'),
  }),
  target: ({ certificate, path }) => `certificate ${certificate?.secret ?? path}`,
  async look({ certificate, path }, { secret }) {
    const text = certificate ? await secret(certificate) : await textOf(String(path));
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    const chain = blocks.flatMap(certificateOf);
    const [leaf] = chain;
    if (!leaf || chain.length < blocks.length)
      return onlyIssue({ reason: 'token_invalid', message: 'What is stored is no certificate as PEM.' });
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/.exec(text)?.[0];
    return {
      credentials: chain.map((one, i) => credentialOf(one, i === 0)),
      issues:
        key === undefined || belongs(leaf, key)
          ? []
          : [{ reason: 'token_invalid', message: 'The private key does not belong to the certificate.' }],
      facts: { certificates: chain.length },
    };
  },
});

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault('misconfigured', `The file ${path} cannot be read: ${code}.`, { cause: error });
  }
}

function certificateOf(block: string): X509Certificate[] {
  try {
    return [new X509Certificate(block)];
  } catch {
    return [];
  }
}

function credentialOf({ subject, validFromDate, validToDate }: X509Certificate, isLeaf: boolean): Credential {
  const name = /(?:^|\n)CN=([^\n]{1,100})/.exec(subject ?? '')?.[1] ?? 'without a name';
  return {
    name: `${isLeaf ? 'certificate' : 'issuer'} ${name}`,
    expiresAt: validToDate.getTime(),
    // how long an authority is valid says nothing of the credential
    ...(isLeaf && { lifetimeMs: validToDate.getTime() - validFromDate.getTime() }),
  };
}

function belongs(leaf: X509Certificate, key: string): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // one that can't be read, or needs a pass phrase, proves nothing
  }
}
