import type { Draft, Key } from '../ports.ts';

// The limits of DynamoDB, which every store keeps, so that what works on one machine works on AWS: 400 KB for
// an item with its keys, 2048 and 1024 bytes for the keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const LONGEST_BODY = 390_000;
const LONGEST_PARTITION = 2048;
const LONGEST_SORT = 1024;

/** A draft with its body as JSON text: what every adapter stores. Throws `RangeError` on what none may take. */
export function encodeDraft({ partition, sort, body, due, expires }: Draft): Draft<string> {
  checkKey({ partition, sort });
  const text = JSON.stringify(body);
  if (text === undefined) throw new RangeError(`no body for ${partition} ${sort}`);
  const size = Buffer.byteLength(text);
  if (size > LONGEST_BODY) throw new RangeError(`a body of ${size} bytes for ${partition} ${sort}`);
  for (const at of [due, expires]) {
    if (at !== undefined && !Number.isFinite(at)) throw new RangeError(`${at} is no time`);
  }
  return {
    partition,
    sort,
    body: text,
    ...(due !== undefined && { due }),
    ...(expires !== undefined && { expires }),
  };
}

/** Throws `RangeError` unless the key is well-formed, not empty and short enough for every store. */
export function checkKey({ partition, sort }: Key): void {
  checkPart(partition, LONGEST_PARTITION);
  checkPart(sort, LONGEST_SORT);
}

/** Throws `RangeError` unless it can be a partition. */
export const checkPartition = (partition: string): void => checkPart(partition, LONGEST_PARTITION);

function checkPart(text: string, longest: number): void {
  if (text === '' || !text.isWellFormed() || Buffer.byteLength(text) > longest) {
    throw new RangeError(`not a key: ${JSON.stringify(text.slice(0, 80))}`);
  }
}
