import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { localSecrets } from '../../lib/adapters/local/secrets.ts';
import { loadConfig } from '../../lib/config.ts';
import { acme, EXAMPLE, tempDir } from './kit.ts';

const dir = tempDir();
const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
const linesOf = (named?: string): Promise<string[]> =>
  loadConfig({ cwd: dir, named }).then(
    ({ name, config }) => [`${name}: ${config.name}`],
    (error: Error) => error.message.split('\n'),
  );
const named = (name: string) => JSON.stringify(acme({ name }));

beforeEach(() => {
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
});

describe('the file', () => {
  it('is looked for in the working directory', async () => {
    expect(await linesOf()).toEqual([
      'watchbill.config.ts  not found here, nor as .js, .json, .yaml or .yml; name a file with --config',
    ]);
    for (const name of ['yml', 'yaml', 'json', 'js', 'ts'].map((ending) => `watchbill.config.${ending}`)) {
      write(name, name.endsWith('s') ? `export default ${named(name)}` : named(name));
      expect(await linesOf()).toEqual([`${name}: ${name}`]);
      rmSync(join(dir, name));
    }
  });

  it('must be named where there is more than one', async () => {
    for (const name of ['watchbill.config.json', 'watchbill.config.yaml']) write(name, named(name));
    write('watchbill.config.ts', `export default ${named('watchbill.config.ts')}`);
    expect(await linesOf()).toEqual([
      'watchbill.config.ts  stands beside watchbill.config.json and watchbill.config.yaml: name the one that is meant with --config',
    ]);
    expect(await linesOf('watchbill.config.yaml')).toEqual(['watchbill.config.yaml: watchbill.config.yaml']);
  });

  it('is the one that --config names, relative to the working directory', async () => {
    mkdirSync(join(dir, 'conf'));
    write('conf/acme.yaml', named('Acme'));
    write('watchbill.config.json', named('other'));
    expect(await linesOf('conf/acme.yaml')).toEqual(['conf/acme.yaml: Acme']);
    expect(await linesOf(join(dir, 'conf/acme.yaml'))).toEqual([`${join(dir, 'conf/acme.yaml')}: Acme`]);
  });

  it.each([
    ['nope.json', 'nope.json  the file is not there'],
    ['sub.json', 'sub.json  the file is not a file'],
    ['nope/x.ts', 'nope/x.ts  the file is not there'],
  ])('%s gives one line when it cannot be read', async (name, line) => {
    mkdirSync(join(dir, 'sub.json'));
    expect(await linesOf(name)).toEqual([line]);
  });
});

describe('files that the config names', () => {
  const tls = { id: 't', type: 'tls', host: 'h.test', ca: 'ca.pem' };

  it('are found next to it, wherever Watchbill runs', async () => {
    mkdirSync(join(dir, 'conf'));
    write('conf/ca.pem', 'a certificate');
    write('conf/c.json', JSON.stringify(acme({ checks: [tls] })));
    const { config } = await loadConfig({ cwd: dir, named: 'conf/c.json' });
    expect(config.checks[0]).toMatchObject({ ca: 'a certificate' });
  });

  it.each<[title: string, make: () => void, message: string]>([
    ['not there', () => {}, 'ca.pem is not there'],
    ['a directory', () => mkdirSync(join(dir, 'ca.pem')), 'ca.pem is not a file'],
    [
      'not text',
      () => writeFileSync(join(dir, 'ca.pem'), Buffer.of(0x30, 0x82)),
      'ca.pem is not a text in UTF-8',
    ],
  ])('are a mistake where they are %s', async (_, make, message) => {
    make();
    write('c.json', JSON.stringify(acme({ checks: [tls] })));
    expect(await linesOf('c.json')).toEqual([
      expect.stringMatching(new RegExp(`^c\\.json:1:\\d+ {2}checks\\[0\\]\\.ca: ${message}$`)),
    ]);
  });
});

describe('secrets that cannot be resolved', () => {
  it('are warnings, each with its place', async () => {
    write('ca.pem', 'a certificate');
    write('c.json', JSON.stringify(EXAMPLE, null, 2));
    const secrets = localSecrets({ PD_KEY: 'a-routing-key', API_TOKEN: '' });
    const { warnings } = await loadConfig({ cwd: dir, named: 'c.json', secrets });
    expect(warnings.filter(({ message }) => message.startsWith('the secret'))).toEqual([
      {
        path: 'checks[0].headers.authorization',
        message: 'the secret API_TOKEN is empty',
        line: expect.any(Number),
        column: 9,
      },
      {
        path: 'notify.webhook.signingKey',
        message: 'the secret HOOK_KEY is not in the environment, and WATCHBILL_SECRETS_DIR is not set',
        line: expect.any(Number),
        column: 7,
      },
    ]);
  });

  it('are one warning each, however often they are named', async () => {
    const check = (id: string) => ({
      id,
      type: 'http',
      url: 'https://example.com/',
      headers: { authorization: { secret: 'API_TOKEN' } },
    });
    write('many.json', JSON.stringify({ name: 'Many', checks: ['a', 'b', 'c'].map(check) }));
    const { warnings } = await loadConfig({ cwd: dir, named: 'many.json', secrets: localSecrets({}) });
    expect(warnings.filter(({ message }) => message.startsWith('the secret'))).toMatchObject([
      { path: 'checks[0].headers.authorization', message: expect.stringMatching(/; it is named 3 times$/) },
    ]);
  });
});
