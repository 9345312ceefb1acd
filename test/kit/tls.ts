import { systemClock } from '../../lib/adapters/local/clock.ts';
import { compile } from '../../lib/config/compile.ts';
import { createNet } from '../../lib/net/create.ts';
import type { Net } from '../../lib/net/net.ts';
import { tls } from '../../lib/probes/tls.ts';
import type { Finding } from '../../lib/reading.ts';

export type TlsCheck = Parameters<typeof tls.run>[0];

/** A check as a user writes it, compiled; the file that `ca` names holds the PEM text itself. */
export function tlsCheck(fields: Readonly<Record<string, unknown>> & { readonly host: string }): TlsCheck {
  const checks = [{ id: 'cert', type: 'tls', ...fields }];
  const compiled = compile(
    { name: 'Test', network: { allow: ['127.0.0.0/8', '::1/128'] }, checks },
    (text) => text,
  );
  if ('mistakes' in compiled) throw new Error(JSON.stringify(compiled.mistakes));
  return compiled.config.checks[0] as TlsCheck;
}

/** One try. What a `net` has looked up once it remembers: pass the same one to try again. */
export function runTls(check: TlsCheck, net: Net = loopbackNet()): Promise<Finding> {
  const { signal } = new AbortController();
  const secret = () => Promise.reject(new Error('a tls check has no secret'));
  const { clock } = net;
  return tls.run(check, { net, clock, signal, secret, deadline: clock.monotonic() + check.timeout });
}

export const loopbackNet = (clock = systemClock, servers?: readonly string[]): Net =>
  createNet({ clock, allow: ['127.0.0.0/8', '::1/128'], self: [], ...(servers && { servers }) });
