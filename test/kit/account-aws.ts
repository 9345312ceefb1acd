import { expect, it } from 'vitest';
import type { Check } from '../../lib/config/compiled.ts';
import type { Permission, PermissionPlace } from '../../lib/probes/define.ts';
import { probeOf } from '../../lib/probes/index.ts';
import type { Finding } from '../../lib/reading.ts';
import { clockAt, runAccount, useAws } from './account.ts';
import { closesAtEnd } from './at-end.ts';
import { REGION } from './aws.ts';
import { type AwsProxy, awsProxy, type Refusal } from './aws-proxy.ts';

/** Checks of the account that ask AWS, or what stands in for it. */

export const PLACE: PermissionPlace = { account: '123456789012', region: REGION };

/** Looks so many ms after now. */
export const lookAfter = (check: Check, ms: number): Promise<Finding> =>
  runAccount(check, { clock: clockAt(() => Date.now() + ms) });

/** A client of the SDK that asks an emulator. */
export const client = <C>(Client: new (config: object) => C, endpoint: string): C =>
  new Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
  });

export const permissionsOf = (check: Check): readonly Permission[] =>
  probeOf(check.type).permissions?.(check as never, PLACE) ?? [];

/** What was called is what is declared: no more, and no less. */
export function expectDeclared(proxy: AwsProxy, ...checks: readonly Check[]): void {
  const declared = new Set(checks.flatMap(permissionsOf).flatMap(({ actions }) => actions));
  expect([...new Set(proxy.actions)].toSorted()).toEqual([...declared].toSorted());
}

/** To be called once in a test file: a proxy before an endpoint, which is what the SDK finds. */
export function proxies(): (endpoint: string) => Promise<AwsProxy> {
  const started = closesAtEnd();
  return async (endpoint) => {
    const proxy = await started(awsProxy(endpoint));
    useAws(proxy.endpoint);
    return proxy;
  };
}

const TROUBLES: readonly (readonly [Refusal, string])[] = [
  ['AccessDenied', 'aws_denied'],
  ['Throttling', 'aws_throttled'],
  ['down', 'aws_unavailable'],
];

/** Whatever keeps us from looking is unknown, and the message names the action: for checks, and what each calls first. */
export function blindWithout(
  through: (endpoint: string) => Promise<AwsProxy>,
  checks: readonly (readonly [Check, string])[],
): void {
  const cases = checks.flatMap(([check, action]) =>
    TROUBLES.map(([kind, reason]) => [action, kind, reason, check] as const),
  );
  it.each(cases)('%s: %s', async (action, kind, reason, check) => {
    const proxy = await through('http://127.0.0.1:1');
    proxy.trouble = () => kind;
    const { status, reasons, message } = await lookAfter(check, 0);
    expect({ status, reasons }).toEqual({ status: 'unknown', reasons: [reason] });
    expect(message).toContain(action);
    expect(message).not.toMatch(/signature|token/);
  });
}
