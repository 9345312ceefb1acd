import type { Draft, Item, Key, ListOptions, Store } from '../../ports.ts';
import { TABLE } from '../../table.ts';
import { checkKey, encodeDraft } from '../encode.ts';
import { decodeRow, encodeKey, encodeRow, LISTED, number, type Row } from './dynamo-row.ts';
import { DynamoTable, type DynamoTableOptions } from './dynamo-table.ts';

/** The lowest of all sort keys: DynamoDB takes no empty text, not even for the end of a range. */
const LOWEST = '\u0000';

/** The one reserved word among the names that our expressions use. */
const PARTITION = { '#partition': TABLE.partition };

/** The store on AWS: one DynamoDB table. */
export class DynamoStore implements Store {
  readonly #table: DynamoTable;

  constructor(options: DynamoTableOptions) {
    this.#table = new DynamoTable(options);
  }

  async get<T>(key: Key): Promise<Item<T> | undefined> {
    checkKey(key);
    const row = await this.#table.get(encodeKey(key));
    return row && decodeRow<T>(row);
  }

  /** The ends of the range are keys: longer ones are a defect, too (`RangeError`). */
  async list<T>(partition: string, options: ListOptions = {}): Promise<Item<T>[]> {
    const { to, limit, newestFirst = false } = options;
    const from = options.from || LOWEST;
    checkKey({ partition, sort: from });
    if (to) checkKey({ partition, sort: to });
    if (limit === 0 || (to !== undefined && isAbove(from, to))) return [];
    const range = to === undefined ? 'sort >= :from' : 'sort BETWEEN :from AND :to';
    const query = {
      KeyConditionExpression: `#partition = :partition AND ${range}`,
      ExpressionAttributeNames: PARTITION,
      ExpressionAttributeValues: {
        ':partition': { S: partition },
        ':from': { S: from },
        ...(to !== undefined && { ':to': { S: to } }),
      },
      ScanIndexForward: !newestFirst,
      ConsistentRead: true,
    };
    return (await this.#table.query(query, limit)).map(decodeRow<T>);
  }

  async put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    const row = encodeRow(encodeDraft(draft), expected === 'absent' ? 1 : expected + 1, writeId);
    const written = await this.#table.put(row, expected === 'absent' ? ABSENT : standsAt(expected, writeId));
    if (written.won) return true;
    // the first time it is asked, what stands is somebody else's; the second time it may be this very write's
    const stands = written.stands ?? (await this.#table.get(encodeKey(draft)));
    return stands?.writeId?.S === writeId;
  }

  async delete(key: Key, version: number): Promise<boolean> {
    checkKey(key);
    const { won } = await this.#table.delete(encodeKey(key), {
      ConditionExpression: 'version = :version',
      ExpressionAttributeValues: { ':version': number(version) },
    });
    return won;
  }

  /** The index lists keys, and may lag; the items are read as they stand now. */
  async due<T>(now: number, limit: number): Promise<Item<T>[]> {
    if (limit === 0) return [];
    const query = {
      IndexName: TABLE.due.index,
      ProjectionExpression: '#partition, sort',
      KeyConditionExpression: 'listed = :listed AND due <= :now',
      ExpressionAttributeNames: PARTITION,
      ExpressionAttributeValues: { ':listed': LISTED, ':now': number(now) },
    };
    const keys = withoutDoubles(await this.#table.query(query, limit));
    const items = (await this.#table.getAll(keys)).map(decodeRow<T>);
    return items
      .filter(({ due = Number.POSITIVE_INFINITY }) => due <= now)
      .sort((a, b) => Number(a.due) - Number(b.due));
  }

  /** Ends its connections. */
  close(): void {
    this.#table.close();
  }
}

const ABSENT = { ConditionExpression: 'attribute_not_exists(sort)' };

const standsAt = (version: number, writeId: string) => ({
  ConditionExpression: 'version = :version AND writeId <> :writeId',
  ExpressionAttributeValues: { ':version': number(version), ':writeId': { S: writeId } },
});

/** By UTF-8 bytes, as DynamoDB sorts. It refuses a range that ends before it begins. */
const isAbove = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0;

/** An item may be listed twice, where it moves from one page to another. */
const withoutDoubles = (keys: readonly Row[]): Row[] => [
  ...new Map(keys.map((key) => [JSON.stringify([key.partition?.S, key.sort?.S]), key])).values(),
];
