import type { RunProbe } from '../observe.ts';
import { authExpiry } from './auth-expiry.ts';
import { backupFreshness } from './backup-freshness.ts';
import type { AccountContext, AwsApi } from './define.ts';
import { heartbeat } from './heartbeat.ts';
import { keyRotation } from './key-rotation.ts';

/** The types of checks that look at the account: on AWS they run in one place, by a function of their own. */
export const ACCOUNT_PROBES = [authExpiry, keyRotation, backupFreshness, heartbeat] as const;

/** What such checks use, whichever try it is. */
export interface Account {
  /** The way to AWS for one try, which ends with `dispose`. */
  aws(signal: AbortSignal): AwsApi & { dispose(): void };
  readonly heard: AccountContext['heard'];
}

/** Whether checks of this type look at the account: on AWS they run in one place. */
export const isOfAccount = (type: string): boolean =>
  ACCOUNT_PROBES.some((probe: { readonly type: string }) => probe.type === type);

/** What runs a check of such a type. */
export function runOfAccount(type: string, account: Account): RunProbe {
  const probe = (ACCOUNT_PROBES as readonly { type: string; run: unknown }[]).find(
    (one) => one.type === type,
  );
  if (!probe) throw new TypeError(`no probe of type ${type} runs here`);
  const run = probe.run as (check: unknown, context: AccountContext) => ReturnType<RunProbe>;
  return async (check, context) => {
    const aws = account.aws(context.signal);
    try {
      return await run(check, { ...context, aws, heard: (...asked) => account.heard(...asked) });
    } finally {
      aws.dispose();
    }
  };
}
