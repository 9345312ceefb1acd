/** dynalite 4 brings no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The API of DynamoDB on a database in memory; a new table is ready after so many ms (default 500). */
  export default function dynalite(options?: { readonly createTableMs?: number }): Server;
}
