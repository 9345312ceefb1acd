import type { Machine } from '../adapters/local/machine.ts';
import { ConfigError, type Loaded } from '../config.ts';
import type { Log } from '../ports.ts';
import { plural } from '../status/words.ts';

export interface Reloading {
  readonly load: () => Promise<Loaded>;
  readonly machine: Pick<Machine, 'configure' | 'report'>;
  /** Told of the new config before the machine is. */
  readonly take: (loaded: Loaded) => void;
  readonly log: Log;
}

/** The title of the incident. */
export const REJECTED = 'The config was rejected';

/**
 * Answers how to read the config again. A bad one changes nothing, which is said on the console and in an
 * incident that closes with the next good one. One reading after the other: the newest one stays.
 */
export function reloader({ load, machine, take, log }: Reloading): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    last = last
      .then(readAgain)
      .catch((error: unknown) => log.error('the config could not be read again', { error: String(error) }));
    return last;
  };

  async function readAgain(): Promise<void> {
    try {
      const loaded = await load();
      take(loaded);
      await machine.configure(loaded.config);
      await machine.report('config', 'close', REJECTED, '');
      log.info(`${loaded.name} was read again: ${plural(loaded.config.checks.length, 'check')}`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const [first = '', ...more] = error.message.split('\n');
      for (const line of [`${error.file} was rejected, the old config stays`, first, ...more])
        log.error(line);
      const others = error.errors.length - 1;
      const rest = others > 0 ? ` (and ${others} more: run "watchbill validate")` : '';
      await machine.report('config', 'open', REJECTED, `The old one stays in force. ${first}${rest}`);
    }
  }
}
