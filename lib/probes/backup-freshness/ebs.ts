import type { Snapshot } from '@aws-sdk/client-ec2';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import type { Backup, Backups } from './backups.ts';

const STATES: Readonly<Record<string, Backup['state']>> = {
  completed: 'complete',
  pending: 'running',
  recoverable: 'failed',
  recovering: 'running',
};

/** Snapshots of a volume of EBS, or of all that have a tag. */
export const ebs = defineSource<Backups>()({
  kind: 'ebs',
  summary: 'Snapshots of an EBS volume, or of those with a tag',
  shape: (z, fields) => ({
    volume: z
      .string()
      .regex(/^vol-[0-9a-f]+$/, 'must be the id of a volume, "vol-…"')
      .optional()
      .describe('The volume; or "tag"'),
    tag: z
      .strictObject({ key: z.string().min(1).describe('Its key'), value: z.string().describe('Its value') })
      .optional()
      .describe('A tag of the snapshots'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
  }),
  target: ({ volume, tag }) => `snapshots ${volume ? `of ${volume}` : `with ${tag?.key}=${tag?.value}`}`,
  // It has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  permissions: () => [{ actions: ['ec2:DescribeSnapshots'], resources: ['*'] }],
  async look({ volume, tag, region }, { aws }) {
    const { EC2Client, DescribeSnapshotsCommand } = await import('@aws-sdk/client-ec2');
    const client = aws.client(EC2Client, region);
    const filter = tag
      ? { Name: `tag:${tag.key}`, Values: [tag.value] }
      : { Name: 'volume-id', Values: [String(volume)] };
    const snapshots = await allPages<Snapshot>(async (NextToken) => {
      const asked = { OwnerIds: ['self'], Filters: [filter], MaxResults: 1_000, NextToken };
      const page = await aws.call('ec2:DescribeSnapshots', (options) =>
        client.send(new DescribeSnapshotsCommand(asked), options),
      );
      return { items: page.Snapshots, next: page.NextToken };
    });
    return { backups: snapshots.flatMap(backupOf) };
  },
});

/** It holds what was on the volume when it was begun: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html */
function backupOf({
  SnapshotId,
  StartTime,
  State,
  Encrypted = false,
  FullSnapshotSizeInBytes: bytes,
}: Snapshot): Backup[] {
  if (!StartTime) return [];
  const state = STATES[String(State)] ?? 'failed';
  const at = StartTime.getTime();
  return [
    {
      name: `snapshot ${SnapshotId}`,
      at,
      state,
      encrypted: Encrypted,
      ...(bytes !== undefined && { bytes }),
    },
  ];
}
