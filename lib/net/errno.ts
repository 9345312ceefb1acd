import type { Reason } from '../reasons.ts';

/** System errors of a socket that say why, in our words: man 2 connect, man 7 tcp. */
const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  ECONNRESET: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  EHOSTUNREACH: 'host_unreachable',
  EHOSTDOWN: 'host_unreachable',
  EMFILE: 'self_fds',
  ENFILE: 'self_fds',
  ENOMEM: 'self_memory',
  ENETUNREACH: 'self_network',
  ENETDOWN: 'self_network',
  EADDRNOTAVAIL: 'self_network',
  EAFNOSUPPORT: 'self_network',
  ENOBUFS: 'self_network',
  EINVAL: 'self_network',
  EACCES: 'self_network',
  EPERM: 'self_network',
};

/** The reason behind a system error; `undefined` for an error of another kind. */
export function errnoReason(error: unknown): Reason | undefined {
  return REASONS[errnoCode(error)];
}

/** `ECONNREFUSED`; `unknown` without one. */
export function errnoCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
