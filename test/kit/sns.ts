import { type KeyObject, sign } from 'node:crypto';
import { makeAuthority } from './ca.ts';

export const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:watchbill-alerts';
const CERTIFICATE = 'SimpleNotificationService-0123456789abcdef0123456789abcdef.pem';
export const CERT_URL = `https://sns.eu-west-1.amazonaws.com/${CERTIFICATE}`;

export type Message = Readonly<Record<string, unknown>>;

/** SNS as it signs: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html */
export class Sns {
  readonly authority = makeAuthority();
  readonly issued = this.authority.issue({ names: ['sns.amazonaws.com'], key: 'rsa2048' });

  readonly #key: KeyObject | string;

  /** `key`: another one than the certificate is for. */
  constructor(key?: KeyObject) {
    this.#key = key ?? this.issued.key;
  }

  get pem(): string {
    return this.issued.pem;
  }

  /** A message of this topic, signed unless `Signature` is given. */
  notification(more: Message = {}, now = Date.now()): Message {
    return this.signed({
      Type: 'Notification',
      MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
      TopicArn: TOPIC,
      Subject: 'Disk',
      Message: 'the disk is full',
      Timestamp: new Date(now).toISOString(),
      SignatureVersion: '2',
      SigningCertURL: CERT_URL,
      UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=a',
      ...more,
    });
  }

  confirmation(more: Message = {}, now = Date.now()): Message {
    const { Subject: _, UnsubscribeURL: __, ...rest } = this.notification({}, now);
    return this.signed({
      ...rest,
      Type: 'SubscriptionConfirmation',
      Message: 'You have chosen to subscribe.',
      Token: 'ab12'.repeat(32),
      SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription',
      ...more,
    });
  }

  signed(message: Message): Message {
    const names =
      message.Type === 'Notification'
        ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
        : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
    const text = names
      .flatMap((name) => (message[name] == null ? [] : `${name}\n${message[name]}\n`))
      .join('');
    const hash = message.SignatureVersion === '1' ? 'sha1' : 'sha256';
    return { ...message, Signature: sign(hash, Buffer.from(text), this.#key).toString('base64') };
  }
}
