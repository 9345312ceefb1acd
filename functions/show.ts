import { handle } from 'hono/aws-lambda';
import { BLOBS, bucketName } from '../lib/deployment.ts';
import type { Snapshot } from '../lib/snapshot.ts';
import { createStatusApp } from '../lib/status/app.ts';
import { isStale } from '../lib/status/headline.ts';
import { beside, clock, here, log, once } from './place.ts';

const open = once(async () => {
  const { S3Blobs } = await import('../lib/adapters/aws/s3-blobs.ts');
  const { account, region } = here();
  return new S3Blobs({ bucket: bucketName(account, region), clock });
});

async function read(): Promise<Snapshot | undefined> {
  const text = await (await open()).read(BLOBS.snapshot);
  return text === undefined ? undefined : JSON.parse(text);
}

async function health(): Promise<boolean> {
  const snapshot = await read().catch(() => undefined);
  return snapshot !== undefined && !isStale(snapshot.at, clock.now());
}

/** The status page, its API and the runbooks; of all that is known it can read only what the public may see. */
export const handler = handle(
  createStatusApp({ read, clock, log, runbooks: beside('runbooks.json'), health }),
);
