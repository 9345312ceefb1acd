import type { Due, Facts } from '../../reading.ts';
import { lasted } from '../../words.ts';
import { ageDue, ageIssues } from '../ages.ts';
import { showBytes } from '../bytes.ts';
import type { Issue } from '../finding.ts';
import type { Backup, Backups } from './backups.ts';

/** Two clocks differ by so much without anybody being wrong. */
const SKEW_MS = 300_000;
/** A size is held against the median of so many before it. */
const COMPARED = 7;

export interface BackupPolicy {
  readonly maxAge?: number | undefined;
  readonly warn?: number | undefined;
  /** Bytes. */
  readonly minSize?: number | undefined;
  readonly shrink?: number | undefined;
  readonly encrypted?: true | undefined;
  readonly retention?: number | undefined;
}

const AGES = { over: 'backup_too_old', soon: 'backup_due_soon' } as const;

/** Whether it could be restored, as far as its source knows: complete, not empty, and not of the future. */
export const isGood = ({ state, bytes, at }: Backup, now: number): boolean =>
  state === 'complete' && bytes !== 0 && at <= now + SKEW_MS;

/** What is wrong with what there is; the newest good one counts. Times are epoch ms. */
export function judgeBackups(
  { backups, issues: given = [], facts = {}, continuous = false }: Backups,
  policy: BackupPolicy,
  now: number,
): { readonly issues: Issue[]; readonly dues: Due[]; readonly facts: Facts } {
  const newestFirst = backups.toSorted((a, b) => b.at - a.at);
  const good = newestFirst.filter((one) => isGood(one, now));
  const [newest] = good;
  const issues: Issue[] = [...given, ...spoilt(newestFirst, newest, now)];
  const { maxAge, warn } = policy;
  if (!newest) {
    if (maxAge !== undefined || !continuous)
      issues.push({ reason: 'backup_missing', message: missing(backups) });
    return { issues, dues: [], facts: { ...facts, backups: backups.length } };
  }
  const age = maxAge === undefined ? undefined : { maxAge, warn };
  if (age) issues.push(...ageIssues(`The newest good backup, ${newest.name},`, newest.at, age, now, AGES));
  issues.push(
    ...sizeIssues(newest, good.slice(1, 1 + COMPARED), policy),
    ...keptIssues(newest, good.at(-1), policy, now),
  );
  return {
    issues,
    dues: age ? [ageDue(`backup ${newest.name}`, newest.at, age)] : [],
    facts: {
      ...facts,
      backups: backups.length,
      newest: newest.name.slice(0, 200),
      newestAt: new Date(newest.at).toISOString(),
      ...(newest.bytes !== undefined && { bytes: newest.bytes }),
    },
  };
}

const missing = (backups: readonly Backup[]): string =>
  backups.length === 0
    ? 'There is no backup at all.'
    : `Of ${backups.length} backup${backups.length > 1 ? 's' : ''} none is complete, not empty and of the past: none can be restored.`;

/** What came after the newest good one and is none. One that is still running is no fault. */
function spoilt(newestFirst: readonly Backup[], newest: Backup | undefined, now: number): Issue[] {
  const later = newestFirst.filter(({ at }) => at > (newest?.at ?? Number.NEGATIVE_INFINITY));
  const future = newestFirst.find(({ at }) => at > now + SKEW_MS);
  const broken = later.find(
    ({ state, at }) => (state === 'failed' || state === 'partial') && at <= now + SKEW_MS,
  );
  const empty = later.find(
    ({ state, bytes, at }) => state === 'complete' && bytes === 0 && at <= now + SKEW_MS,
  );
  return [
    ...(future
      ? [
          {
            reason: 'backup_future' as const,
            message: `${future.name} is dated ${lasted(future.at - now)} ahead: a clock is wrong, and it does not count.`,
          },
        ]
      : []),
    ...(broken
      ? [
          {
            reason: 'backup_failed' as const,
            message: `The backup of ${lasted(now - broken.at)} ago, ${broken.name}, ${broken.state === 'failed' ? 'has failed' : 'is not whole'}.`,
          },
        ]
      : []),
    ...(empty
      ? [
          {
            reason: 'backup_empty' as const,
            message: `The backup of ${lasted(now - empty.at)} ago, ${empty.name}, is empty.`,
          },
        ]
      : []),
  ];
}

function sizeIssues(
  { name, bytes }: Backup,
  before: readonly Backup[],
  { minSize, shrink }: BackupPolicy,
): Issue[] {
  if (minSize === undefined && shrink === undefined) return [];
  if (bytes === undefined)
    return [
      {
        reason: 'misconfigured',
        message: `How large ${name} is nobody says: "minSize" and "shrink" cannot be judged.`,
      },
    ];
  const small: Issue[] =
    minSize !== undefined && bytes < minSize
      ? [
          {
            reason: 'backup_too_small',
            message: `${name} has ${showBytes(bytes)}: at least ${showBytes(minSize)} are asked for.`,
          },
        ]
      : [];
  const median = medianOf(before.flatMap((one) => one.bytes ?? []));
  if (shrink === undefined || median === undefined || bytes >= shrink * median) return small;
  const message = `${name} has ${showBytes(bytes)}; those before have ${showBytes(median)}.`;
  return [...small, { reason: 'backup_shrunk', message }];
}

function medianOf(sizes: readonly number[]): number | undefined {
  const sorted = sizes.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function keptIssues(
  newest: Backup,
  oldest: Backup | undefined,
  { encrypted, retention }: BackupPolicy,
  now: number,
): Issue[] {
  const reach = now - (oldest?.at ?? now);
  return [
    ...(encrypted && !newest.encrypted
      ? [{ reason: 'backup_not_encrypted' as const, message: `${newest.name} is not encrypted.` }]
      : []),
    ...(retention !== undefined && reach < retention
      ? [
          {
            reason: 'retention_too_short' as const,
            message: `The oldest good backup is ${lasted(reach)} old: they must reach back ${lasted(retention)}.`,
          },
        ]
      : []),
  ];
}
