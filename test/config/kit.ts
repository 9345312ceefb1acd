import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { compile } from '../../lib/config/compile.ts';
import type { Config, Place } from '../../lib/config/compiled.ts';
import { pathText } from '../../lib/config/error.ts';
import { ConfigError, loadConfig } from '../../lib/config.ts';

/** A directory of the test file's own, gone afterwards. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'watchbill-config-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** What is printed for a config file of this name and text; nothing for a good one. */
export async function printedFor(dir: string, name: string, text: string | Uint8Array): Promise<string[]> {
  writeFileSync(join(dir, name), text);
  try {
    await loadConfig({ cwd: dir, named: name });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

/** Every mistake in a config, as `path: message`. */
export function mistakesIn(config: unknown, place: Place = 'machine'): string[] {
  const compiled = compile(config, () => 'a file', place);
  if ('config' in compiled) return [];
  return compiled.mistakes.map(({ path, message }) => `${pathText(path)}: ${message}`);
}

/** The compiled form of a config without mistakes. */
export function compiled(
  config: unknown,
  read: (path: string) => string = () => 'a file',
  place: Place = 'machine',
): Config {
  const result = compile(config, read, place);
  if ('mistakes' in result) throw new Error(JSON.stringify(result.mistakes));
  return result.config;
}

/** A check with everything it needs, and what a test is about. */
export const tcp = (more: object = {}) => ({
  id: 'db',
  type: 'tcp',
  host: 'db.example.test',
  port: 5432,
  ...more,
});

/** A config with everything it needs, and what a test is about. */
export const acme = (more: object = {}) => ({ name: 'Acme', checks: [tcp()], ...more });

/** A config with one check, and what a test is about. */
export const checking = (more: object) => acme({ checks: [tcp(more)] });

/** Everything that can be said of AWS. */
export const AWS = {
  home: 'eu-west-1',
  locations: ['us-east-1', 'ap-southeast-2', 'ca-central-1'],
  serviceRegion: 'us-east-1',
  domain: {
    name: 'status.acme.test',
    certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000',
  },
  dashboard: true,
};

/** The example of the contract: every part of a config once. */
export const EXAMPLE = {
  name: 'Acme',
  aws: AWS,
  network: { allow: ['127.0.0.0/8'] },
  checks: [
    {
      id: 'api',
      type: 'http',
      url: 'https://api.acme.test:8443/health',
      connectTo: '127.0.0.1:8443',
      ca: './ca.pem',
      every: '30s',
      timeout: '5s',
      method: 'GET',
      headers: { authorization: { secret: 'API_TOKEN' } },
      expect: {
        status: [200, 204],
        body: { contains: 'ok', notContains: 'error', matches: '^\\{' },
        json: { '$.status': 'ok', '$.queue': { lt: 100 } },
        headers: { 'strict-transport-security': { exists: true } },
        within: '800ms',
      },
      follow: 5,
      severity: 'page',
      runbook: 'https://wiki.acme.test/api',
      group: 'API',
      name: 'Public API',
      public: true,
      dependsOn: ['apex'],
      locations: ['us-east-1', 'ca-central-1'],
    },
    {
      id: 'api-cert',
      type: 'tls',
      host: 'api.acme.test',
      port: 8443,
      connectTo: '127.0.0.1:8443',
      ca: './ca.pem',
      expires: { warn: '21d', fail: '3d' },
      minVersion: 'TLSv1.2',
      revocation: 'soft',
      severity: 'ticket',
    },
    { id: 'db-port-closed', type: 'tcp', host: '127.0.0.1', port: 5432, expect: 'refused' },
    {
      id: 'apex',
      type: 'dns',
      name: 'acme.test',
      record: 'A',
      resolver: '127.0.0.1:5353',
      expect: { includes: '192.0.2.10', ttlAtMost: '300s' },
    },
  ],
  judge: { tries: 4, over: '10s', degradedAfter: '10m', unknownAfter: '10m' },
  observer: { canaries: ['https://canary.acme.test/'] },
  maintenance: [
    { checks: ['api'], from: '2026-12-01T02:00:00Z', to: '2026-12-01T04:00:00Z' },
    { checks: '*', cron: '0 3 * * SUN', timeZone: 'Europe/Berlin', for: '30m' },
  ],
  notify: {
    pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: 'http://127.0.0.1:9999', remind: '4h' },
    webhook: { url: 'http://127.0.0.1:9998/hook', signingKey: { secret: 'HOOK_KEY' } },
  },
  statusPage: { title: 'Acme status' },
};
