import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Blobs, StoreError } from '../../ports.ts';

/** Blobs as files of one directory. Throws `StoreError`. */
export class DirectoryBlobs implements Blobs {
  readonly #dir: string;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.#path(name), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw failed('read', name, error);
    }
  }

  /** One after the other, so that the last one asked for is the one that stays. */
  write(name: string, text: string): Promise<void> {
    const written = this.#writes.then(() => this.#replace(name, text));
    this.#writes = written.catch(() => {});
    return written;
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = this.#path(name);
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      const file = await open(`${path}.tmp`, 'w', 0o600);
      try {
        await file.writeFile(text);
        // without it a power cut may leave the new name with nothing in it
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.tmp`, path);
    } catch (error) {
      throw failed('write', name, error);
    }
  }

  #path(name: string): string {
    return join(this.#dir, `${encodeURIComponent(name)}.blob`);
  }
}

const failed = (what: string, name: string, error: unknown): StoreError =>
  new StoreError(`cannot ${what} ${name}: ${error instanceof Error ? error.message : error}`, {
    cause: error,
  });
