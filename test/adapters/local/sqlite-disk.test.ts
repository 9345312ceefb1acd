import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryBlobs } from '../../../lib/adapters/local/blobs.ts';
import { lockDataDir } from '../../../lib/adapters/local/data-dir.ts';
import { openStore, type SqliteStore } from '../../../lib/adapters/local/sqlite-store.ts';
import { StoreError } from '../../../lib/ports.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { silent, temporaryDir } from '../../kit/local-store.ts';

const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;

/** Whether this user may mount a small disk of its own. */
function canMount(): boolean {
  const at = join('/tmp', `watchbill-mount-${process.pid}`);
  spawnSync('mkdir', ['-p', at]);
  const can = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at);
  if (can) spawnSync('umount', [at]);
  spawnSync('rmdir', [at]);
  return can;
}

const open = (dir: string, lock = lockDataDir(dir)) =>
  openStore({ dir, lock, clock: new VirtualClock(), log: silent }).then(
    ({ store, quarantined }) => ({ store, quarantined, lock }),
    (error) => {
      lock.release();
      throw error;
    },
  );

describe.skipIf(!canMount())('a small disk, which only root can mount (G07)', () => {
  let dir: string;
  let disk: string;

  beforeEach(async () => {
    dir = await temporaryDir();
    disk = join(dir, 'disk');
    await mkdir(disk);
    expect(mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk)).toBe(true);
  });
  afterEach(async () => {
    spawnSync('umount', [disk]);
    await rm(dir, { recursive: true });
  });

  const put = (store: SqliteStore, n: number) =>
    store.put({ partition: 'p', sort: `${n}`, body: `${n} `.repeat(500) }, 'absent', `${n}`);

  /** Leaves so many bytes of the disk. */
  function fill(left: number): void {
    const free = Number(spawnSync('df', ['--output=avail', '-B1', disk]).stdout.toString().split('\n')[1]);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, free - left)));
  }

  /** Puts until the disk is full; answers what was won and how it failed. */
  async function putUntilFull(store: SqliteStore): Promise<{ won: number; error: unknown }> {
    for (let n = 0; ; n++) {
      try {
        expect(await put(store, n)).toBe(true);
      } catch (error) {
        return { won: n, error };
      }
    }
  }

  it('that is full is a StoreError that says so; what was written can be read; it goes on once there is room', async () => {
    const { store, lock } = await open(disk);
    fill(300_000);
    const { won, error } = await putUntilFull(store);
    expect(won).toBeGreaterThan(10);
    expect(error).toBeInstanceOf(StoreError);
    expect(String(error)).toContain('the disk is full');
    expect(await store.list('p')).toHaveLength(won);
    await expect(put(store, won)).rejects.toThrow(StoreError);
    rmSync(join(disk, 'filler'));
    expect(await put(store, won)).toBe(true);
    await store.close();
    lock.release();
    const again = await open(disk);
    expect(again.quarantined).toBeUndefined();
    expect(await again.store.list('p')).toHaveLength(won + 1);
    await again.store.close();
    again.lock.release();
  });

  it('that is full fails only what does not fit, out of all that was asked at once', async () => {
    const { store, lock } = await open(disk);
    fill(200_000);
    const asked = Array.from({ length: 600 }, (_, n) => put(store, n));
    const reads = Array.from({ length: 10 }, () => store.list('p', { limit: 1 }));
    const outcomes = await Promise.allSettled(asked);
    const won = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(won).toBeGreaterThan(10);
    expect(won).toBeLessThan(600);
    await Promise.all(reads);
    const found = new Set((await store.list('p')).map(({ sort }) => sort));
    outcomes.forEach(({ status }, n) => {
      expect(found.has(`${n}`)).toBe(status === 'fulfilled');
    });
    await store.close();
    lock.release();
  });

  it('that is full when it starts is an error and no damage', async () => {
    const first = await open(disk);
    for (let n = 0; n < 20; n++) await put(first.store, n);
    await first.store.close();
    fill(0);
    await expect(open(disk, first.lock)).rejects.toThrow(/^cannot use .*store\.db: the disk/);
    rmSync(join(disk, 'filler'));
    const again = await open(disk);
    expect(again.quarantined).toBeUndefined();
    expect(await again.store.list('p')).toHaveLength(20);
    await again.store.close();
    again.lock.release();
  });

  it('that can only be read is an error and no damage', async () => {
    const first = await open(disk);
    for (let n = 0; n < 20; n++) await put(first.store, n);
    await first.store.close();
    first.lock.release();
    expect(mount('-o', 'remount,ro', disk)).toBe(true);
    const before = readdirSync(disk);
    await expect(open(disk)).rejects.toThrow(/^cannot use .*store\.db: the data (file|directory) cannot be/);
    expect(readdirSync(disk)).toEqual(before);
    expect(mount('-o', 'remount,rw', disk)).toBe(true);
    const again = await open(disk);
    expect(again.quarantined).toBeUndefined();
    expect(await again.store.list('p')).toHaveLength(20);
    await again.store.close();
    again.lock.release();
  });

  it('that is full leaves a blob as it was', async () => {
    const blobs = new DirectoryBlobs(join(disk, 'blobs'));
    await blobs.write('snapshot', 'old');
    fill(10_000);
    await expect(blobs.write('snapshot', 'new'.repeat(10_000))).rejects.toThrow(
      /^cannot write snapshot: ENOSPC/,
    );
    expect(await blobs.read('snapshot')).toBe('old');
    rmSync(join(disk, 'filler'));
    await blobs.write('snapshot', 'new');
    expect(await blobs.read('snapshot')).toBe('new');
  });
});

const CHILD = new URL('../../kit/store-child.ts', import.meta.url).pathname;

describe.skipIf(process.platform !== 'linux')('a quota (G07)', () => {
  it('that is used up fails the writes, and they go on once it is raised', async () => {
    const dir = await temporaryDir();
    // an exceeded limit on a file's size would end the process, if the signal for it were not ignored
    const limited = `trap '' XFSZ; ulimit -S -f 600; exec "$0" "$@"`;
    const child = spawn('bash', ['-c', limited, process.execPath, CHILD, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let failed = false;
    let ackedSince = 0;
    child.stdout.setEncoding('utf8').on('data', (letters: string) => {
      if (failed) ackedSince += letters.split('a').length - 1;
      if (!failed && letters.includes('n')) {
        failed = true;
        spawnSync('prlimit', ['--pid', `${child.pid}`, '--fsize=unlimited:unlimited']);
      }
      if (ackedSince > 200) child.kill('SIGKILL');
    });
    expect((await once(child, 'close'))[1]).toBe('SIGKILL');
    const said = (await readFile(join(dir, 'said'), 'utf8')).split('\n').slice(0, -1);
    expect(said.find((line) => line.startsWith('no '))).toMatch(
      /^no the disk (is full|failed or has no room)/,
    );
    const { store, quarantined, lock } = await open(dir);
    expect(quarantined).toBeUndefined();
    for (const line of said.filter((line) => line.startsWith('ack '))) {
      const [, writer = '', n] = line.split(' ');
      const item = await store.get({ partition: 'state', sort: writer });
      expect(item?.version).toBeGreaterThanOrEqual(Number(n));
    }
    await store.close();
    lock.release();
    await rm(dir, { recursive: true });
  });
});
