import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { onLoopback, type Said } from './front.ts';

export interface Stored {
  readonly body: string;
  readonly type: string | undefined;
  readonly cacheControl: string | undefined;
}

/**
 * What goes wrong with a request: it is reset, stays without an answer or with half of one, its body never ends, or
 * this is said.
 */
export type BucketTrouble = 'refuse' | 'hang' | 'stall' | 'endless' | Said;

/** As much of S3 as one bucket takes: objects are put and got. */
export interface Bucket {
  readonly endpoint: string;
  /** By path: `/bucket/name`. */
  readonly objects: Map<string, Stored>;
  /** Every request so far: `GET /bucket/name`. */
  readonly asked: string[];
  trouble: (request: string, headers: IncomingMessage['headers']) => BucketTrouble | undefined;
  connections(): Promise<number>;
  close(): Promise<void>;
}

export async function startBucket(): Promise<Bucket> {
  const server = createServer(async (req, res) => {
    const body = await text(req);
    const path = (req.url ?? '').replace(/\?.*/, '');
    const request = `${req.method} ${path}`;
    bucket.asked.push(request);
    const trouble = bucket.trouble(request, req.headers);
    if (trouble) return goWrong(trouble, req, res);
    if (req.method === 'PUT') {
      bucket.objects.set(path, {
        body,
        type: req.headers['content-type'],
        cacheControl: req.headers['cache-control'],
      });
      return void res.writeHead(200, { etag: etagOf(body) }).end();
    }
    const stored = bucket.objects.get(path);
    if (!stored) return say(res, xmlFailure('NoSuchKey', 404));
    res.writeHead(200, { etag: etagOf(stored.body) }).end(stored.body);
  });
  const bucket: Bucket = {
    ...(await onLoopback(server)),
    objects: new Map(),
    asked: [],
    trouble: () => undefined,
  };
  return bucket;
}

/** How S3 says that something failed. */
export const xmlFailure = (code: string, status: number, message = ''): Said => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message.replaceAll('<', '&lt;')}</Message></Error>`,
});

const etagOf = (body: string): string => `"${createHash('md5').update(body).digest('hex')}"`;

function goWrong(trouble: BucketTrouble, req: IncomingMessage, res: ServerResponse): void {
  if (trouble === 'refuse') req.socket.resetAndDestroy();
  else if (typeof trouble === 'object') say(res, trouble);
  else if (trouble !== 'hang') begin(res, trouble);
}

function begin(res: ServerResponse, trouble: 'stall' | 'endless'): void {
  res.writeHead(200, { etag: '"e"' }).write('the beginning');
  if (trouble === 'stall') return;
  const more = () => {
    while (res.writable && res.write('x'.repeat(65_536)));
  };
  res.on('drain', more);
  more();
}

function say(res: ServerResponse, { status, body, cut }: Said): void {
  const length = Buffer.byteLength(body) + (cut ? 1 : 0);
  res.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': length,
    ...(cut && { etag: '"e"' }),
  });
  if (cut) res.write(body, () => res.socket?.resetAndDestroy());
  else res.end(body);
}
