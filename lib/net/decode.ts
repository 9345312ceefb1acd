import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { gather } from './gather.ts';
import { Fault } from './net.ts';

/** More nested codings than this have no use but an attack. */
const CODINGS_MAX = 2;

const { Z_FINISH, Z_SYNC_FLUSH, BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH } = constants;
const gunzip = (partial: boolean) => createGunzip({ finishFlush: partial ? Z_SYNC_FLUSH : Z_FINISH });

/** `partial`: the input may end early, since reading it stopped at a cap. */
const DECODERS: Readonly<Record<string, (partial: boolean) => Transform>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: (partial) => createInflate({ finishFlush: partial ? Z_SYNC_FLUSH : Z_FINISH }),
  br: (partial) =>
    createBrotliDecompress({ finishFlush: partial ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_FINISH }),
};

export interface Body {
  readonly bytes: Buffer;
  /** There was more of it. */
  readonly capped: boolean;
}

/**
 * Undoes a `content-encoding`, never past `max` bytes, whatever the input claims. Throws `bad_encoding` where
 * the input is truncated, is not what it claims to be or is coded in a way that nobody asked for.
 */
export async function decode(encoded: Body, contentEncoding: string | undefined, max: number): Promise<Body> {
  if (contentEncoding === undefined || encoded.bytes.length === 0) return encoded;
  const codings = contentEncoding.toLowerCase().split(',', CODINGS_MAX + 1);
  if (codings.length > CODINGS_MAX) throw new Fault('bad_encoding', 'The body is encoded more than twice.');
  let body = encoded;
  for (const coding of codings.reverse().map((name) => name.trim())) {
    if (coding === 'identity') continue;
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
    if (!decoder) throw new Fault('bad_encoding', 'The body is encoded in a way that we did not ask for.');
    const { bytes, capped } = await run(decoder(body.capped), body.bytes, max);
    body = { bytes, capped: capped || body.capped };
  }
  return body;
}

function run(decoder: Transform, input: Buffer, max: number): Promise<Body> {
  return new Promise((resolve, reject) => {
    const output = gather(max);
    decoder.on('data', (piece: Buffer) => {
      if (output.add(piece)) return;
      decoder.destroy();
      resolve({ bytes: output.bytes(), capped: true });
    });
    decoder.on('end', () => resolve({ bytes: output.bytes(), capped: false }));
    decoder.on('error', (cause) =>
      reject(new Fault('bad_encoding', 'The body cannot be decoded.', { cause })),
    );
    decoder.end(input);
  });
}
