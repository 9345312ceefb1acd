import { statSync } from 'node:fs';
import type { Clock } from '../ports.ts';

const LOOK_MS = 500;

/**
 * Calls back once a file is another one and has stayed that for a whole look: whoever writes it has finished,
 * however it is replaced. It is looked at twice a second, which also sees through links and works on every
 * file system. `known`: the version that was read, which may be another one by now. Answers how to stop.
 */
export function watchFile(
  path: string,
  changed: () => void,
  clock: Clock,
  known = versionOf(path),
): () => void {
  let told = known;
  let seen = known;
  let cancel = clock.after(LOOK_MS, look);
  return () => cancel();

  function look(): void {
    const version = versionOf(path);
    const isQuiet = version === seen;
    seen = version;
    cancel = clock.after(LOOK_MS, look);
    if (!isQuiet || version === told) return;
    told = version;
    changed();
  }
}

/** Names what stands in a file now: another text, another file or none has another name. */
export function versionOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return String(error);
  }
}
