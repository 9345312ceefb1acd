import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRICS, type MetricName, metricsLine, metricsTo } from '../../../lib/adapters/aws/metrics.ts';
import { VirtualClock } from '../../kit/clock.ts';

const NOW = Date.UTC(2026, 0, 1);
const names = Object.keys(METRICS) as MetricName[];

describe('metrics', () => {
  it('are one document of the Embedded Metric Format, without dimensions', () => {
    expect(JSON.parse(metricsLine({ Beats: 3, DeliveryLag: 0 }, NOW) ?? '')).toEqual({
      _aws: {
        Timestamp: NOW,
        CloudWatchMetrics: [
          {
            Namespace: 'Watchbill',
            Dimensions: [[]],
            Metrics: [
              { Name: 'Beats', Unit: 'Count' },
              { Name: 'DeliveryLag', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      Beats: 3,
      DeliveryLag: 0,
    });
  });

  it('are six at the most: each costs money by the month', () => {
    expect(names).toEqual([
      'Beats',
      'BeatLateness',
      'ReadingsNotUp',
      'ReadingsUnknown',
      'DeliveryLag',
      'OldestTick',
    ]);
  });

  it('of any values are one line, in which each that is named is a number, and no other is there', () => {
    const values = fc.record(
      Object.fromEntries(names.map((name) => [name, fc.double({ noNaN: true, noDefaultInfinity: true })])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1e14, noNaN: true }), (some, now) => {
        const line = metricsLine(some, now);
        if (Object.keys(some).length === 0) return expect(line).toBeUndefined();
        expect(line).not.toContain('\n');
        const { _aws, ...told } = JSON.parse(line ?? '');
        const [directive] = _aws.CloudWatchMetrics;
        expect(directive.Metrics.map(({ Name }: { Name: string }) => Name).sort()).toEqual(
          Object.keys(told).sort(),
        );
        expect(Object.keys(told).sort()).toEqual(Object.keys(some).sort());
        for (const value of Object.values(told)) expect(typeof value).toBe('number');
        expect(Number.isInteger(_aws.Timestamp)).toBe(true);
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'of %d are a defect: the whole line would be lost',
    (value) => {
      expect(() => metricsLine({ Beats: 1, OldestTick: value }, NOW)).toThrow(RangeError);
    },
  );

  it('are written line by line, and nothing where there is nothing', async () => {
    const out = new PassThrough();
    const write = metricsTo(out, new VirtualClock(NOW));
    write({ Beats: 1 });
    write({});
    write({ Beats: 2 });
    out.end();
    const lines = (await text(out)).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line).Beats)).toEqual([1, 2]);
  });
});
