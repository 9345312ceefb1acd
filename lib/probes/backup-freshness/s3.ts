import type { _Object as StoredObject } from '@aws-sdk/client-s3';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import type { Backup, Backups } from './backups.ts';

/** An object in S3, or all below a prefix. Of an upload in parts nothing is seen before it is complete. */
export const s3 = defineSource<Backups>()({
  kind: 's3',
  summary: 'An object in S3, or those below a prefix',
  shape: (z, fields) => ({
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
      .describe('The bucket'),
    prefix: z.string().max(1_024).optional().describe('What the names of the objects begin with; or "key"'),
    key: z.string().min(1).max(1_024).optional().describe('The name of the one object'),
    region: fields.region.optional().describe('That of the bucket; default: the region where Watchbill runs'),
  }),
  target: ({ bucket, prefix, key }) => `s3://${bucket}/${key ?? `${prefix ?? ''}*`}`,
  permissions: ({ bucket, prefix, key }) => [
    {
      actions: ['s3:ListBucket'],
      resources: [`arn:aws:s3:::${bucket}`],
      condition: { StringEquals: { 's3:prefix': [key ?? prefix ?? ''] } },
    },
  ],
  async look({ bucket, prefix, key, region }, { aws }) {
    const { S3Client, ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    const client = aws.client(S3Client, region);
    const objects = await allPages<StoredObject>(async (ContinuationToken) => {
      const asked = { Bucket: bucket, Prefix: key ?? prefix ?? '', ContinuationToken };
      const page = await aws.call(
        's3:ListBucket',
        (options) => client.send(new ListObjectsV2Command(asked), options),
        ['NoSuchBucket'],
      );
      return { items: page?.Contents, next: page?.NextContinuationToken };
    });
    const meant = objects.filter((one) => key === undefined || one.Key === key);
    return { backups: meant.flatMap((one) => backupOf(one, bucket)) };
  },
});

/** Since 2023 S3 encrypts all: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html */
function backupOf({ Key, LastModified, Size }: StoredObject, bucket: string): Backup[] {
  if (!LastModified) return [];
  const bytes = Size === undefined ? {} : { bytes: Size };
  const at = LastModified.getTime();
  return [{ name: `s3://${bucket}/${Key}`, at, state: 'complete', encrypted: true, ...bytes }];
}
