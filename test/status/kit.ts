import type { Context, Hono } from 'hono';
import type { Log } from '../../lib/ports.ts';
import type { Snapshot } from '../../lib/snapshot.ts';
import { createStatusApp, type StatusOptions } from '../../lib/status/app.ts';
import type { summary } from '../../lib/status/summary.ts';
import { VirtualClock } from '../kit/clock.ts';
import { NOW, SCENES } from '../kit/scenes.ts';

export interface Visitor {
  readonly app: Hono;
  readonly clock: VirtualClock;
  readonly logged: string[];
  /** `from`: the address at the other end of the socket. */
  get(
    path: string,
    options?: { method?: string; headers?: Record<string, string>; from?: string },
  ): Promise<Response>;
  text(path: string, from?: string): Promise<string>;
  json<T = ReturnType<typeof summary>>(path: string, from?: string): Promise<T>;
}

/** The app as a browser meets it, over a snapshot or whatever `read` does. */
export function visit(
  snapshot: Snapshot | undefined | StatusOptions['read'] = SCENES.incident(),
  options: Partial<StatusOptions> = {},
  where: 'on one machine' | 'on AWS' = 'on one machine',
): Visitor {
  const clock = new VirtualClock(NOW + 20_000);
  const logged: string[] = [];
  const say = (message: string) => void logged.push(message);
  const log: Log = { info: say, warn: say, error: say };
  const app = createStatusApp({
    // As it comes from a blob.
    read:
      typeof snapshot === 'function'
        ? snapshot
        : async () => snapshot && (JSON.parse(JSON.stringify(snapshot)) as Snapshot),
    clock,
    log,
    runbooks: { http: '# HTTP\n\nLook at it.' },
    health: () => true,
    ...(where === 'on one machine' && {
      operator: { peerOf: (context: Context) => (context.env as { from?: string }).from },
    }),
    ...options,
  });
  const get: Visitor['get'] = async (path, { method = 'GET', headers = {}, from } = {}) =>
    app.request(path, { method, headers }, { from });
  return {
    app,
    clock,
    logged,
    get,
    text: async (path, from) => (await get(path, from === undefined ? {} : { from })).text(),
    json: async <T>(path: string, from?: string) =>
      (await (await get(path, from === undefined ? {} : { from })).json()) as T,
  };
}

const SECURITY = {
  'content-security-policy': /^default-src 'none';(?!.*unsafe).*frame-ancestors 'none'/,
  'strict-transport-security': /^max-age=\d{7,}/,
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /^no-referrer$/,
  'permissions-policy': /camera=\(\)/,
} as const;

/** The headers that are missing or wrong, which should be none. */
export const missingHeaders = (response: {
  readonly headers: { get(name: string): string | null };
}): string[] =>
  Object.entries(SECURITY).flatMap(([name, wanted]) =>
    wanted.test(response.headers.get(name) ?? '') ? [] : [name],
  );
