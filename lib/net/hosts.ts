import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../ports.ts';
import { parseHost } from './host.ts';

/** A change of the file is seen after this many ms at the latest. */
const FRESH_FOR_MS = 5_000;

/** The addresses that the hosts file gives a name (as `parseHost` gives it); none, if it isn't there. */
export type Hosts = (name: string) => Promise<readonly string[]>;

/** Reads a hosts file (c-ares doesn't). An error of the file system is thrown, but for a missing file. */
export function hostsFile(path: string, clock: Clock): Hosts {
  let table: Promise<Map<string, string[]>> | undefined;
  let readAt = 0;
  return async (name) => {
    if (!table || clock.monotonic() - readAt > FRESH_FOR_MS) {
      readAt = clock.monotonic();
      table = readFile(path, 'utf8').catch(emptyIfMissing).then(parseHosts);
      table.catch(() => {
        table = undefined;
      });
    }
    return (await table).get(name) ?? [];
  };
}

/** Format: hosts(5). Lines that aren't in it are passed over, as the system does. */
export function parseHosts(text: string): Map<string, string[]> {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!isIP(address) || address.includes('%')) continue;
    for (const name of names.map(parseHost)) {
      if (name !== undefined) table.set(name, [...(table.get(name) ?? []), address]);
    }
  }
  return table;
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
