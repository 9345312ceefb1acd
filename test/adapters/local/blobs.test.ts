import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryBlobs } from '../../../lib/adapters/local/blobs.ts';
import { StoreError } from '../../../lib/ports.ts';
import { temporaryDir } from '../../kit/local-store.ts';

let dir: string;
let blobs: DirectoryBlobs;
beforeEach(async () => {
  dir = await temporaryDir();
  blobs = new DirectoryBlobs(join(dir, 'blobs'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('blobs in a directory', () => {
  it('are not there before they are written', async () => {
    expect(await blobs.read('snapshot')).toBeUndefined();
  });

  it.each(['snapshot', '..', '../../etc/passwd', '/', 'a/b', '.', 'é 😀', '%2e', ''])(
    '%j comes back',
    async (name) => {
      await blobs.write(name, `text of ${name}`);
      await blobs.write('other', 'other');
      expect(await blobs.read(name)).toBe(`text of ${name}`);
      expect(await readdir(dir)).toEqual(['blobs']);
      expect(await readdir(join(dir, 'blobs'))).toHaveLength(2);
    },
  );

  it('are replaced whole: a reader sees one or another, and in the end the last', async () => {
    const texts = Array.from({ length: 30 }, (_, n) => `${n % 10}`.repeat(200_000));
    await blobs.write('b', 'x');
    const writes = Promise.all(texts.map((text) => blobs.write('b', text)));
    let over = false;
    void writes.then(() => {
      over = true;
    });
    while (!over) expect(new Set(await blobs.read('b')).size).toBe(1);
    expect(await blobs.read('b')).toBe(texts.at(-1));
    expect(await readdir(join(dir, 'blobs'))).toEqual(['b.blob']);
  });

  it('say why they can not be written or read, and can be once that is over', async () => {
    await writeFile(join(dir, 'blobs'), 'a file where the directory should be');
    await expect(blobs.write('b', '1')).rejects.toThrow(StoreError);
    await rm(join(dir, 'blobs'));
    await blobs.write('b', '2');
    expect(await blobs.read('b')).toBe('2');
    await mkdir(join(dir, 'blobs', 'c.blob'));
    await expect(blobs.read('c')).rejects.toThrow(/^cannot read c: EISDIR/);
  });
});
