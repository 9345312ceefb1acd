import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The openssl command in a folder of its own. */
export interface Openssl {
  /** Writes a file there. */
  write(name: string, content: string | Buffer): void;
  read(name: string): Buffer;
  /** Runs `openssl` with these arguments; throws when it fails. */
  run(...args: string[]): void;
  close(): void;
}

export function openssl(): Openssl {
  const cwd = mkdtempSync(join(tmpdir(), 'watchbill-'));
  return {
    write: (name, content) => writeFileSync(join(cwd, name), content),
    read: (name) => readFileSync(join(cwd, name)),
    run: (...args) => void execFileSync('openssl', args, { cwd, stdio: 'pipe' }),
    close: () => rmSync(cwd, { recursive: true }),
  };
}

/** Whether the command is there; says so when it isn't, since tests that need it are then skipped. */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    process.stdout.write('skipped what needs the openssl command: it is not installed\n');
    return false;
  }
}
