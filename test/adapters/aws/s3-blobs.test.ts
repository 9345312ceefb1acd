import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { S3Blobs, type S3BlobsOptions } from '../../../lib/adapters/aws/s3-blobs.ts';
import { StoreError } from '../../../lib/ports.ts';
import { CallClock, CREDENTIALS, failed, hungUp, onMoto, REGION } from '../../kit/aws.ts';
import { type Bucket, type BucketTrouble, startBucket, xmlFailure } from '../../kit/bucket.ts';
import { until } from '../../kit/sockets.ts';

let bucket: Bucket;
let clock: CallClock;
let opened: S3Blobs[];

beforeEach(async () => {
  bucket = await startBucket();
  clock = new CallClock();
  opened = [];
});
afterEach(async () => {
  expect(clock.deadlines, 'deadlines that still run').toEqual([]);
  for (const blobs of opened) blobs.close();
  await bucket.close();
});

function open(options: Partial<S3BlobsOptions> = {}): S3Blobs {
  const client = { endpoint: bucket.endpoint, region: REGION, credentials: CREDENTIALS };
  const blobs = new S3Blobs({ bucket: 'pages', clock, client, ...options });
  opened.push(blobs);
  return blobs;
}

const where = (what: string, why: string) => `cannot ${what} page.html in the bucket pages: ${why}`;

describe('blobs in a bucket', () => {
  it('are not there before they are written, and come back as they were', async () => {
    const blobs = open();
    expect(await blobs.read('snapshot.json')).toBeUndefined();
    for (const text of ['{"a":1}', '', 'é 😀\u0000', 'x'.repeat(3_000_000)]) {
      await blobs.write('snapshot.json', text);
      expect(await blobs.read('snapshot.json')).toBe(text);
    }
    expect(clock.waits).toEqual([]);
  });

  it.each([
    ['snapshot.json', 'application/json'],
    ['de/index.html', 'text/html; charset=utf-8'],
    ['address', 'text/plain; charset=utf-8'],
    ['html', 'text/html; charset=utf-8'],
  ])('%s is told to be %s', async (name, type) => {
    await open().write(name, 'text');
    expect(bucket.objects.get(`/pages/${name}`)).toEqual({
      body: 'text',
      type,
      cacheControl: 'public, max-age=15, stale-while-revalidate=30, stale-if-error=300',
    });
  });

  it('are kept by a cache for as long as is said of their name', async () => {
    const blobs = open({
      cacheControl: (name) => (name === 'snapshot.json' ? 'no-store' : 'public, max-age=15'),
    });
    await blobs.write('snapshot.json', '{}');
    await blobs.write('index.html', '');
    const told = [...bucket.objects.values()].map(({ cacheControl }) => cacheControl?.slice(0, 18));
    expect(told).toEqual(['no-store', 'public, max-age=15']);
  });

  it('stay as the last that was asked for', async () => {
    const blobs = open();
    await Promise.all(['a', 'b', 'c'].map((text) => blobs.write('page.html', text)));
    expect(await blobs.read('page.html')).toBe('c');
  });

  it.each<readonly [string, BucketTrouble]>([
    ['G03 throttled', xmlFailure('SlowDown', 503)],
    ['a fault of its own', xmlFailure('InternalError', 500)],
    ['a reset', 'refuse'],
    ['an answer cut off', { status: 200, body: 'half', cut: true }],
    ['a page of HTML', { status: 200, body: '<html>Welcome to our Wi-Fi' }],
  ])('are asked for again after %s, twice', async (_, trouble) => {
    bucket.objects.set('/pages/page.html', { body: 'whole', type: undefined, cacheControl: undefined });
    const troubles = [trouble, trouble];
    bucket.trouble = () => troubles.pop();
    expect(await open().read('page.html')).toBe('whole');
    expect(clock.waits).toHaveLength(2);
    if (typeof trouble === 'object' && trouble.cut) return; // what is written is answered without a body
    troubles.push(trouble, trouble);
    await open().write('page.html', 'new');
    expect(bucket.objects.get('/pages/page.html')?.body).toBe('new');
  });
});

describe('an error says what could not be done, and why', () => {
  it.each<readonly [string, BucketTrouble, string]>([
    [
      'denied',
      xmlFailure('AccessDenied', 403, 'User: arn:…'),
      'access denied (AccessDenied; so S3 also says "there is none" where s3:ListBucket is missing)',
    ],
    ['no bucket', xmlFailure('NoSuchBucket', 404), 'not there (NoSuchBucket)'],
    ['G03 throttled', xmlFailure('SlowDown', 503), 'throttled (SlowDown)'],
    ['a reset', 'refuse', 'unreachable (ECONNRESET)'],
    ['a page of HTML', { status: 200, body: '<html>' }, 'an answer that makes no sense'],
  ])('%s', async (_, trouble, why) => {
    bucket.trouble = () => trouble;
    expect(await failed(open().read('page.html'), StoreError)).toBe(where('read', why));
    expect(await failed(open().write('page.html', 'x'), StoreError)).toBe(where('write', why));
    expect(bucket.asked).toHaveLength(6);
  });

  it.each<readonly [string, BucketTrouble]>([
    ['a 404 that is not of S3', { status: 404, body: '<html>Not here' }],
    ['a 404 of nothing', { status: 404, body: '' }],
  ])('%s does not pass for "there is none"', async (_, trouble) => {
    bucket.trouble = () => trouble;
    expect(await failed(open().read('page.html'), StoreError)).toMatch(/^cannot read page\.html/);
  });

  it('nobody listens', async () => {
    const client = { endpoint: 'http://127.0.0.1:1', region: REGION, credentials: CREDENTIALS };
    const why = 'unreachable (ECONNREFUSED)';
    expect(await failed(open({ client }).read('page.html'), StoreError)).toBe(where('read', why));
  });

  it('a body without an end is not kept', async () => {
    bucket.trouble = () => 'endless';
    const why = 'longer than 16777216 bytes';
    expect(await failed(open().read('page.html'), StoreError)).toBe(where('read', why));
    await hungUp(bucket);
  });

  it.each<BucketTrouble>(['hang', 'stall'])(
    'a bucket that does not answer (%s): three times 5 s',
    async (how) => {
      bucket.trouble = () => how;
      const read = failed(open().read('page.html'), StoreError);
      for (const round of [1, 2, 3]) {
        await until(() => bucket.asked.length === round);
        expect(clock.deadlines).toEqual([5_000]);
        clock.expire();
      }
      expect(await read).toBe(where('read', 'no answer within 5 s'));
      await hungUp(bucket);
    },
  );

  it('a write that fails keeps no later one', async () => {
    const blobs = open();
    bucket.trouble = () => 'refuse';
    const first = failed(blobs.write('page.html', '1'), StoreError);
    await first;
    bucket.trouble = () => undefined;
    await blobs.write('page.html', '2');
    expect(await blobs.read('page.html')).toBe('2');
  });

  it('J21 J24 and no secret, whatever the service says back', async () => {
    for (const code of ['AccessDenied', 'SignatureDoesNotMatch', 'BrandNew', '<html>']) {
      bucket.trouble = (_, headers) => {
        expect(headers['x-amz-security-token']).toBe(CREDENTIALS.sessionToken);
        return xmlFailure(code, 403, JSON.stringify(headers));
      };
      await failed(open().read('page.html'), StoreError);
      await failed(open().write('page.html', 'x'), StoreError);
    }
  });
});

onMoto('S3Blobs on moto: blobs are absent, written, replaced and read', async (endpoint) => {
  const name = `pages-${process.pid}-${Date.now()}`;
  const client = { endpoint, region: REGION, credentials: CREDENTIALS };
  const raw = new S3Client(client);
  await raw.send(
    new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  );
  const blobs = open({ bucket: name, client });
  expect(await blobs.read('de/index.html')).toBeUndefined();
  for (const text of ['<p>é 😀', '']) {
    await blobs.write('de/index.html', text);
    expect(await blobs.read('de/index.html')).toBe(text);
  }
  const head = await raw.send(new HeadObjectCommand({ Bucket: name, Key: 'de/index.html' }));
  expect(head.ContentType).toBe('text/html; charset=utf-8');
  expect(head.CacheControl).toMatch(/^public, max-age=15/);
  raw.destroy();
  expect(await failed(open({ bucket: `${name}-none`, client }).read('a'), StoreError)).toMatch(
    /NoSuchBucket/,
  );
});
