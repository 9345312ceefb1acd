import type { AccessKeyMetadata, IAMClient, User } from '@aws-sdk/client-iam';
import { lasted } from '../../words.ts';
import type { AccountContext } from '../define.ts';
import type { Issue } from '../finding.ts';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import { type Key, type Keys, missing } from './keys.ts';

/** IAM answers some 20 requests a second; so many users are looked at at the same time. */
const AT_ONCE = 5;

/** The access keys of one user of IAM, or of all. */
export const iamAccessKeys = defineSource<Keys>()({
  kind: 'iam-access-keys',
  summary: 'Access keys of one IAM user, or of all',
  shape: (z, fields) => ({
    user: z.string().min(1).max(64).optional().describe('Name of a user; default: all of them'),
    root: z
      .boolean()
      .default(true)
      .describe('Of all users: whether it is wrong that the root user has access keys'),
    unusedFor: fields.span
      .optional()
      .describe('A key that was not used for so long, or never since it was made, is degraded'),
  }),
  target: ({ user }) => (user === undefined ? 'IAM access keys' : `IAM access keys of ${user}`),
  permissions: ({ user, root, unusedFor }, { account }) => [
    {
      actions: ['iam:ListAccessKeys', ...(unusedFor ? ['iam:GetAccessKeyLastUsed'] : [])],
      resources: [`arn:aws:iam::${account}:user/${user ?? '*'}`],
    },
    ...(user === undefined
      ? [{ actions: ['iam:ListUsers'], resources: [`arn:aws:iam::${account}:user/*`] }]
      : []),
    // It has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    ...(user === undefined && root ? [{ actions: ['iam:GetAccountSummary'], resources: ['*'] }] : []),
  ],
  async look({ user, root, unusedFor }, context) {
    const { IAMClient } = await import('@aws-sdk/client-iam');
    const iam = context.aws.client(IAMClient);
    if (user !== undefined) {
      const all = await keysOf(user, iam, unusedFor, context);
      if (!all) return missing(`There is no user ${user}.`);
      return all.keys.length > 0 ? all : missing(`${user} has no active access key.`);
    }
    const users = await allUsers(iam, context);
    const each = await inTurns(users, (name) => keysOf(name, iam, unusedFor, context));
    const there = each.flatMap((one) => one ?? []);
    return {
      keys: there.flatMap(({ keys }) => keys),
      issues: [...there.flatMap(({ issues }) => issues), ...(root ? await rootIssues(iam, context) : [])],
      facts: { users: users.length, inactive: there.reduce((sum, { inactive }) => sum + inactive, 0) },
    };
  },
});

async function allUsers(iam: IAMClient, { aws }: AccountContext): Promise<string[]> {
  const { ListUsersCommand } = await import('@aws-sdk/client-iam');
  const users = await allPages<User>(async (Marker) => {
    const command = new ListUsersCommand({ Marker });
    const page = await aws.call('iam:ListUsers', (options) => iam.send(command, options));
    return { items: page.Users, next: page.IsTruncated ? page.Marker : undefined };
  });
  return users.flatMap(({ UserName }) => UserName ?? []);
}

/** The active keys of a user, and how many aren't; undefined: the user is gone. */
async function keysOf(
  user: string,
  iam: IAMClient,
  unusedFor: number | undefined,
  context: AccountContext,
): Promise<(Keys & { readonly inactive: number }) | undefined> {
  const { ListAccessKeysCommand } = await import('@aws-sdk/client-iam');
  let isGone = false;
  const found = await allPages<AccessKeyMetadata>(async (Marker) => {
    const command = new ListAccessKeysCommand({ UserName: user, Marker });
    const page = await context.aws.call('iam:ListAccessKeys', (options) => iam.send(command, options), [
      'NoSuchEntityException',
    ]);
    isGone ||= !page;
    return { items: page?.AccessKeyMetadata, next: page?.IsTruncated ? page.Marker : undefined };
  });
  if (isGone) return undefined;
  const active = found.filter(({ Status }) => Status === 'Active');
  const keys: Key[] = [];
  const issues: Issue[] = [];
  for (const { AccessKeyId = '', CreateDate } of active) {
    const name = `access key ${AccessKeyId} of ${user}`;
    keys.push({ name, ...(CreateDate && { bornAt: CreateDate.getTime() }) });
    if (unusedFor === undefined) continue;
    const used = await usedAt(AccessKeyId, iam, context);
    issues.push(...unusedIssues(name, used, CreateDate?.getTime() ?? 0, unusedFor, context.clock.now()));
  }
  const inactive = found.length - active.length;
  return { keys, issues, facts: { active: keys.length, inactive }, inactive };
}

async function usedAt(id: string, iam: IAMClient, { aws }: AccountContext): Promise<number | undefined> {
  const { GetAccessKeyLastUsedCommand } = await import('@aws-sdk/client-iam');
  const { AccessKeyLastUsed } = await aws.call('iam:GetAccessKeyLastUsed', (options) =>
    iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }), options),
  );
  return AccessKeyLastUsed?.LastUsedDate?.getTime();
}

function unusedIssues(
  name: string,
  usedAt: number | undefined,
  bornAt: number,
  unusedFor: number,
  now: number,
): Issue[] {
  const quiet = now - (usedAt ?? bornAt);
  if (quiet <= unusedFor) return [];
  const message =
    usedAt === undefined
      ? `The ${name} was never used in ${lasted(quiet)}: deactivate it.`
      : `The ${name} was not used for ${lasted(quiet)}: deactivate it if nobody misses it.`;
  return [{ reason: 'key_unused', message }];
}

async function rootIssues(iam: IAMClient, { aws }: AccountContext): Promise<Issue[]> {
  const { GetAccountSummaryCommand } = await import('@aws-sdk/client-iam');
  const { SummaryMap } = await aws.call('iam:GetAccountSummary', (options) =>
    iam.send(new GetAccountSummaryCommand({}), options),
  );
  if (!SummaryMap?.AccountAccessKeysPresent) return [];
  const message = 'The root user has access keys: delete them, nobody can limit what they may do.';
  return [{ reason: 'root_key', message }];
}

/** All of them, a few at the same time, in their order. The first that fails fails all. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
