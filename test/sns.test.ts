import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { serve } from '../lib/adapters/local/serve.ts';
import { createNet } from '../lib/net/create.ts';
import { StoreError } from '../lib/ports.ts';
import type { Signal } from '../lib/signal.ts';
import { createSnsFetcher, Refused, type VerifyOptions, verifySns } from '../lib/sns.ts';
import { createSnsApp } from '../lib/sns-app.ts';
import { closesAtEnd } from './kit/at-end.ts';
import { makeAuthority } from './kit/ca.ts';
import { CERT_URL, type Message, Sns, TOPIC } from './kit/sns.ts';
import { httpsServer } from './kit/tls-server.ts';

const sns = new Sns();
const NOW = Date.now();
const started = closesAtEnd();

const verified = (message: Message | string, more: Partial<VerifyOptions> = {}) =>
  verifySns(typeof message === 'string' ? message : JSON.stringify(message), {
    topics: [TOPIC],
    now: NOW,
    certificate: async () => sns.pem,
    ...more,
  });

const at = (ms: number) => ({ Timestamp: new Date(NOW + ms).toISOString() });
const HOUR = 3_600_000;

describe('what SNS has signed is believed', () => {
  it.each<[string, Message]>([
    ['a message', sns.notification()],
    ['one without a subject', sns.notification({ Subject: undefined })],
    ['one whose subject is null', sns.notification({ Subject: null })],
    ['one with line breaks in its text', sns.notification({ Message: 'a\nb\r\n\nSubject\nc' })],
    [
      'one with characters of all kinds',
      sns.notification({ Message: '🔥 наводнение \u0000', Subject: '火' }),
    ],
    ['one of 256 KiB', sns.notification({ Message: 'x'.repeat(262_144) })],
    ['an empty one', sns.notification({ Message: '' })],
    ['one of nearly an hour ago', sns.notification(at(1_000 - HOUR))],
    ['one that is a little ahead', sns.notification(at(290_000))],
    ['one with fields of the future', sns.notification({ Priority: 'high', Nested: { a: 1 } })],
    ['an unsubscription', sns.signed({ ...sns.confirmation(), Type: 'UnsubscribeConfirmation' })],
  ])('%s', async (_, message) => {
    const proven = await verified(message);
    expect(proven).toMatchObject({ kind: 'letter', letter: { topic: TOPIC, text: message.Message } });
  });

  it('E16 that it no longer posts here is told of', async () => {
    const proven = await verified(sns.signed({ ...sns.confirmation(), Type: 'UnsubscribeConfirmation' }));
    expect(proven).toMatchObject({ letter: { subject: `Watchbill was unsubscribed from ${TOPIC}` } });
  });

  it('E15 a subscription is confirmed at an address of our own making, whatever is said to be one', async () => {
    const SubscribeURL = 'http://169.254.169.254/latest/meta-data/';
    const proven = await verified(sns.confirmation({ SubscribeURL }));
    expect(proven).toEqual({
      kind: 'subscription',
      topic: TOPIC,
      url: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(TOPIC)}&Token=${'ab12'.repeat(32)}`,
    });
  });
});

const other = new Sns(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey);
const good = sns.notification();
const cert = (url: string) => sns.notification({ SigningCertURL: url });
const pem = CERT_URL.split('/').at(-1);

describe('what SNS has not signed is refused', () => {
  it.each<[string, Message | string, Partial<VerifyOptions>?]>([
    ['E10 a signature of somebody else', other.notification()],
    ['E10 no signature', { ...good, Signature: undefined }],
    ['E10 an empty signature', { ...good, Signature: '' }],
    ['E10 a signature that is no text', { ...good, Signature: 7 }],
    ['E10 a signature that is cut off', { ...good, Signature: String(good.Signature).slice(0, -8) }],
    ['E10 a signature with a line break', { ...good, Signature: `${good.Signature}\n` }],
    ['E10 version 1, which is SHA-1', sns.notification({ SignatureVersion: '1' })],
    ['E10 version 3', sns.notification({ SignatureVersion: '3' })],
    ['E10 version 2 as a number', sns.notification({ SignatureVersion: 2 })],
    ['E10 no version', sns.notification({ SignatureVersion: undefined })],
    ['another text', { ...good, Message: 'the disk is empty' }],
    ['another subject', { ...good, Subject: 'Disc' }],
    ['a subject that was not there', { ...sns.notification({ Subject: undefined }), Subject: 'Disk' }],
    ['no subject where there was one', { ...good, Subject: undefined }],
    ['another time', { ...good, ...at(-1_000) }],
    ['another id', { ...good, MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf325' }],
    ['another type', { ...sns.confirmation(), Type: 'UnsubscribeConfirmation' }],
    ['a notification in place of a confirmation', { ...sns.confirmation(), Type: 'Notification' }],
    ['another token', { ...sns.confirmation(), Token: 'ab13'.repeat(32) }],
    ['another address to confirm at', { ...sns.confirmation(), SubscribeURL: 'https://evil.test/' }],
    ['E11 a certificate by http', cert(CERT_URL.replace('https:', 'http:'))],
    ['E11 one of another host', cert(`https://evil.test/${pem}`)],
    ['E11 one of a host that goes on', cert(`https://sns.eu-west-1.amazonaws.com.evil.test/${pem}`)],
    ['E11 one of a host behind a user', cert(`https://sns.eu-west-1.amazonaws.com@evil.test/${pem}`)],
    ['E11 one of another port', cert(`https://sns.eu-west-1.amazonaws.com:8443/${pem}`)],
    ['E11 one of a bucket', cert(`https://sns.s3-us-west-2.amazonaws.com/${pem}`)],
    ['E11 one of a host that only ends so', cert(`https://evil-sns.eu-west-1.amazonaws.com/${pem}`)],
    ['E11 one of another path', cert('https://sns.eu-west-1.amazonaws.com/evil.pem')],
    ['E11 one below a path', cert(`https://sns.eu-west-1.amazonaws.com/evil/${pem}`)],
    ['E11 one in the query', cert(`https://sns.eu-west-1.amazonaws.com/?${pem}`)],
    ['E11 one with a query', cert(`${CERT_URL}?evil`)],
    ['E11 one with a fragment', cert(`${CERT_URL}#evil`)],
    ['E11 one in upper case', cert(CERT_URL.replace('sns.', 'SNS.'))],
    ['E11 one after a line break', cert(`\n${CERT_URL}`)],
    ['E11 one of a region that isn’t the topic’s', cert(CERT_URL.replace('eu-west-1', 'us-east-1'))],
    ['E11 one of a region that there isn’t', cert(CERT_URL.replace('eu-west-1', 'eu-west-9'))],
    ['E11 one up the tree', cert(`https://sns.eu-west-1.amazonaws.com/../${pem}`)],
    ['E11 one that is encoded', cert(CERT_URL.replace('.pem', '%2epem'))],
    ['E11 no address', { ...good, SigningCertURL: undefined }],
    ['E11 what is no certificate there', good, { certificate: async () => 'not found' }],
    ['E11 a certificate for another name', good, { certificate: async () => issuedFor('sns.evil.test') }],
    [
      'E11 a certificate for a name that ends so',
      good,
      { certificate: async () => issuedFor('evilsns.amazonaws.com') },
    ],
    [
      'E11 a certificate that has expired',
      good,
      { certificate: async () => sns.authority.issue({ names: ['sns.amazonaws.com'], to: NOW - 1_000 }).pem },
    ],
    [
      'E11 a certificate of an elliptic key',
      good,
      { certificate: async () => sns.authority.issue({ names: ['sns.amazonaws.com'], key: 'ec256' }).pem },
    ],
    [
      'E12 a topic of another account',
      sns.notification({ TopicArn: TOPIC.replace('123456789012', '210987654321') }),
    ],
    ['E12 a topic of another name', sns.notification({ TopicArn: `${TOPIC}2` })],
    ['E12 a topic in another case', sns.notification({ TopicArn: TOPIC.toUpperCase() })],
    ['E12 a topic in a list', sns.notification({ TopicArn: [TOPIC] })],
    ['E12 no topic', sns.notification({ TopicArn: undefined })],
    ['E12 any topic, where none is named', good, { topics: [] }],
    ['E13 one of two hours ago', sns.notification(at(-2 * HOUR))],
    ['E13 one of a year ago', sns.notification(at(-365 * 24 * HOUR))],
    ['E13 one of the future', sns.notification(at(HOUR))],
    ['E13 a time that is none', sns.notification({ Timestamp: '2026-13-41T99:99:99.000Z' })],
    ['E13 a time of another form', sns.notification({ Timestamp: new Date(NOW).toUTCString() })],
    ['E14 a subject with a line break', sns.notification({ Subject: 'Disk\nTimestamp\n2026' })],
    ['E14 a subject with a separator of lines', sns.notification({ Subject: 'Disk\u2028x' })],
    ['E14 an id with a line break', sns.notification({ MessageId: `${good.MessageId}\nSubject\nx` })],
    ['E14 an id that is none', sns.notification({ MessageId: '1' })],
    ['E14 a topic with a line break', sns.notification({ TopicArn: `${TOPIC}\nType\nNotification` })],
    ['E14 a time with a line break', sns.notification({ Timestamp: `${good.Timestamp}\n` })],
    [
      'E14 its fields cut elsewhere',
      { ...good, Message: 'the disk', Subject: `is full\nMessageId\n${good.MessageId}` },
    ],
    ['E15 a confirmation of a topic that isn’t known', sns.confirmation({ TopicArn: `${TOPIC}2` })],
    ['E15 a confirmation without a token', sns.confirmation({ Token: undefined })],
    [
      'E15 a token that is more than that',
      sns.confirmation({ Token: `${'ab12'.repeat(32)}&Action=DeleteTopic` }),
    ],
    ['E17 a header that says otherwise', good, { typeHeader: 'SubscriptionConfirmation' }],
    ['E09 a type that there isn’t', sns.signed({ ...good, Type: 'Announcement' })],
    ['no type', { ...good, Type: undefined }],
    ['a message that is no text', sns.notification({ Message: { a: 1 } })],
    ['no message', { ...good, Message: undefined }],
    ['a subject that is no text', { ...good, Subject: 7 }],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', JSON.stringify([good])],
    ['a text of JSON', JSON.stringify(JSON.stringify(good))],
    ['JSON that is cut off', JSON.stringify(good).slice(0, -1)],
    ['fields of the prototype', '{"__proto__":{"Type":"Notification"}}'],
  ])('%s', async (_, message, more = {}) => {
    await expect(verified(message, more)).rejects.toBeInstanceOf(Refused);
  });

  it('whatever the body is, nothing but what was signed is believed, and nothing breaks', async () => {
    const runs = Number(process.env.WATCHBILL_RUNS ?? 2_000);
    const confirmation = sns.confirmation();
    const texts = [good, confirmation].map((one) => JSON.stringify(one));
    const mutated = fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(60), fc.string({ unit: 'binary' }))
      .map(
        ([text, from, length, put]) =>
          text.slice(0, from % text.length) + put + text.slice((from % text.length) + length),
      );
    const field = fc
      .tuple(fc.constantFrom(...Object.keys(good)), fc.jsonValue())
      .map(([name, value]) => JSON.stringify({ ...good, [name]: value }));
    const signedFields = [
      'Message',
      'MessageId',
      'Subject',
      'SubscribeURL',
      'Timestamp',
      'Token',
      'TopicArn',
      'Type',
    ];
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, field, fc.json(), fc.string()), async (body) => {
        try {
          await verified(body);
          const said = JSON.parse(body);
          const signed = said.Type === 'Notification' ? good : confirmation;
          for (const name of signedFields) expect(said[name] ?? undefined).toEqual(signed[name]);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
        }
      }),
      { numRuns: runs },
    );
  }, 600_000);
});

const issuedFor = (name: string): string => makeAuthority().issue({ names: [name], key: 'rsa2048' }).pem;

/** The endpoint, with an SNS of this test in place of AWS: what it keeps, and what it was asked. */
async function endpoint({ serves = (): string => sns.pem, status = 200 } = {}) {
  const https = makeAuthority();
  const asked: string[] = [];
  const aws = await started(
    httpsServer(https.issue({ names: ['sns.eu-west-1.amazonaws.com'] }), (request, response) => {
      asked.push(String(request.url));
      response.writeHead(status, { location: 'https://evil.test/' }).end(serves());
    }),
  );
  const heard: Signal[] = [];
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const log = { info: note, warn: note, error: note };
  const state: { broken?: Error } = {};
  const net = () => createNet({ clock: systemClock, allow: ['127.0.0.0/8'], self: [] });
  const instead = { ca: https.pem, connectTo: { host: '127.0.0.1', port: aws.port } };
  const app = createSnsApp({
    topics: () => [TOPIC],
    fetcher: createSnsFetcher({ clock: systemClock, net, instead }),
    clock: systemClock,
    log,
    async take(signal) {
      if (state.broken) throw state.broken;
      heard.push(signal);
    },
    caller: () => '192.0.2.1',
  });
  const serving = await started(serve(app, { host: '127.0.0.1', port: 0, clock: systemClock, log }));
  return {
    heard,
    logged,
    asked,
    state,
    async post(message: Message | string, headers: Record<string, string> = {}) {
      const body = typeof message === 'string' ? message : JSON.stringify(message);
      const answer = await fetch(`${serving.url}/sns`, { method: 'POST', body, headers });
      return answer.status;
    },
  };
}

describe('the endpoint', () => {
  it('takes what is verified; the certificate is fetched once', async () => {
    const at = await endpoint();
    expect(await at.post(sns.notification(), { 'x-amz-sns-message-type': 'Notification' })).toBe(200);
    expect(await at.post(sns.notification({ Message: 'again' }))).toBe(200);
    expect(at.heard.map(({ title }) => title)).toEqual(['Disk', 'Disk']);
    expect(at.asked).toEqual([new URL(CERT_URL).pathname]);
  });

  it('confirms a subscription where SNS itself is', async () => {
    const at = await endpoint();
    expect(await at.post(sns.confirmation({ SubscribeURL: 'http://169.254.169.254/' }))).toBe(200);
    expect(at.asked[1]).toMatch(/^\/\?Action=ConfirmSubscription&TopicArn=arn%3Aaws/);
    expect(at.heard).toEqual([]);
  });

  it('refuses what is not, says why in the log, and floods it not', async () => {
    const at = await endpoint();
    for (let i = 0; i < 40; i += 1) expect(await at.post(other.notification())).toBe(403);
    expect(at.heard).toEqual([]);
    expect(at.logged).toHaveLength(30);
    expect(at.logged[0]).toBe('a message to /sns is refused: the signature is not of this message');
  });

  it.each([
    ['is not there', { status: 404 }],
    ['is elsewhere: nobody is followed', { status: 302 }],
  ])('where the certificate %s, SNS is to come again', async (_, how) => {
    const at = await endpoint(how);
    expect(await at.post(sns.notification())).toBe(503);
    expect(at.asked).toHaveLength(1);
  });

  it('a certificate of 10 MB is cut off, and is none', async () => {
    const at = await endpoint({ serves: () => 'x'.repeat(10_000_000) });
    expect(await at.post(sns.notification())).toBe(403);
  });

  it('while the store is away, SNS is to come again', async () => {
    const at = await endpoint();
    at.state.broken = new StoreError('away');
    expect(await at.post(sns.notification())).toBe(503);
    delete at.state.broken;
    expect(await at.post(sns.notification())).toBe(200);
  });

  it('takes no body that SNS could not send', async () => {
    const at = await endpoint();
    expect(await at.post('x'.repeat(600_001))).toBe(413);
  });
});
