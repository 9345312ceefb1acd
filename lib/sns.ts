import { createHash, verify, X509Certificate } from 'node:crypto';
import { objectIn } from './config/plain.ts';
import { REGIONS } from './config/regions.ts';
import { exchange, type HttpRequest } from './net/http.ts';
import { Fault, type Net } from './net/net.ts';
import type { Clock } from './ports.ts';
import type { Letter } from './signal.ts';

/**
 * Messages that SNS posts to an HTTPS endpoint: whether they are what they say. AWS tells how a signature is checked,
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html; what it leaves open is closed here: anyone
 * can have SNS sign a message of his own topic, and a text can be cut into other fields.
 */

/** Bytes of a body: a message has at most 256 KiB, which JSON may make twice as many. */
export const SNS_BODY_MAX = 600_000;
/** SNS tries for an hour at most by default: what is older is a replay. Clocks differ by some minutes. */
const OLDEST_MS = 3_600_000;
const AHEAD_MS = 300_000;
const CERTIFICATE_MAX = 65_536;
const CERTIFICATES_KEPT = 20;
const FETCH_MS = 5_000;

/** What came, once it is proven. */
export type SnsMessage =
  | { readonly kind: 'letter'; readonly letter: Letter }
  /** Somebody subscribed this endpoint: it is confirmed at `url`, which is made of what was proven. */
  | { readonly kind: 'subscription'; readonly topic: string; readonly url: string };

/** Why a message is not believed. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface VerifyOptions {
  /** ARNs of the topics that may post here. */
  readonly topics: readonly string[];
  /** Epoch ms. */
  readonly now: number;
  /** The header `x-amz-sns-message-type`, if there is one. */
  readonly typeHeader?: string | undefined;
  /** The PEM at such an address. Throws `Fault`: then nothing is known. */
  certificate(url: string): Promise<string>;
}

/** Throws `Refused`, and `Fault` where the certificate could not be had: then the message may be sent again. */
export async function verifySns(body: string, options: VerifyOptions): Promise<SnsMessage> {
  const message = fieldsOf(body);
  const { Type, TopicArn, MessageId } = message;
  if (options.typeHeader !== undefined && options.typeHeader !== Type)
    throw new Refused('the header x-amz-sns-message-type says something else than the body');
  if (!options.topics.includes(TopicArn))
    throw new Refused(`the topic ${TopicArn} is not among "alarms.topics"`);
  const at = timeOf(message.Timestamp, options.now);
  const [, , , region = ''] = TopicArn.split(':');
  const certificate = certificateOf(
    await options.certificate(addressOf(message, region)),
    region,
    options.now,
  );
  const signature = Buffer.from(message.Signature, 'base64');
  if (!verify('sha256', Buffer.from(signedText(message)), certificate.publicKey, signature))
    throw new Refused('the signature is not of this message');
  if (Type === 'SubscriptionConfirmation') {
    const query = new URLSearchParams({ Action: 'ConfirmSubscription', TopicArn, Token: message.Token });
    return { kind: 'subscription', topic: TopicArn, url: `https://sns.${region}.amazonaws.com/?${query}` };
  }
  const removed =
    Type === 'UnsubscribeConfirmation' ? { subject: `Watchbill was unsubscribed from ${TopicArn}` } : {};
  const subject = message.Subject === undefined ? {} : { subject: message.Subject };
  return {
    kind: 'letter',
    letter: { id: MessageId, at, topic: TopicArn, text: message.Message, ...subject, ...removed },
  };
}

interface Fields {
  readonly Type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Timestamp: string;
  readonly Message: string;
  readonly Subject?: string;
  readonly Token: string;
  readonly SubscribeURL: string;
  readonly Signature: string;
  readonly SigningCertURL: string;
}

/** What each field must look like. Only a message may have line breaks, so that no text can be read as several fields. */
const FORMS = {
  MessageId: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  TopicArn: /^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/,
  Timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  Signature: /^[A-Za-z0-9+/]{300,800}={0,2}$/,
  SigningCertURL: /^https:\/\/sns\.[a-z0-9-]+\.amazonaws\.com\/SimpleNotificationService-[0-9a-f]{32}\.pem$/,
} as const;
const SUBJECT = /^[^\p{Cc}\u2028\u2029]{1,256}$/u;
const TOKEN = /^[0-9a-f]{64,512}$/;

function fieldsOf(body: string): Fields {
  const json = objectIn(body);
  if (!json) throw new Refused('it is no JSON object');
  const { Type, SignatureVersion, Message, Subject, Token, SubscribeURL } = json;
  const isConfirmation = Type === 'SubscriptionConfirmation' || Type === 'UnsubscribeConfirmation';
  if (Type !== 'Notification' && !isConfirmation) throw new Refused('"Type" is none that SNS has');
  if (SignatureVersion !== '2')
    throw new Refused(
      `"SignatureVersion" is ${JSON.stringify(SignatureVersion)?.slice(0, 20)}, not "2": set it for the topic (aws sns set-topic-attributes --attribute-name SignatureVersion --attribute-value 2)`,
    );
  for (const [name, form] of Object.entries(FORMS)) {
    const value = json[name];
    if (typeof value !== 'string' || !form.test(value))
      throw new Refused(`"${name}" is not what SNS writes there`);
  }
  if (typeof Message !== 'string') throw new Refused('"Message" is no text');
  if (Subject !== undefined && Subject !== null && (typeof Subject !== 'string' || !SUBJECT.test(Subject)))
    throw new Refused('"Subject" is no line of text');
  if (isConfirmation && (typeof Token !== 'string' || !TOKEN.test(Token) || typeof SubscribeURL !== 'string'))
    throw new Refused('"Token" is not what SNS writes there');
  const { Subject: _, ...rest } = json;
  return { ...rest, ...(typeof Subject === 'string' && { Subject }) } as unknown as Fields;
}

function timeOf(timestamp: string, now: number): number {
  const at = Date.parse(timestamp);
  if (Number.isNaN(at)) throw new Refused('"Timestamp" is no time');
  if (now - at > OLDEST_MS) throw new Refused('it is older than an hour: a replay');
  if (at - now > AHEAD_MS) throw new Refused('it is from the future: one of the clocks is wrong');
  return at;
}

/** Only where SNS keeps the certificates of the topic's own region. */
function addressOf({ SigningCertURL }: Fields, region: string): string {
  if (!(REGIONS as readonly string[]).includes(region))
    throw new Refused(`${region} is no region that is known here`);
  if (!SigningCertURL.startsWith(`https://sns.${region}.amazonaws.com/`))
    throw new Refused('"SigningCertURL" is not where SNS keeps the certificates of the topic’s region');
  return SigningCertURL;
}

function certificateOf(pem: string, region: string, now: number): X509Certificate {
  const certificate = readable(pem);
  const isNamed = ['sns.amazonaws.com', `sns.${region}.amazonaws.com`].some((name) =>
    certificate.checkHost(name),
  );
  if (!isNamed) throw new Refused('the certificate is not one of SNS');
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo))
    throw new Refused('the certificate is not valid now');
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') throw new Refused('the certificate has no RSA key');
  return certificate;
}

function readable(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Refused('there is no certificate at "SigningCertURL"', { cause: error });
  }
}

/** The fields that are signed, in the order in which they are. */
function signedText(message: Fields): string {
  const names =
    message.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const);
  return names.flatMap((name) => (message[name] === undefined ? [] : `${name}\n${message[name]}\n`)).join('');
}

export interface SnsNet {
  readonly clock: Clock;
  readonly net: () => Net;
  /** Where a test has something in place of AWS. */
  readonly instead?: Pick<HttpRequest, 'ca' | 'connectTo'>;
}

/** Fetches certificates of SNS, each once; and confirms subscriptions. */
export function createSnsFetcher({ clock, net, instead = {} }: SnsNet) {
  const kept = new Map<string, string>();
  const get = async (url: string): Promise<string> => {
    const limits = { signal: AbortSignal.timeout(FETCH_MS), deadline: clock.monotonic() + FETCH_MS };
    const request = { url: new URL(url), method: 'GET', headers: {}, maxBody: CERTIFICATE_MAX, ...instead };
    const { status, body } = await exchange(net(), request, limits);
    if (status !== 200) throw new Fault('unexpected_status', `${new URL(url).host} answers ${status}.`);
    return body.toString();
  };
  return {
    async certificate(url: string): Promise<string> {
      const known = kept.get(url);
      if (known !== undefined) return known;
      const pem = await get(url);
      readable(pem);
      kept.set(url, pem);
      const [oldest] = kept.keys();
      if (kept.size > CERTIFICATES_KEPT && oldest !== undefined) kept.delete(oldest);
      return pem;
    },
    confirm: get,
  };
}

/** What names a body in the log, without telling it. */
export const nameOfBody = (body: string): string =>
  createHash('sha256').update(body).digest('hex').slice(0, 12);
