import { metricsTo } from '../lib/adapters/aws/metrics.ts';
import type { News } from '../lib/news.ts';
import { clock } from './place.ts';
import type { Got } from './queues.ts';

const report = metricsTo(process.stdout, clock);

/** What the platform tells of itself, from the news that has just come. */
export function measure(got: readonly Got<News>[]): void {
  const now = clock.now();
  const ticks = got.flatMap(({ message }) => (message.kind === 'tick' ? message.tick : []));
  const beats = ticks.filter(({ cause, part }) => cause === 'schedule' && part === 0);
  const statuses = ticks.flatMap(({ readings }) => readings.map(({ status }) => status));
  report({
    ...(beats.length > 0 && { BeatLateness: Math.max(...beats.map(({ beat }) => now - beat)) }),
    ReadingsNotUp: statuses.filter((status) => status === 'down' || status === 'degraded').length,
    ReadingsUnknown: statuses.filter((status) => status === 'unknown').length,
  });
}
