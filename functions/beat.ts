import type { BeatMessage } from '../lib/beats.ts';
import { QUEUES } from '../lib/deployment.ts';
import { beatsToPost, drain } from '../lib/handlers.ts';
import type { News } from '../lib/news.ts';
import { clock, compiledConfig, here, log, once, scheduledTime } from './place.ts';
import { openQueue } from './queues.ts';

const open = once(async () => {
  const { config, aws } = compiledConfig();
  return {
    config,
    beats: await openQueue<BeatMessage>(QUEUES.beats),
    buffer: await openQueue<News>(QUEUES.buffer),
    home: await openQueue<News>(QUEUES.ticks, aws.home),
  };
});

/**
 * Scheduler calls this once a minute, at any second of it (its precision), at least once: so it posts the beats of the
 * next minute, each with its exact delay. Then it sends home what was kept here while home could not be reached.
 */
export async function handler(event: { readonly scheduled: string }): Promise<void> {
  const time = scheduledTime(event);
  const { config, beats, buffer, home } = await open();
  await beats.sendAll(beatsToPost(config, here().region, time, clock.now()));
  await drain(buffer, home, clock, log);
}
