import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { localSecrets } from '../../../lib/adapters/local/secrets.ts';
import { SecretError } from '../../../lib/ports.ts';
import { redact } from '../../../lib/redact.ts';

const root = mkdtempSync(join(tmpdir(), 'watchbill-secrets-'));
const dir = join(root, 'secrets');
mkdirSync(dir);
afterAll(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, 'outside'), 'not for us');

const get = (secret: string, env: Record<string, string> = {}) =>
  localSecrets({ WATCHBILL_SECRETS_DIR: dir, ...env }).get({ secret });

describe('a secret of this machine', () => {
  it('is the environment variable of its name, before a file of that name', async () => {
    writeFileSync(join(dir, 'API_TOKEN'), 'from the file');
    expect(await get('API_TOKEN', { API_TOKEN: 'from the environment' })).toBe('from the environment');
    expect(await get('API_TOKEN')).toBe('from the file');
  });

  it.each([
    ['one line\n', 'one line'],
    ['one line\r\n', 'one line'],
    ['two\nlines\n\n', 'two\nlines\n'],
    [' spaces stay ', ' spaces stay '],
  ])('loses the newline at the end of its file: %j', async (content, value) => {
    writeFileSync(join(dir, 'FILE'), content);
    expect(await get('FILE')).toBe(value);
  });

  it('is read anew each time: it may be rotated', async () => {
    for (const value of ['first value', 'second value']) {
      writeFileSync(join(dir, 'ROTATED'), value);
      expect(await get('ROTATED')).toBe(value);
    }
  });

  it('is redacted from then on', async () => {
    await get('SEEN', { SEEN: 'correct horse battery' });
    expect(redact('401 for correct horse battery')).toBe('401 for [redacted]');
  });
});

describe('a secret that cannot be resolved says why, and never what it is', () => {
  it.each<[title: string, secret: string, env: Record<string, string>, message: string]>([
    [
      'it is nowhere',
      'NOWHERE',
      {},
      'the secret NOWHERE is neither in the environment nor a readable file in WATCHBILL_SECRETS_DIR (ENOENT)',
    ],
    [
      'there is no directory',
      'NOWHERE',
      { WATCHBILL_SECRETS_DIR: '' },
      'the secret NOWHERE is not in the environment, and WATCHBILL_SECRETS_DIR is not set',
    ],
    ['it is empty', 'EMPTY', { EMPTY: '' }, 'the secret EMPTY is empty'],
    ['its file is empty', 'EMPTY_FILE', {}, 'the secret EMPTY_FILE is empty'],
    [
      'its file is a directory',
      'DIRECTORY',
      {},
      'the secret DIRECTORY is neither in the environment nor a readable file in WATCHBILL_SECRETS_DIR (EISDIR)',
    ],
    ['its name leads out of the directory', '../outside', {}, 'a secret has a name that cannot be one'],
    ['its name is a path', '/etc/passwd', {}, 'a secret has a name that cannot be one'],
    ['its name ends a path', 'a\0b', {}, 'a secret has a name that cannot be one'],
    [
      'its name is that of a method',
      'constructor',
      {},
      'the secret constructor is neither in the environment nor a readable file in WATCHBILL_SECRETS_DIR (ENOENT)',
    ],
  ])('%s', async (_, secret, env, message) => {
    writeFileSync(join(dir, 'EMPTY_FILE'), '\n');
    mkdirSync(join(dir, 'DIRECTORY'), { recursive: true });
    await expect(get(secret, env)).rejects.toThrow(new SecretError(message));
  });
});
