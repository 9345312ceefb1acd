import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type Clock, StoreError } from '../../ports.ts';
import { connections } from './connections.ts';
import type { Row } from './dynamo-row.ts';
import { explain } from './explain.ts';
import { within } from './within.ts';

/** For one request. DynamoDB answers in some 5 ms, with a page of 1 MB in some 100. */
const ANSWER_MS = 3_000;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const LARGEST_BATCH = 100;

export interface DynamoTableOptions {
  /** The name of a table of the shape that lib/table.ts says. */
  readonly table: string;
  readonly clock: Clock;
  /** Default: region and credentials of the environment. */
  readonly client?: DynamoDBClientConfig;
}

/** What became of a write: if its condition didn't hold, what stands there, where that is told. */
export type Written = { readonly won: true } | { readonly won: false; readonly stands: Row | undefined };

type Call<T> = (options: { readonly abortSignal: AbortSignal }) => Promise<T>;

/** Every answer is asked to say what it cost. Without that, an empty one would pass for "there is nothing". */
interface Answer {
  readonly ConsumedCapacity?: unknown;
}

/**
 * Requests to one table: each ends in time, and whatever fails is a `StoreError`. Reads are strongly consistent,
 * but for those of an index. No request is repeated here: `patient` does that, with the same write id, and two who
 * repeat would multiply each other's tries.
 */
export class DynamoTable {
  readonly #client: DynamoDBClient;
  readonly #clock: Clock;
  readonly #name: string;

  constructor({ table, clock, client = {} }: DynamoTableOptions) {
    this.#client = new DynamoDBClient({ ...connections(), ...client, maxAttempts: 1 });
    this.#clock = clock;
    this.#name = table;
  }

  async get(key: Row): Promise<Row | undefined> {
    const command = new GetItemCommand({ ...this.#target, Key: key, ConsistentRead: true });
    return (await this.#ask('GetItem', (options) => this.#client.send(command, options))).Item;
  }

  put(row: Row, condition: Omit<PutItemCommandInput, 'TableName' | 'Item'>): Promise<Written> {
    const command = new PutItemCommand({
      ...this.#target,
      ...condition,
      Item: row,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return this.#write('PutItem', (options) => this.#client.send(command, options));
  }

  delete(key: Row, condition: Omit<DeleteItemCommandInput, 'TableName' | 'Key'>): Promise<Written> {
    const command = new DeleteItemCommand({ ...this.#target, ...condition, Key: key });
    return this.#write('DeleteItem', (options) => this.#client.send(command, options));
  }

  /** All pages, which end after 1 MB each, until there are `limit` rows. */
  async query(query: Omit<QueryCommandInput, 'TableName'>, limit?: number): Promise<Row[]> {
    const rows: Row[] = [];
    let start: Row | undefined;
    do {
      const page = { Limit: limit && limit - rows.length, ExclusiveStartKey: start };
      const command = new QueryCommand({ ...this.#target, ...query, ...page });
      const answer = await this.#ask('Query', (options) => this.#client.send(command, options));
      rows.push(...(answer.Items ?? []));
      start = answer.LastEvaluatedKey;
    } while (start && rows.length !== limit);
    return rows;
  }

  /** Those of these that are there, in no order. No key may come twice. */
  async getAll(keys: readonly Row[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (let left = keys; left.length > 0; ) {
      const asked = left.slice(0, LARGEST_BATCH);
      const { found, unread } = await this.#batch(asked);
      if (unread.length === asked.length) throw this.#failure('BatchGetItem', 'throttled (nothing was read)');
      rows.push(...found);
      left = [...unread, ...left.slice(LARGEST_BATCH)];
    }
    return rows;
  }

  /** Ends its connections. */
  close(): void {
    this.#client.destroy();
  }

  get #target() {
    return { TableName: this.#name, ReturnConsumedCapacity: 'TOTAL' } as const;
  }

  /** 16 MB at the most; what is left unread is to be asked for again. */
  async #batch(keys: Row[]): Promise<{ found: Row[]; unread: Row[] }> {
    const command = new BatchGetItemCommand({
      ReturnConsumedCapacity: 'TOTAL',
      RequestItems: { [this.#name]: { Keys: keys, ConsistentRead: true } },
    });
    const answer = await this.#ask('BatchGetItem', (options) => this.#client.send(command, options));
    return {
      found: answer.Responses?.[this.#name] ?? [],
      unread: answer.UnprocessedKeys?.[this.#name]?.Keys ?? [],
    };
  }

  async #write(operation: string, call: Call<Answer>): Promise<Written> {
    try {
      await this.#ask(operation, call);
      return { won: true };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return { won: false, stands: error.Item };
      throw error;
    }
  }

  async #ask<T extends Answer>(operation: string, call: Call<T>): Promise<T> {
    const answer = await within(ANSWER_MS, this.#clock, call).catch((error) => {
      if (error instanceof ConditionalCheckFailedException) throw error;
      throw this.#failure(operation, explain(error));
    });
    if (!answer.ConsumedCapacity) throw this.#failure(operation, 'an answer that makes no sense');
    return answer;
  }

  #failure(operation: string, why: string): StoreError {
    return new StoreError(`DynamoDB ${operation} on the table ${this.#name}: ${why}`);
  }
}
