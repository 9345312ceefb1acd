import { mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchFile } from '../../lib/cli/watch-file.ts';
import { VirtualClock } from '../kit/clock.ts';

const LOOK_MS = 500;

/** A watched file `config`; answers its folder, and how often it was said to have changed after so many looks. */
async function watched() {
  const dir = await mkdtemp(join(tmpdir(), 'watchbill-watch-'));
  const at = (name: string) => join(dir, name);
  await writeFile(at('config.1'), 'one');
  await symlink('config.1', at('config'));
  const clock = new VirtualClock();
  let count = 0;
  const stop = watchFile(at('config'), () => (count += 1), clock);
  return {
    at,
    stop,
    clock,
    async after(looks: number) {
      await clock.advance(looks * LOOK_MS);
      return count;
    },
    async [Symbol.asyncDispose]() {
      stop();
      await rm(dir, { recursive: true });
    },
  };
}

type Folder = Awaited<ReturnType<typeof watched>>;

test.each<[string, (folder: Folder) => Promise<void>]>([
  ['is written in place', ({ at }) => writeFile(at('config'), 'two')],
  ['is written in place, as long as before', ({ at }) => writeFile(at('config'), 'eno')],
  [
    'is replaced by another file',
    async ({ at }) => {
      await writeFile(at('new'), 'one');
      await rename(at('new'), at('config'));
    },
  ],
  [
    'is a link that points elsewhere now',
    async ({ at }) => {
      await writeFile(at('config.2'), 'one');
      await symlink('config.2', at('link'));
      await rename(at('link'), at('config'));
    },
  ],
  ['is gone', ({ at }) => unlink(at('config'))],
])('a file that %s has changed, once', async (_, change) => {
  await using folder = await watched();
  expect(await folder.after(3)).toBe(0);
  await change(folder);
  expect(await folder.after(1)).toBe(0);
  expect(await folder.after(1)).toBe(1);
  expect(await folder.after(5)).toBe(1);
});

test('a file that is still being written has not changed yet', async () => {
  await using folder = await watched();
  for (let written = 'two'; written.length < 10; written += '!') {
    await writeFile(folder.at('config'), written);
    expect(await folder.after(1)).toBe(0);
  }
  expect(await folder.after(1)).toBe(1);
});

test('once it is stopped, nobody looks any more', async () => {
  await using folder = await watched();
  folder.stop();
  await writeFile(folder.at('config'), 'two');
  expect(await folder.after(5)).toBe(0);
  expect(folder.clock.pending).toBe(0);
});
