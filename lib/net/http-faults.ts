import type { Reason } from '../reasons.ts';
import { errnoCode, errnoReason } from './errno.ts';
import { Fault } from './net.ts';
import { tlsFault } from './tls-fault.ts';

/** Errors of Node's parser (llhttp) that mean more than that the answer breaks the rules. */
const PARSER: Readonly<Record<string, Reason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_INVALID_CONTENT_LENGTH: 'bad_framing',
  HPE_UNEXPECTED_CONTENT_LENGTH: 'bad_framing',
  HPE_INVALID_TRANSFER_ENCODING: 'bad_framing',
  HPE_INVALID_CONSTANT: 'not_http',
};

/** Types of the first frame that an HTTP/2 server sends, on stream 0: RFC 9113, 6.5 and 6.8. */
const SETTINGS = 4;
const GOAWAY = 7;

/** Node's parser also takes RTSP, ICE and blank lines for a beginning. */
export function notHttp(first: Buffer): Fault | undefined {
  if ('HTTP/'.startsWith(first.toString('latin1', 0, 5))) return undefined;
  const isHttp2 =
    first.length >= 9 && (first[3] === SETTINGS || first[3] === GOAWAY) && first.readUInt32BE(5) === 0;
  if (isHttp2) return new Fault('http2_unsupported', 'The server speaks HTTP/2 only.');
  return new Fault('not_http', 'The answer is not HTTP.');
}

/** What went wrong before the head of the answer was whole; an error of another kind is ours, and stays what it is. */
export function brokenHead(error: Error, received: number): Error {
  const code = errnoCode(error);
  if (code.startsWith('HPE_')) {
    const reason = PARSER[code] ?? 'bad_http';
    return new Fault(reason, `The head of the answer is broken (${code.slice(4).toLowerCase()}).`, {
      cause: error,
    });
  }
  if (isHangUp(error)) {
    if (received === 0) return new Fault('empty_reply', 'The connection was closed without an answer.');
    return new Fault('bad_http', 'The connection was closed in the middle of the head of the answer.');
  }
  return brokenConnection(error);
}

/** What went wrong after the head: whatever it was, the body is not whole. */
export function brokenBody(error: Error): Error {
  const code = errnoCode(error);
  if (code.startsWith('HPE_'))
    return new Fault('bad_framing', `The framing of the body is broken (${code.slice(4).toLowerCase()}).`, {
      cause: error,
    });
  return new Fault('body_truncated', 'The connection ended before the body did.', { cause: error });
}

function brokenConnection(error: Error): Error {
  const fault = tlsFault(error);
  if (fault) return fault;
  const code = errnoCode(error);
  if (code === 'EPIPE' || code === 'ECONNRESET')
    return new Fault('connection_reset', 'The connection was reset.', { cause: error });
  if (code === 'ETIMEDOUT') return new Fault('response_timeout', 'The connection died.', { cause: error });
  const reason = errnoReason(error);
  return reason ? new Fault(reason, `The connection broke (${code}).`, { cause: error }) : error;
}

/** Node says ECONNRESET for an orderly end, too; a real one comes from a system call. */
const isHangUp = (error: Error): boolean => errnoCode(error) === 'ECONNRESET' && !('syscall' in error);
