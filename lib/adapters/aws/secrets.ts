import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { SECRET_NAME } from '../../config/define.ts';
import { SECRET_PREFIX } from '../../deployment.ts';
import { type Clock, SecretError, type SecretRef, type Secrets } from '../../ports.ts';
import { remember } from '../../redact.ts';
import { again } from './again.ts';
import { connections } from './connections.ts';
import { explain } from './explain.ts';
import { within } from './within.ts';

/** For one request, to a service of the same region. */
const ANSWER_MS = 2_000;

/** How long a value is taken for good. */
const LIFE_MS = 5 * 60_000;
/** A value that outlived that is asked for again only so often while nothing comes of it. */
const PAUSE_MS = 30_000;

/**
 * What says for certain that there is no value for us; the rest says only that it can't be had now.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
 */
const NO: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'there is none',
  // Our policies name secrets with the six characters that AWS adds to each: what isn't there has none, and is denied.
  AccessDeniedException:
    'there is none, or this role lacks secretsmanager:GetSecretValue for it, or kms:Decrypt for the key of yours that encrypts it',
  DecryptionFailure: 'its KMS key does not decrypt it',
  InvalidParameterException: 'the name is not taken',
  InvalidRequestException: 'it is marked for deletion',
};

export interface ManagedSecretsOptions {
  readonly region: string;
  readonly clock: Clock;
  /** Default: credentials of the environment. */
  readonly client?: SecretsManagerClientConfig;
}

interface Held {
  readonly value: string;
  /** Epoch ms. */
  readonly askedAt: number;
  readonly life: number;
}

/** What Secrets Manager answered: a value, or that there is none for us. */
type Answer = { readonly value: string } | { readonly no: string };

/**
 * `secret("NAME")` is the text secret `watchbill/NAME` of this region, without the newline at its end. It is kept for
 * five minutes, and for as long after that as the service can't be reached or throttles; never once it was denied or
 * deleted. Calls at the same time are one request: three tries of 2 s.
 */
export class ManagedSecrets implements Secrets {
  readonly #client: SecretsManagerClient;
  readonly #region: string;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #asked = new Map<string, Promise<string>>();

  constructor({ region, clock, client = {} }: ManagedSecretsOptions) {
    this.#client = new SecretsManagerClient({ ...connections(), ...client, region, maxAttempts: 1 });
    this.#region = region;
    this.#clock = clock;
  }

  async get({ secret }: SecretRef): Promise<string> {
    if (!SECRET_NAME.test(secret)) throw new SecretError('a secret has a name that cannot be one');
    const held = this.#held.get(secret);
    return held && this.#isGood(held) ? held.value : this.#ask(secret);
  }

  /**
   * A receiver refused this value: answers the one that stands now, fetched anew unless it is another already. While
   * the service can't be reached that is the refused one: ask again for no more than another attempt.
   */
  async renew(ref: SecretRef, refused: string): Promise<string> {
    const held = this.#held.get(ref.secret);
    return held?.value === refused ? this.#ask(ref.secret) : this.get(ref);
  }

  /** Ends its connections. */
  close(): void {
    this.#client.destroy();
  }

  /** By the wall clock, which doesn't stand still while a Lambda is frozen; where it jumped back, nothing is good. */
  #isGood({ askedAt, life }: Held): boolean {
    const age = this.#clock.now() - askedAt;
    return age >= 0 && age < life;
  }

  #ask(secret: string): Promise<string> {
    const asked =
      this.#asked.get(secret) ?? this.#fetch(secret).finally(() => void this.#asked.delete(secret));
    this.#asked.set(secret, asked);
    return asked;
  }

  async #fetch(secret: string): Promise<string> {
    const answer = await again(this.#clock, () => this.#call(secret)).catch((error) =>
      this.#outliving(secret, explain(error)),
    );
    if ('no' in answer) {
      this.#held.delete(secret);
      throw this.#failure(secret, answer.no);
    }
    return answer.value;
  }

  async #call(secret: string): Promise<Answer> {
    const command = new GetSecretValueCommand({ SecretId: SECRET_PREFIX + secret });
    const answer = await within(ANSWER_MS, this.#clock, (options) =>
      this.#client.send(command, options),
    ).catch((error) => {
      const no = NO[error.name];
      if (no === undefined) throw error;
      return { no: `${no} (${error.name})` };
    });
    if ('no' in answer) return answer;
    // Whatever answers for a secret says which it was.
    if (!answer.ARN) throw new Error('an answer that makes no sense');
    if (answer.SecretString === undefined) return { no: 'it is binary, and only text is taken' };
    const value = answer.SecretString.replace(/\r?\n$/, '');
    if (value === '') return { no: 'it is empty' };
    return this.#keep(secret, value, LIFE_MS);
  }

  #outliving(secret: string, why: string): Answer {
    const held = this.#held.get(secret);
    if (!held) throw this.#failure(secret, why);
    return this.#keep(secret, held.value, PAUSE_MS);
  }

  #keep(secret: string, value: string, life: number): Answer {
    remember(value);
    this.#held.set(secret, { value, askedAt: this.#clock.now(), life });
    return { value };
  }

  #failure(secret: string, why: string): SecretError {
    return new SecretError(
      `the secret ${secret} (${SECRET_PREFIX}${secret} in Secrets Manager, ${this.#region}): ${why}`,
    );
  }
}
