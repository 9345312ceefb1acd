import { expect, it } from 'vitest';
import { Fault } from '../../lib/net/net.ts';
import { failed, found } from '../../lib/probes/finding.ts';

it('is up when nothing is wrong', () => {
  const finding = found([], { latencyMs: 12, phases: { connect: 12 }, facts: { address: '192.0.2.1' } });
  expect(finding).toEqual({
    status: 'up',
    reasons: [],
    message: '',
    latencyMs: 12,
    phases: { connect: 12 },
    facts: { address: '192.0.2.1' },
  });
});

it('puts the worst first, and each reason once', () => {
  const finding = found(
    [
      { reason: 'too_slow', message: 'Slow.' },
      { reason: 'cert_expires_soon', message: 'Expires.', status: 'down' },
      { reason: 'too_slow', message: 'Slow again.' },
      { reason: 'cert_expired', message: 'Expired.' },
    ],
    { latencyMs: 1 },
  );
  expect(finding).toMatchObject({
    status: 'down',
    reasons: ['cert_expires_soon', 'cert_expired', 'too_slow'],
  });
  expect(finding.message).toBe('Expires. Expired. Slow. Slow again.');
});

it('tells a fault as it is', () => {
  const fault = new Fault('self_dns', 'Nobody answers.', { phases: { dns: 3 }, facts: { a: 1 } });
  expect(failed(fault, 5)).toEqual({
    status: 'unknown',
    reasons: ['self_dns'],
    message: 'Nobody answers.',
    latencyMs: 5,
    phases: { dns: 3 },
    facts: { a: 1 },
  });
});

it('throws a defect of ours on', () => {
  expect(() => failed(new TypeError('a defect'), 5)).toThrow('a defect');
});

it.each([
  ['x'.repeat(500), 'x'.repeat(500)],
  ['x'.repeat(501), `${'x'.repeat(499)}…`],
  [`${'x'.repeat(498)}😀😀`, `${'x'.repeat(498)}…`],
])('cuts a message at 500 characters, between two of them', (message, cut) => {
  expect(failed(new Fault('self_dns', message), 0).message).toBe(cut);
});
