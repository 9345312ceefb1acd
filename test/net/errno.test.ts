import { expect, it } from 'vitest';
import { errnoReason } from '../../lib/net/errno.ts';
import { statusOf } from '../../lib/reasons.ts';
import { countSections } from '../kit/sections.ts';

countSections();

const failing = (code: string): Error => Object.assign(new Error(code), { code });

// a machine can't be brought to most of these without root
it.each([
  ['A22', 'EMFILE', 'self_fds'],
  ['A22', 'ENFILE', 'self_fds'],
  ['A23', 'EADDRNOTAVAIL', 'self_network'],
  ['A23', 'ENOBUFS', 'self_network'],
  ['A23', 'ENETUNREACH', 'self_network'],
  ['A23', 'ENETDOWN', 'self_network'],
  ['A23', 'EINVAL', 'self_network'],
  ['A23', 'EPERM', 'self_network'],
  ['A23', 'ENOMEM', 'self_memory'],
] as const)('%s takes %s for our own fault, %s', (_, code, reason) => {
  expect(errnoReason(failing(code))).toBe(reason);
  expect(statusOf(reason)).toBe('unknown');
});

it.each([
  ['ECONNREFUSED', 'connect_refused'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['ECONNRESET', 'connection_reset'],
  ['EHOSTUNREACH', 'host_unreachable'],
] as const)('takes %s for the fault of the target, %s', (code, reason) => {
  expect(errnoReason(failing(code))).toBe(reason);
  expect(statusOf(reason)).toBe('down');
});

it('knows nothing of other errors', () => {
  for (const error of [failing('ERR_TLS'), new Error('no code'), 'ECONNREFUSED', undefined])
    expect(errnoReason(error)).toBeUndefined();
});
