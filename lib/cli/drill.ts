import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { loadConfig } from '../config.ts';
import { deliverDue, type Post } from '../deliver.ts';
import type { Home } from '../home.ts';
import { key } from '../keys.ts';
import { createNet } from '../net/create.ts';
import { sendersWith } from '../notifiers/index.ts';
import type { Clock, Secrets } from '../ports.ts';
import { drillAnswer, type Ground, runDrill } from './drill-course.ts';
import type { ExitCode } from './main.ts';
import { addressIn, openHome } from './open.ts';
import { progressOn, type Screen } from './progress.ts';

export interface DrillOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly secrets: Secrets;
  readonly data: string;
  readonly json?: boolean;
  readonly err: Screen;
}

/** A synthetic incident through every notifier and back, in the same way as a real one. Throws `ConfigError`, `StoreError`. */
export async function drill(options: DrillOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { config } = await loadConfig(options);
  const log = consoleLog(options.err, systemClock);
  const address = await addressIn(resolve(options.cwd, options.data));
  const { home, store } = await openHome(options, config, log);
  const say = progressOn(options.err);
  try {
    const post: Post = {
      store,
      clock: systemClock,
      // what was accepted is in the table
      log: { ...log, info: () => {} },
      configuredAt: () => 0,
      net: createNet({ clock: systemClock, allow: config.network.allow, self: [] }),
      secrets: options.secrets,
      sender: sendersWith(),
      receiver: (name) => config.notify.find((receiver) => receiver.name === name),
      baseUrl: () => config.statusPage.url ?? address,
      random: Math.random,
      signal: new AbortController().signal,
      wrote: (item) => home.learn(item),
    };
    say(`paging ${config.notify.map(({ name }) => name).join(', ')} …`);
    const told = await runDrill(key('drill', randomUUID()), groundOf(home, post));
    return drillAnswer(told, options.json);
  } finally {
    say('');
    await store.close();
  }
}

/** This process delivers by itself, as it looks. */
const groundOf = (home: Home, post: Post): Ground => ({
  home,
  clock: post.clock,
  tell: async () => {},
  async look({ subject }) {
    const next = await deliverDue(post, (incident) => incident.subject === subject);
    await home.refresh();
    return waitMs(next, post.clock);
  },
  untried: 'no answer',
});

const waitMs = (next: number | undefined, clock: Clock): number =>
  Math.min(1_000, Math.max(20, (next ?? 0) - clock.now()));
