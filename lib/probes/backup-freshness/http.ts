import { Fault } from '../../net/net.ts';
import { timeOf } from '../dates.ts';
import { ask, expectOk, questionShape } from '../http-ask.ts';
import { defineSource } from '../source.ts';
import type { Backups } from './backups.ts';

/** A file behind a web server: Last-Modified and Content-Length of a HEAD request. */
export const http = defineSource<Backups>()({
  kind: 'http',
  summary: 'A file behind a URL, by its Last-Modified',
  shape: (z, fields) => questionShape(z, fields),
  target: ({ url }) => `HEAD ${new URL(url).origin}${new URL(url).pathname}`,
  async look(source, context) {
    const answer = await ask(source, context, { method: 'HEAD' });
    if (answer.status === 404 || answer.status === 410) return { backups: [] };
    expectOk(answer, 'The server');
    const { 'last-modified': modified, 'content-length': length } = answer.headers;
    const at = timeOf(modified, context.clock.now());
    if (at === undefined) throw new Fault('header_mismatch', 'The answer has no Last-Modified.');
    const bytes = length !== undefined && /^\d+$/.test(length) ? { bytes: Number(length) } : {};
    return { backups: [{ name: new URL(source.url).pathname, at, state: 'complete', ...bytes }] };
  },
});
