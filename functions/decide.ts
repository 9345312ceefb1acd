import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { BeatMessage } from '../lib/beats.ts';
import { beatsOf, bucketName, QUEUES, TABLE_NAME } from '../lib/deployment.ts';
import { takeAndTell } from '../lib/handlers.ts';
import { Home } from '../lib/home.ts';
import type { Named, News } from '../lib/news.ts';
import { StoreError } from '../lib/ports.ts';
import { createPublisher } from '../lib/publish.ts';
import { Rollup } from '../lib/rollup.ts';
import { CACHE } from '../lib/status/headers.ts';
import { patient } from '../lib/store.ts';
import { show } from '../lib/watch.ts';
import { measure } from './measure.ts';
import { clock, compiledConfig, here, log, once } from './place.ts';
import { failed, type Got, messagesIn, openQueue } from './queues.ts';

const open = once(async () => {
  const { config, aws } = compiledConfig();
  const beats = config.locations.map(async (location) => {
    const { queue, region } = beatsOf(location, aws);
    return [location, await openQueue<BeatMessage>(QUEUES[queue], region)] as const;
  });
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  const store = patient(new DynamoStore({ table: TABLE_NAME, clock }), clock);
  return {
    home: await Home.open({ store, clock, log }, config),
    rollup: once(() => Rollup.open(store, clock.now())),
    beats: new Map(await Promise.all(beats)),
    ticks: await openQueue<News>(QUEUES.ticks),
    post: await openQueue<Named>(QUEUES.deliver),
    log,
  };
});

const publisher = once(async () => {
  const { S3Blobs } = await import('../lib/adapters/aws/s3-blobs.ts');
  const { account, region } = here();
  const cacheControl = (name: string) => (name.startsWith('static/') ? CACHE.forever : CACHE.page);
  return createPublisher(new S3Blobs({ bucket: bucketName(account, region), clock, cacheControl }), clock);
});

/** News from the locations, as it comes; and Scheduler, once a minute: `{ "kind": "clock" }`. */
export async function handler(event: SQSEvent | News): Promise<SQSBatchResponse> {
  if (!('Records' in event)) {
    await take([event]);
    return failed([]);
  }
  const { got, broken } = messagesIn<News>(event, isNews);
  const again = new Set(await takeOrTell(got));
  measure(got.filter(({ id }) => !again.has(id)));
  return failed([...broken, ...again]);
}

const isNews = ({ kind }: Partial<News>): boolean => KINDS.has(kind);
const KINDS: ReadonlySet<unknown> = new Set<News['kind']>(['tick', 'early', 'signal', 'clock']);

/**
 * Answers the ids of what must come again. One that can't be taken in (a defect) keeps no other from it; a store that
 * fails does: then all of it comes again.
 */
async function takeOrTell(got: readonly Got<News>[]): Promise<string[]> {
  try {
    await take(got.map(({ message }) => message));
    return [];
  } catch (error) {
    const ids = got.map(({ id }) => id);
    log.error('news could not be taken in', { ids, error: String(error) });
    if (error instanceof StoreError || got.length === 1) return ids;
    const again: string[] = [];
    for (const one of got) again.push(...(await takeOrTell([one])));
    return again;
  }
}

async function take(news: readonly News[]): Promise<void> {
  await takeAndTell(news, await open());
  if (news.some(({ kind }) => kind === 'clock')) await publish();
}

/** What is decided stands, whether it can be shown or not. */
async function publish(): Promise<void> {
  const { home, rollup } = await open();
  try {
    const put = await publisher();
    await put(await show(home, await rollup()));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error('the status page could not be written', { error: error.message });
  }
}
