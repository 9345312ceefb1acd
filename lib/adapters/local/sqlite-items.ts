import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Draft, Item, Key, ListOptions } from '../../ports.ts';
import { Damage } from './sqlite-errors.ts';

/** What the store's thread is asked. Bodies are JSON text on both sides: text crosses threads fastest. */
export type Request =
  | { readonly op: 'get'; readonly key: Key }
  | { readonly op: 'list'; readonly partition: string; readonly options: ListOptions }
  | {
      readonly op: 'put';
      readonly draft: Draft<string>;
      readonly expected: number | 'absent';
      readonly writeId: string;
    }
  | { readonly op: 'delete'; readonly key: Key; readonly version: number }
  | { readonly op: 'due'; readonly now: number; readonly limit: number }
  | { readonly op: 'purge'; readonly now: number; readonly limit: number };

/** Whether it writes: such requests need the write lock. */
export const writes = ({ op }: Request): boolean => op === 'put' || op === 'delete' || op === 'purge';

type Row = Record<string, SQLOutputValue>;

/** Every row, as `readRow` wants it. */
export const ROWS = 'SELECT partition, sort, version, write_id, checksum, due, expires, body FROM items';

/** SQLite sorts every blob after every text: the end of a range that has none. */
const NO_END = new Uint8Array();

/** The store's statements on one open database. Runs inside a transaction of the caller's. */
export function prepareItems(db: DatabaseSync): (request: Request) => unknown {
  const get = db.prepare(`${ROWS} WHERE partition = ? AND sort = ?`);
  const range = `${ROWS} WHERE partition = ? AND sort >= ? AND sort <= ? ORDER BY sort`;
  const oldestFirst = db.prepare(`${range} LIMIT ?`);
  const newestFirst = db.prepare(`${range} DESC LIMIT ?`);
  const insert = db.prepare(
    `INSERT INTO items (version, write_id, checksum, due, expires, body, partition, sort)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const replace = db.prepare(
    `UPDATE items SET version = version + 1, write_id = ?, checksum = ?, due = ?, expires = ?, body = ?
     WHERE partition = ? AND sort = ? AND version = ? AND write_id <> ?`,
  );
  const remove = db.prepare('DELETE FROM items WHERE partition = ? AND sort = ? AND version = ?');
  const due = db.prepare(`${ROWS} WHERE due <= ? ORDER BY due LIMIT ?`);
  const purge = db.prepare(
    'DELETE FROM items WHERE rowid IN (SELECT rowid FROM items WHERE expires < ? ORDER BY expires LIMIT ?)',
  );

  function put(draft: Draft<string>, expected: number | 'absent', writeId: string): boolean {
    const { partition, sort, body, due = null, expires = null } = draft;
    const version = expected === 'absent' ? 1 : expected + 1;
    const checksum = check({ ...draft, version }, writeId);
    const values: SQLInputValue[] = [writeId, checksum, due, expires, body, partition, sort];
    const { changes } =
      expected === 'absent' ? insert.run(...values) : replace.run(...values, expected, writeId);
    return changes === 1 || get.get(partition, sort)?.write_id === writeId;
  }

  return (request) => {
    switch (request.op) {
      case 'get': {
        const row = get.get(request.key.partition, request.key.sort);
        return row && readRow(row);
      }
      case 'list': {
        const { from = '', to = NO_END, limit = -1, newestFirst: backwards } = request.options;
        const statement = backwards ? newestFirst : oldestFirst;
        return statement.all(request.partition, from, to, limit).map(readRow);
      }
      case 'put':
        return put(request.draft, request.expected, request.writeId);
      case 'delete':
        return remove.run(request.key.partition, request.key.sort, request.version).changes === 1;
      case 'due':
        return due.all(request.now, request.limit).map(readRow);
      case 'purge':
        return purge.run(request.now, request.limit).changes;
    }
  };
}

/** Throws `Damage` if the row is not what was once written. */
export function readRow(row: Row): Item<string> {
  const { due, expires } = row;
  const item = {
    partition: String(row.partition),
    sort: String(row.sort),
    version: Number(row.version),
    body: String(row.body),
    ...(typeof due === 'number' && { due }),
    ...(typeof expires === 'number' && { expires }),
  };
  if (check(item, String(row.write_id)) !== row.checksum) {
    throw new Damage(`${item.partition} ${item.sort} is not as it was written`);
  }
  return item;
}

/** SQLite has no checksums of its own. */
const check = (item: Item<string>, writeId: string): number =>
  crc32(
    JSON.stringify([item.partition, item.sort, item.version, writeId, item.due, item.expires]) + item.body,
  );
