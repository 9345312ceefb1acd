import { type Certificate, EXTENSION } from './certificate.ts';
import { type Crl, crlUrls, readCrl, standingInCrl } from './crl.ts';
import { children, DerError, expect, oidOf, read, TAG } from './der.ts';
import { exchange } from './http.ts';
import { Fault, type Limits, type Net } from './net.ts';
import { ocspRequest, readOcsp } from './ocsp.ts';
import { CannotTell, type Standing } from './revocation-standing.ts';

/** What came of asking about one certificate. */
export type Outcome =
  | (Standing & { readonly source: string })
  | { readonly status: 'unknown'; readonly why: string };

export interface Question {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  /** The OCSP answer that the server stapled to it. */
  readonly staple: Buffer | undefined;
}

/** Reads the list at a URL unless it is known: lists are large, and hundreds of certificates may share one. */
export type Lists = (key: string, fetch: () => Promise<Crl>) => Promise<Crl>;

/** The largest that is read, bytes: whoever issues larger lists offers OCSP, too. */
const LIST_BYTES_MAX = 4 * 1_048_576;
const ANSWER_BYTES_MAX = 65_536;

/** Asks what the server stapled, then the authority's responders, then its lists, until one can tell. */
export async function ask(net: Net, question: Question, lists: Lists, limits: Limits): Promise<Outcome> {
  const whys: string[] = [];
  for (const { name, standing } of sources(net, question, lists, limits)) {
    try {
      return { ...(await standing()), source: name };
    } catch (error) {
      whys.push(`${name}: ${whyUseless(error)}`);
    }
  }
  return { status: 'unknown', why: whys.join('; ') || 'its authority offers no source' };
}

interface Source {
  readonly name: string;
  readonly standing: () => Standing | Promise<Standing>;
}

function sources(
  net: Net,
  { certificate, issuer, staple }: Question,
  lists: Lists,
  limits: Limits,
): Source[] {
  const now = () => net.clock.now();
  const answer = (der: Buffer) => readOcsp(der, certificate, issuer, now());
  const respond = async (url: string) => {
    const request = encodeURIComponent(ocspRequest(certificate, issuer).toString('base64'));
    return answer(await fetched(net, `${url.replace(/\/$/, '')}/${request}`, ANSWER_BYTES_MAX, limits));
  };
  const list = async (url: string) => {
    const read = async () => readCrl(await fetched(net, url, LIST_BYTES_MAX, limits), issuer);
    return standingInCrl(await lists(`${url} ${issuer.fingerprint}`, read), certificate, url, now());
  };
  return [
    ...(staple ? [{ name: 'stapled OCSP', standing: () => answer(staple) }] : []),
    ...offered('OCSP', () => responders(certificate), respond),
    ...offered('CRL', () => crlUrls(certificate), list),
  ];
}

/** A source for each URL. That a certificate's own list of them can't be read is as good as a source of no use. */
function offered(
  name: string,
  urls: () => readonly string[],
  standing: (url: string) => Promise<Standing>,
): Source[] {
  try {
    return urls()
      .filter(isWeb)
      .map((url) => ({ name, standing: () => standing(url) }));
  } catch (error) {
    return [{ name, standing: () => Promise.reject(error) }];
  }
}

/** What a stranger's source does wrong is data; a defect of ours is thrown on. */
function whyUseless(error: unknown): string {
  if (error instanceof CannotTell) return error.message;
  if (error instanceof Fault) return error.message.replace(/\.$/, '');
  if (error instanceof DerError) return `not readable, ${error.message}`;
  throw error;
}

async function fetched(net: Net, url: string, maxBody: number, limits: Limits): Promise<Buffer> {
  const request = { url: new URL(url), method: 'GET', headers: {}, maxBody };
  const { status, body, facts } = await exchange(net, request, limits);
  if (status !== 200) throw new CannotTell(`the answer is ${status}`);
  if (facts.body_capped) throw new CannotTell(`larger than ${maxBody} bytes`);
  return body;
}

const OCSP_METHOD = '1.3.6.1.5.5.7.48.1';

/** Where the authority answers OCSP: RFC 5280, 4.2.2.1. */
function responders(certificate: Certificate): string[] {
  const extension = certificate.extensions.get(EXTENSION.infoAccess);
  if (!extension) return [];
  const methods = children(expect(read(extension.value), TAG.sequence)).map(children);
  return methods.flatMap(([method, place]) =>
    method && place?.tag === 0x86 && oidOf(method) === OCSP_METHOD ? [place.content.toString('latin1')] : [],
  );
}

/** Directories (ldap:) are not asked. */
const isWeb = (url: string): boolean => /^https?:$/.test(URL.parse(url)?.protocol ?? '');
