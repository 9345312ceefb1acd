import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { settle } from './clock.ts';
import { until } from './sockets.ts';

/** What may stay behind, bytes: pages that the allocator keeps, compiled code, caches of bounded size. */
const MEMORY_MAX = 64 * 1_048_576;
const HEAP_MAX = 8 * 1_048_576;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Whatever `work` does, once it has warmed up, leaves neither memory nor sockets behind. */
export async function leavesNothing(warmUp: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  await warmUp();
  const open = sockets();
  const before = await held();
  await work();
  await until(() => sockets() <= open);
  const after = await held();
  expect(after.memory - before.memory).toBeLessThan(MEMORY_MAX);
  expect(after.heap - before.heap).toBeLessThan(HEAP_MAX);
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS)S/.test(name)).length;

/** What is held when nothing is under way. */
async function held() {
  for (let turn = 0; turn < 3; turn += 1) {
    await settle();
    collectGarbage();
  }
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  // V8 takes room for its youngest objects as it likes
  return { memory: rss - heapTotal, heap: heapUsed + external };
}
