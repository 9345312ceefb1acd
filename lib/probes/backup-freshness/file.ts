import { glob, stat } from 'node:fs/promises';
import { Fault } from '../../net/net.ts';
import { defineSource } from '../source.ts';
import type { Backup, Backups } from './backups.ts';

/** So many files are looked at, the names of which come first. */
const FILES_MAX = 10_000;

/** Files of this machine. What was written to within the last while may still be written to. */
export const file = defineSource<Backups>()({
  kind: 'file',
  summary: 'Files on the machine where Watchbill runs',
  shape: (_, fields) => ({
    path: fields.path.describe('A path, or a pattern ("dumps/*.gz"); relative ones start at the config'),
    settled: fields.duration
      .prefault('1m')
      .describe('What was written to within this time counts as still being written'),
  }),
  target: ({ path }) => path,
  onlyHere: 'files of this machine: there are none on AWS',
  async look({ path, settled }, { clock, signal }) {
    const backups: Backup[] = [];
    try {
      for await (const name of glob(path)) {
        if (signal.aborted)
          throw new Fault('misconfigured', `Too many files match ${path} to be looked at in time.`);
        const found = await stat(name).catch(gone);
        if (!found?.isFile()) continue;
        const isSettled = clock.now() - found.mtimeMs >= settled;
        const state = isSettled || found.mtimeMs > clock.now() ? 'complete' : 'running';
        backups.push({ name, at: found.mtimeMs, state, bytes: found.size });
        if (backups.length === FILES_MAX) break;
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new Fault('misconfigured', `${path} cannot be looked at: ${code}.`, { cause: error });
    }
    return { backups };
  },
});

/** Between the listing and the look it was removed: then it isn't there. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
