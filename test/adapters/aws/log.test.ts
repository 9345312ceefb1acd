import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lambdaLog } from '../../../lib/adapters/aws/log.ts';
import type { Json, Log } from '../../../lib/ports.ts';
import { remember } from '../../../lib/redact.ts';
import { VirtualClock } from '../../kit/clock.ts';

const SECRET = 'Zk9$"q\\ü7/+?x&y=LOGGED%20\n#w';
const DIGITS = '48151623421234';
remember(SECRET);
remember(DIGITS);

/** What is written, as it is. */
function written(write: (log: Log) => void): string {
  const out = new PassThrough();
  write(lambdaLog(out, new VirtualClock(Date.UTC(2026, 0, 1))));
  return String(out.read() ?? '');
}

describe('a message of a Lambda', () => {
  it('is one line of JSON', () => {
    const lines = written((log) => {
      log.info('a beat', { beat: 1, sent: null, parts: [1, 'a'] });
      log.warn('two\nlines \u0000');
      log.error('it failed', {});
    });
    expect(
      lines
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        timestamp: '2026-01-01T00:00:00.000Z',
        level: 'INFO',
        message: 'a beat',
        fields: { beat: 1, sent: null, parts: [1, 'a'] },
      },
      { timestamp: '2026-01-01T00:00:00.000Z', level: 'WARN', message: 'two\nlines \u0000' },
      { timestamp: '2026-01-01T00:00:00.000Z', level: 'ERROR', message: 'it failed', fields: {} },
    ]);
  });

  it.each<readonly [string, string, Record<string, Json> | undefined]>([
    ['the message', `refused ${SECRET}`, undefined],
    ['a field', 'm', { header: SECRET }],
    ['a field within fields', 'm', { sent: [{ header: `Bearer ${SECRET}` }] }],
    ['the name of a field', 'm', { deep: { [SECRET]: 1 } }],
    ['JSON in a field', 'm', { body: JSON.stringify({ key: SECRET }) }],
    ['base64', Buffer.from(`me:${SECRET}`).toString('base64'), undefined],
    ['a part of it', SECRET.slice(3, 14), undefined],
    ['a number', 'm', { pin: Number(DIGITS), pins: [Number(DIGITS)] }],
    ['what is cut', `${'x'.repeat(39_990)}${SECRET}${'y'.repeat(300_000)}`, undefined],
  ])('J21 J22 holds no secret: %s', (_, message, fields) => {
    const line = written((log) => log.error(message, fields));
    expect(line).toContain('[redacted]');
    expect(() => JSON.parse(line)).not.toThrow();
    for (const part of [SECRET.slice(0, 8), 'LOGGED', DIGITS]) expect(line).not.toContain(part);
  });

  it('is at most as long as an event of CloudWatch Logs, and says what it was', () => {
    for (const char of ['x', '\u0000', 'é', '😀', '"']) {
      const line = written((log) => log.info(char.repeat(300_000), { some: 'field' }));
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(262_144 - 26);
      const { message, level, cut, ...more } = JSON.parse(line);
      expect(char.repeat(300_000).startsWith(message)).toBe(true);
      expect([level, Object.keys(more)]).toEqual(['INFO', ['timestamp']]);
      expect(cut).toBeGreaterThan(300_000);
    }
    const kept = written((log) => log.info('m', { long: 'x'.repeat(200_000) }));
    expect(JSON.parse(kept).fields.long).toHaveLength(200_000);
  });

  it('is one line of JSON whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (message, fields) => {
          const line = written((log) => log.info(message, fields as Record<string, Json>));
          expect(line.indexOf('\n')).toBe(line.length - 1);
          expect(JSON.parse(line).fields).toEqual(JSON.parse(JSON.stringify(fields)));
        },
      ),
    );
  });
});
