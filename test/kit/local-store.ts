import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataDir } from '../../lib/adapters/local/data-dir.ts';
import { openStore } from '../../lib/adapters/local/sqlite-store.ts';
import type { Log } from '../../lib/ports.ts';
import type { OpenStore } from '../contract/store.ts';
import { VirtualClock } from './clock.ts';

/** Says nothing to anyone. */
export const silent: Log = { info() {}, warn() {}, error() {} };

/** A directory of its own, which the caller removes. */
export const temporaryDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'watchbill-'));

/** An SQLite store as `start` has it, in a directory of its own that goes with it. */
export async function openTemporaryStore(): Promise<OpenStore> {
  const dir = await temporaryDir();
  const lock = lockDataDir(dir);
  const { store } = await openStore({ dir, lock, clock: new VirtualClock(), log: silent });
  return {
    store,
    async close() {
      await store.close();
      lock.release();
      await rm(dir, { recursive: true });
    },
  };
}
