import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { DynamoStore } from '../../lib/adapters/aws/dynamo-store.ts';
import { TABLE } from '../../lib/table.ts';
import type { OpenStore } from '../contract/store.ts';
import { VirtualClock } from './clock.ts';

/** How to reach an emulator: they take any credentials. */
export const clientOf = (endpoint: string): DynamoDBClientConfig => ({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-checked' },
});

/** dynalite on a free port of this process. */
export async function startDynalite(): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const server = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let tables = 0;

/** A new table of the shape of lib/table.ts; without a name of its own it gets one. */
export async function createTable(
  endpoint: string,
  name = `watchbill-${process.pid}-${Date.now()}-${++tables}`,
  options: DynamoDBClientConfig = clientOf(endpoint),
): Promise<{ readonly name: string; remove(): Promise<void> }> {
  const client = new DynamoDBClient(options);
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: TABLE.partition, AttributeType: 'S' },
        { AttributeName: TABLE.sort, AttributeType: 'S' },
        { AttributeName: TABLE.due.partition, AttributeType: 'S' },
        { AttributeName: TABLE.due.sort, AttributeType: 'N' },
      ],
      KeySchema: keySchema(TABLE),
      GlobalSecondaryIndexes: [
        {
          IndexName: TABLE.due.index,
          KeySchema: keySchema(TABLE.due),
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { TableName: name });
  return {
    name,
    async remove() {
      await client.send(new DeleteTableCommand({ TableName: name }));
      client.destroy();
    },
  };
}

const keySchema = ({ partition, sort }: { readonly partition: string; readonly sort: string }) => [
  { AttributeName: partition, KeyType: 'HASH' as const },
  { AttributeName: sort, KeyType: 'RANGE' as const },
];

/** A store on a table of its own, at that endpoint. */
export async function openDynamoStore(endpoint: string): Promise<OpenStore> {
  const table = await createTable(endpoint);
  const store = new DynamoStore({ table: table.name, clock: new VirtualClock(), client: clientOf(endpoint) });
  return {
    store,
    async close() {
      store.close();
      await table.remove();
    },
  };
}

/** The same on a dynalite of its own. */
export async function openDynaliteStore(): Promise<OpenStore> {
  const server = await startDynalite();
  const opened = await openDynamoStore(server.endpoint);
  return {
    store: opened.store,
    async close() {
      await opened.close();
      await server.close();
    },
  };
}

/**
 * The endpoints that WATCHBILL_DYNAMODB names, with a comma between them: emulators that need more than Node
 * (DynamoDB Local, moto), on which the suites run as well.
 */
export const elsewhere: readonly (readonly [string, () => Promise<OpenStore>])[] = (
  process.env.WATCHBILL_DYNAMODB?.split(',') ?? []
)
  .filter((endpoint) => endpoint !== '')
  .map((endpoint) => [endpoint, () => openDynamoStore(endpoint)]);
