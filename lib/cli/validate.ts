import { ConfigError, checkConfig, type Loaded, type Problem, printed } from '../config.ts';
import type { Secrets } from '../ports.ts';
import { plural } from '../status/words.ts';

/** What `watchbill validate` says, and its exit code: 2 for a config that can't be used. */
export interface Validated {
  readonly text: string;
  readonly exitCode: 0 | 2;
}

/** Checks a config without running anything. `json`: as `{ "ok", "errors", "warnings" }`. */
export async function validate(options: {
  cwd: string;
  named?: string | undefined;
  secrets: Secrets;
  json?: boolean;
}): Promise<Validated> {
  try {
    const loaded = await checkConfig(options);
    return { text: options.json ? asJson(true, [], loaded.warnings) : summary(loaded), exitCode: 0 };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { text: options.json ? asJson(false, error.errors, []) : error.message, exitCode: 2 };
  }
}

const asJson = (ok: boolean, errors: readonly Problem[], warnings: readonly Problem[]): string =>
  JSON.stringify({ ok, errors, warnings }, null, 2);

function summary({ name, config, warnings }: Loaded): string {
  const counts = `${plural(config.checks.length, 'check')}, ${plural(config.notify.length, 'notifier')}`;
  const spoken = warnings.map((warning) => ({ ...warning, message: `${warning.message} (warning)` }));
  return [...(spoken.length > 0 ? [printed(name, spoken)] : []), `${name} is valid: ${counts}`].join('\n');
}
