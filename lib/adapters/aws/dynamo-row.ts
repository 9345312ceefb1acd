import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Draft, type Item, type Key, StoreError } from '../../ports.ts';
import { restored, stored } from '../../table.ts';

/** An item as DynamoDB has it. lib/table.ts says what its attributes are for. */
export type Row = Record<string, AttributeValue>;

/** What everything in the index of what is due has for its partition. */
export const LISTED: AttributeValue = { S: 'due' };

export const encodeKey = ({ partition, sort }: Key): Row => ({
  partition: { S: partition },
  sort: { S: sort },
});

/** `ttl` is rounded up, so that nothing goes early; `expires` is kept beside it as it was given. */
export function encodeRow(draft: Draft<string>, version: number, writeId: string): Row {
  const { due, expires } = draft;
  const body = stored(draft.body);
  return {
    ...encodeKey(draft),
    version: number(version),
    writeId: { S: writeId },
    body: typeof body === 'string' ? { S: body } : { B: body },
    ...(due !== undefined && { due: number(due), listed: LISTED }),
    ...(expires !== undefined && { expires: number(expires), ttl: number(Math.ceil(expires / 1000)) }),
  };
}

/** Throws `StoreError` if the row is nothing that we wrote. */
export function decodeRow<T>({ partition, sort, version, body, due, expires }: Row): Item<T> {
  try {
    return {
      partition: text(partition),
      sort: text(sort),
      version: Number(version?.N),
      body: JSON.parse(body?.B ? restored(body.B) : text(body)),
      ...(due && { due: Number(due.N) }),
      ...(expires && { expires: Number(expires.N) }),
    };
  } catch {
    throw new StoreError(`${partition?.S} ${sort?.S} in the table is not as it was written`);
  }
}

export const number = (value: number): AttributeValue => ({ N: String(value) });

function text(value: AttributeValue | undefined): string {
  if (value?.S === undefined) throw new TypeError('no text');
  return value.S;
}
