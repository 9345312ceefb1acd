import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '../test/kit/ca.ts';

const DIR = join(import.meta.dirname, '../.watchbill/demo');
/** A certificate lives for 90 days here: it is made anew long before it would be reported as expiring. */
const FRESH_MS = 30 * 86_400_000;

const pathOf = (name: string): string => join(DIR, name);

/** The demo's own authority, as a file that a config can name; made on the spot when there is none yet. */
export function demoAuthority(): string {
  const path = pathOf('ca.pem');
  if (!isFresh(path)) make();
  return path;
}

/** What the demo's server shows. */
export function demoCertificate(): { cert: string; key: string } {
  demoAuthority();
  return { cert: readFileSync(pathOf('cert.pem'), 'utf8'), key: readFileSync(pathOf('key.pem'), 'utf8') };
}

function isFresh(path: string): boolean {
  const made = statSync(path, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs < FRESH_MS;
}

/** The authority comes last: where it is there, so is the rest. */
function make(): void {
  const authority = makeAuthority({ name: 'Watchbill demo' });
  const { cert, key } = authority.issue({ names: ['shop.test'] });
  mkdirSync(DIR, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries({ 'key.pem': key, 'cert.pem': cert, 'ca.pem': authority.pem })) {
    writeFileSync(pathOf(`${name}.new`), text, { mode: 0o600 });
    renameSync(pathOf(`${name}.new`), pathOf(name));
  }
}
