import { vi } from 'vitest';
import { openAwsApi } from '../../lib/adapters/aws/api.ts';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { compile } from '../../lib/config/compile.ts';
import type { Check } from '../../lib/config/compiled.ts';
import { createNet } from '../../lib/net/create.ts';
import { type Clock, SecretError, type SecretRef } from '../../lib/ports.ts';
import type { Heard } from '../../lib/probes/define.ts';
import { runOf } from '../../lib/probes/index.ts';
import type { Finding } from '../../lib/reading.ts';
import { CREDENTIALS, REGION } from './aws.ts';

/** A check as a user writes it, compiled beside others; a file that it names holds the text that is its path. */
export function accountCheck(
  fields: Readonly<Record<string, unknown>> & { readonly type: string },
  others: readonly object[] = [],
): Check {
  const checks = [{ id: 'looked-at', ...fields }, ...others];
  const compiled = compile({ name: 'Test', network: { allow: ['127.0.0.0/8'] }, checks }, (text) => text);
  if ('mistakes' in compiled) throw new Error(JSON.stringify(compiled.mistakes));
  return compiled.config.checks[0] as Check;
}

export interface AccountOptions {
  /** Its wall clock decides how old things are. */
  readonly clock?: Clock;
  /** By name; one that isn't there cannot be resolved. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly heard?: (id: string) => Promise<Heard>;
  readonly signal?: AbortSignal;
}

/** One try, with the real network and the real SDK. */
export function runAccount(check: Check, options: AccountOptions = {}): Promise<Finding> {
  const { clock = systemClock, secrets = {}, signal = new AbortController().signal } = options;
  const { heard = async () => ({ since: clock.now(), listening: clock.now() }) } = options;
  const net = createNet({ clock, allow: ['127.0.0.0/8'], self: [] });
  const secret = async ({ secret: name }: SecretRef) => {
    const value = secrets[name];
    if (value === undefined) throw new SecretError(`no secret "${name}"`);
    return value;
  };
  const run = runOf({ aws: openAwsApi, heard })(check.type);
  return run(check, { net, clock, secret, signal, deadline: clock.monotonic() + check.timeout });
}

/** A clock that shows another time of day, so that what an emulator has just made is as old as a test wants it. */
export const clockAt = (now: () => number): Clock => ({
  now,
  monotonic: () => systemClock.monotonic(),
  after: (ms, callback) => systemClock.after(ms, callback),
});

/** What the SDK finds in its environment; undone by `vi.unstubAllEnvs()`. */
export function useAws(endpoint: string, region: string = REGION): void {
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_REGION', region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey);
}
