import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { DynamoStore } from '../../../lib/adapters/aws/dynamo-store.ts';
import type { Store } from '../../../lib/ports.ts';
import { patient } from '../../../lib/store.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { clientOf, createTable, startDynalite } from '../../kit/dynamo.ts';
import { type Front, startFront } from '../../kit/front.ts';

export const NOW = Date.UTC(2026, 0, 1);

/** A store before dynalite, with a front between them that makes requests go wrong; new for each test. */
export interface Stage {
  readonly store: DynamoStore;
  readonly front: Front;
  /** The store's. It stands still: only a test that moves it meets a deadline. */
  readonly clock: VirtualClock;
  readonly table: string;
  /** dynalite, past the store and the front. */
  readonly raw: DynamoDBClient;
  /** Keys of a partition that only this test uses. */
  at(sort: string): { readonly partition: string; readonly sort: string };
  /** One more store on the same table. */
  open(client?: DynamoDBClientConfig, table?: string): DynamoStore;
}

/** To be called once in a test file. */
export function stage(): Stage {
  let dynalite: Awaited<ReturnType<typeof startDynalite>>;
  let table: Awaited<ReturnType<typeof createTable>>;
  let raw: DynamoDBClient;
  let front: Front;
  let clock: VirtualClock;
  let stores: DynamoStore[];
  let cases = 0;

  function open(client: DynamoDBClientConfig = {}, name = table.name): DynamoStore {
    const store = new DynamoStore({ table: name, clock, client: { ...clientOf(front.endpoint), ...client } });
    stores.push(store);
    return store;
  }

  beforeAll(async () => {
    dynalite = await startDynalite();
    table = await createTable(dynalite.endpoint);
    raw = new DynamoDBClient(clientOf(dynalite.endpoint));
  });
  beforeEach(async () => {
    cases++;
    front = await startFront(dynalite.endpoint);
    clock = new VirtualClock(NOW);
    stores = [];
    open();
  });
  afterEach(async () => {
    expect(clock.pending, 'deadlines that still run').toBe(0);
    front.trouble = () => undefined;
    const [store] = stores as [DynamoStore];
    for (const item of await store.due(Number.MAX_SAFE_INTEGER, 1000)) await store.delete(item, item.version);
    for (const one of stores) one.close();
    await front.close();
  });
  afterAll(async () => {
    raw.destroy();
    await table.remove();
    await dynalite.close();
  });

  return {
    get store() {
      return stores[0] as DynamoStore;
    },
    get front() {
      return front;
    },
    get clock() {
      return clock;
    },
    get table() {
      return table.name;
    },
    get raw() {
      return raw;
    },
    at: (sort) => ({ partition: `case ${cases}`, sort }),
    open,
  };
}

/** `patient`, but its waits are noted and not waited for. */
export function patiently(store: Store): { readonly store: Store; readonly waits: number[] } {
  const waits: number[] = [];
  const after = (ms: number, callback: () => void) => {
    waits.push(ms);
    setImmediate(callback);
    return () => {};
  };
  return { store: patient(store, { now: () => NOW, monotonic: () => 0, after }, () => 1), waits };
}
