import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type Blobs, type Clock, StoreError } from '../../ports.ts';
import { CACHE } from '../../status/headers.ts';
import { again } from './again.ts';
import { connections } from './connections.ts';
import { explain } from './explain.ts';
import { within } from './within.ts';

/**
 * For one request with all of its body. S3 begins to answer within 100–200 ms:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
const ANSWER_MS = 5_000;

/** Bytes of a blob that is read: it is held in memory several times over. */
const MOST_BYTES = 16 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

export interface S3BlobsOptions {
  readonly bucket: string;
  readonly clock: Clock;
  /** What a cache is told of a blob. Default: as it is told of the status page. */
  readonly cacheControl?: (name: string) => string;
  /** Default: region and credentials of the environment. */
  readonly client?: S3ClientConfig;
}

/**
 * Blobs as objects of one bucket, which CloudFront may serve as they are. Three tries of 5 s, then `StoreError`. To be
 * told "there is none" takes s3:ListBucket beside s3:GetObject: without it S3 says AccessDenied.
 */
export class S3Blobs implements Blobs {
  readonly #client: S3Client;
  readonly #options: S3BlobsOptions;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(options: S3BlobsOptions) {
    this.#client = new S3Client({ ...connections(), ...options.client, maxAttempts: 1 });
    this.#options = options;
  }

  read(name: string): Promise<string | undefined> {
    return this.#ask('read', name, async (options) => {
      const command = new GetObjectCommand({ Bucket: this.#options.bucket, Key: name });
      try {
        const { Body, ETag } = await this.#client.send(command, options);
        checkAnswer(ETag);
        return await textOf(Body);
      } catch (error) {
        if (nameOf(error) === 'NoSuchKey') return undefined;
        throw error;
      }
    });
  }

  /** One after the other, so that the last one asked for is the one that stays. */
  write(name: string, text: string): Promise<void> {
    const written = this.#writes.then(() => this.#replace(name, text));
    this.#writes = written.catch(() => {});
    return written;
  }

  /** Ends its connections. */
  close(): void {
    this.#client.destroy();
  }

  #replace(name: string, text: string): Promise<void> {
    return this.#ask('write', name, async (options) => {
      const command = new PutObjectCommand({
        Bucket: this.#options.bucket,
        Key: name,
        Body: text,
        ContentLength: Buffer.byteLength(text), // of an empty text the client makes a stream without a length
        ContentType: TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain; charset=utf-8',
        CacheControl: this.#options.cacheControl?.(name) ?? CACHE.page,
      });
      checkAnswer((await this.#client.send(command, options)).ETag);
    });
  }

  #ask<A>(what: string, name: string, call: Parameters<typeof within<A>>[2]): Promise<A> {
    const { clock, bucket } = this.#options;
    return again(clock, () =>
      within(ANSWER_MS, clock, call).catch((error) => {
        throw new StoreError(`cannot ${what} ${name} in the bucket ${bucket}: ${words(error)}`);
      }),
    );
  }
}

/** S3 gives every object one, so what has none is nothing that S3 said: a proxy's page, for example. */
function checkAnswer(etag: string | undefined): void {
  if (!etag) throw new Error('an answer that makes no sense');
}

async function textOf(body: unknown): Promise<string> {
  if (!(body instanceof Readable)) throw new Error('an answer without a body');
  const chunks: Uint8Array[] = [];
  let left = MOST_BYTES;
  for await (const chunk of body) {
    left -= chunk.length;
    if (left < 0) throw new Error(`longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const words = (error: unknown): string =>
  nameOf(error) === 'AccessDenied'
    ? 'access denied (AccessDenied; so S3 also says "there is none" where s3:ListBucket is missing)'
    : explain(error);

const nameOf = (error: unknown): string | undefined => (error instanceof Error ? error.name : undefined);
