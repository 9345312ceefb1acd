import { beforeEach, describe, expect, it } from 'vitest';
import { BLOBS } from '../lib/deployment.ts';
import type { Blobs } from '../lib/ports.ts';
import { createPublisher } from '../lib/publish.ts';
import { ASSETS } from '../lib/status/assets.ts';
import { configOf, World } from './kit/world.ts';

let world: World;
let blobs: Map<string, string>;
let written: string[];
let publish: ReturnType<typeof createPublisher>;

/** A world whose page has one public check, and a bucket that remembers what was put there. */
beforeEach(async () => {
  const config = configOf(['shop', 'vault']);
  const checks = config.checks.map((check) => ({ ...check, public: check.id === 'shop' }));
  world = await World.start({ config: { ...config, checks } });
  blobs = new Map();
  written = [];
  const bucket: Blobs = {
    read: async (name) => blobs.get(name),
    write: async (name, text) => {
      written.push(name);
      blobs.set(name, text);
    },
  };
  publish = createPublisher(bucket, world.clock);
});

async function putAfter(ms: number): Promise<string[]> {
  await world.clock.advance(ms);
  written.length = 0;
  await publish(world.snapshot);
  return [...written];
}

describe('what is published', () => {
  it('is the snapshot each time, and the page with all that it needs the first time', async () => {
    const assets = ASSETS.map(({ path }) => path.slice(1));
    expect(await putAfter(120_000)).toEqual([BLOBS.snapshot, ...assets, BLOBS.page]);
    expect(await putAfter(60_000)).toEqual([BLOBS.snapshot]);
    for (const { path, body } of ASSETS) {
      expect(blobs.get(path.slice(1))).toBe(body);
      if (path.startsWith('/static')) expect(blobs.get(BLOBS.page)).toContain(path);
    }
  });

  it('is the page again once it would say something else, and every ten minutes', async () => {
    await putAfter(120_000);
    world.targets.set('shop', 'down');
    expect(await putAfter(180_000)).toEqual([BLOBS.snapshot, BLOBS.page]);
    expect(blobs.get(BLOBS.page)).toContain('shop is down');
    expect(await putAfter(60_000)).toEqual([BLOBS.snapshot]);
    expect(await putAfter(600_000)).toEqual([BLOBS.snapshot, BLOBS.page]);
  });

  it('says nothing of what is not public (J55)', async () => {
    world.targets.set('vault', 'down');
    await putAfter(180_000);
    expect(written).toContain(BLOBS.page);
    for (const text of blobs.values()) expect(text).not.toContain('vault');
  });
});
