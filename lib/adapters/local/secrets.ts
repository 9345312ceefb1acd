import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SECRET_NAME } from '../../config/define.ts';
import { SecretError, type Secrets } from '../../ports.ts';
import { remember } from '../../redact.ts';

/**
 * Secrets of one machine: the environment variable of that name, else the file of that name in the directory
 * that `WATCHBILL_SECRETS_DIR` names (without the newline at its end). Read anew each time: they may be rotated.
 */
export function localSecrets(env: Readonly<Record<string, string | undefined>>): Secrets {
  return {
    async get({ secret }) {
      if (!SECRET_NAME.test(secret)) throw new SecretError('a secret has a name that cannot be one');
      const value =
        (Object.hasOwn(env, secret) ? env[secret] : undefined) ??
        (await fromFile(secret, env.WATCHBILL_SECRETS_DIR));
      if (value === '') throw new SecretError(`the secret ${secret} is empty`);
      remember(value);
      return value;
    },
  };
}

async function fromFile(secret: string, directory: string | undefined): Promise<string> {
  if (!directory)
    throw new SecretError(
      `the secret ${secret} is not in the environment, and WATCHBILL_SECRETS_DIR is not set`,
    );
  try {
    return (await readFile(join(directory, secret), 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SecretError(
      `the secret ${secret} is neither in the environment nor a readable file in WATCHBILL_SECRETS_DIR (${code})`,
      { cause: error },
    );
  }
}
