import { createHash, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import { children, read } from '../../lib/net/der.ts';
import {
  enumerated,
  generalizedTime,
  integer,
  nothing,
  octets,
  oid,
  seq,
  tagged,
  taggedBytes,
  time,
} from './asn1.ts';
import { extension, type Issued, signed } from './ca.ts';
import { listening } from './tls-server.ts';

const HOUR = 3_600_000;

/** Extensions by which a certificate says where its revocation is published, and that it wants a staple. */
export const askAt = (url: string): Buffer =>
  extension('1.3.6.1.5.5.7.1.1', seq(seq(oid('1.3.6.1.5.5.7.48.1'), taggedBytes(6, Buffer.from(url)))));
export const listedAt = (url: string): Buffer => extension('2.5.29.31', seq(seq(pointName(url))));
export const mustStaple = (): Buffer => extension('1.3.6.1.5.5.7.1.24', seq(integer(5)));

const pointName = (url: string): Buffer => tagged(0, tagged(0, taggedBytes(6, Buffer.from(url))));

export const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

export interface OcspSpec {
  readonly status?: 'good' | 'revoked' | 'unknown';
  /** Epoch ms; by default an hour ago, and an hour from now. Null: it has no end. */
  readonly from?: number;
  readonly until?: number | null;
  /** When it was revoked. */
  readonly since?: number;
  /** Who signs; default: the issuer. */
  readonly signer?: Issued;
  /** Certificates to send along. */
  readonly certificates?: readonly Issued[];
  /** Another certificate to speak of. */
  readonly about?: Issued;
  readonly digest?: 'sha1' | 'sha256';
}

/** What an OCSP responder says about a certificate: RFC 6960, 4.2.1. */
export function ocspAnswer(certificate: Issued, spec: OcspSpec = {}): Buffer {
  const issuer = certificate.issuer ?? certificate;
  const {
    status = 'good',
    from = Date.now() - HOUR,
    until = Date.now() + HOUR,
    since = from,
    about = certificate,
  } = spec;
  const signer = spec.signer ?? issuer;
  const single = seq(
    certificateId(about, issuer, spec.digest ?? 'sha1'),
    {
      good: taggedBytes(0, Buffer.alloc(0)),
      revoked: tagged(1, generalizedTime(since)),
      unknown: taggedBytes(2, Buffer.alloc(0)),
    }[status],
    generalizedTime(from),
    ...(until === null ? [] : [tagged(0, generalizedTime(until))]),
  );
  const body = seq(tagged(2, octets(keyHash(signer, 'sha1'))), generalizedTime(from), seq(single));
  const sent = spec.certificates?.length ? [tagged(0, seq(...spec.certificates.map(({ der }) => der)))] : [];
  const basic = signed(body, signer.privateKey, 'sha256', ...sent);
  return seq(enumerated(0), tagged(0, seq(oid('1.3.6.1.5.5.7.48.1.1'), octets(basic))));
}

/** What a responder says when it doesn't answer: 3 is "try later", 6 "unauthorized". */
export const ocspRefusal = (code: number): Buffer => seq(enumerated(code));

const DIGEST_IDS = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' };

function certificateId({ serial }: Issued, issuer: Issued, digest: 'sha1' | 'sha256'): Buffer {
  const name = createHash(digest).update(issuer.subject).digest();
  return seq(
    seq(oid(DIGEST_IDS[digest]), nothing()),
    octets(name),
    octets(keyHash(issuer, digest)),
    integer(serial),
  );
}

function keyHash({ privateKey }: Issued, digest: string): Buffer {
  const info = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const key = children(read(info))[1]?.content.subarray(1) ?? Buffer.alloc(0);
  return createHash(digest).update(key).digest();
}

export interface CrlSpec {
  readonly revoked?: readonly Issued[];
  readonly from?: number;
  /** Null: it doesn't say when the next one comes. */
  readonly until?: number | null;
  readonly since?: number;
  /** Who signs; default: the issuer. */
  readonly signer?: Issued;
  readonly extensions?: readonly Buffer[];
}

/** A list of certificates that `issuer` has revoked: RFC 5280, 5.1. */
export function crl(issuer: Issued, spec: CrlSpec = {}): Buffer {
  const {
    revoked = [],
    from = Date.now() - HOUR,
    until = Date.now() + HOUR,
    since = from,
    extensions = [],
  } = spec;
  const signer = spec.signer ?? issuer;
  const entries = revoked.map(({ serial }) => seq(integer(serial), time(since)));
  const algorithm = children(read(signed(seq(), signer.privateKey)))[1]?.bytes ?? Buffer.alloc(0);
  const body = seq(
    integer(1),
    algorithm,
    issuer.subject,
    time(from),
    ...(until === null ? [] : [time(until)]),
    ...(entries.length > 0 ? [seq(...entries)] : []),
    ...(extensions.length > 0 ? [tagged(0, seq(...extensions))] : []),
  );
  return signed(body, signer.privateKey);
}

/** The extension of a list that is only a part: for one URL, for leaves, for authorities. */
export function partOnly({
  url,
  leaves,
  authorities,
}: {
  url?: string;
  leaves?: true;
  authorities?: true;
}): Buffer {
  const yes = Buffer.from([0xff]);
  const parts = [
    ...(url ? [pointName(url)] : []),
    ...(leaves ? [taggedBytes(1, yes)] : []),
    ...(authorities ? [taggedBytes(2, yes)] : []),
  ];
  return extension('2.5.29.28', seq(...parts), true);
}

/** What an authority publishes, by the first part of the path: bytes, or a status; undefined: it never answers. */
type Published = Readonly<Record<string, Buffer | number | undefined>>;

/** An authority's web server. */
export interface Publisher {
  /** The URL of what is published under this name. */
  at(name: string): string;
  publish(now: Published): void;
  /** The names asked for so far. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

export async function startPublisher(): Promise<Publisher> {
  const asked: string[] = [];
  let published: Published = {};
  const server = createServer((request, response) => {
    const [, name = ''] = request.url?.split('/') ?? [];
    asked.push(name);
    const answer = published[name];
    if (typeof answer === 'number') response.writeHead(answer).end();
    else if (answer) response.end(answer);
  });
  const { port, close } = await listening(server);
  return {
    at: (name) => `http://127.0.0.1:${port}/${name}`,
    publish(now) {
      published = now;
    },
    asked,
    close,
  };
}
