import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  METRICS,
  METRICS_WRITTEN,
  type MetricName,
  metricsLine,
  metricsTo,
} from '../../../lib/adapters/aws/metrics.ts';
import { VirtualClock } from '../../kit/clock.ts';

const NOW = Date.UTC(2026, 0, 1);
const names = Object.keys(METRICS) as MetricName[];

describe('metrics', () => {
  it('are one document of the Embedded Metric Format, without dimensions', () => {
    expect(JSON.parse(metricsLine({ BeatLateness: 0, ReadingsNotUp: 3 }, NOW) ?? '')).toEqual({
      _aws: {
        Timestamp: NOW,
        CloudWatchMetrics: [
          {
            Namespace: 'Watchbill',
            Dimensions: [[]],
            Metrics: [
              { Name: 'BeatLateness', Unit: 'Milliseconds' },
              { Name: 'ReadingsNotUp', Unit: 'Count' },
            ],
          },
        ],
      },
      BeatLateness: 0,
      ReadingsNotUp: 3,
    });
  });

  it('are four at the most, and one as long as all is well: each costs money by the hour in which it is written', () => {
    expect(names).toEqual(['BeatLateness', 'ReadingsNotUp', 'ReadingsUnknown', 'DeliveryLag']);
    const well = { BeatLateness: 900, ReadingsNotUp: 0, ReadingsUnknown: 0, DeliveryLag: 0 };
    const { _aws, ...told } = JSON.parse(metricsLine(well, NOW) ?? '');
    expect(told).toEqual({ BeatLateness: 900 });
    expect(METRICS_WRITTEN).toEqual({ fair: Object.keys(told).length, worst: names.length });
    expect(metricsLine({ DeliveryLag: 0 }, NOW)).toBeUndefined();
  });

  it.each(names)('tell of %s as soon as it is above 0', (name) => {
    expect(JSON.parse(metricsLine({ [name]: 1 }, NOW) ?? '')).toMatchObject({ [name]: 1 });
  });

  it('of any values are one line, in which each that says something is a number, and no other is there', () => {
    const values = fc.record(
      Object.fromEntries(names.map((name) => [name, fc.double({ noNaN: true, noDefaultInfinity: true })])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1e14, noNaN: true }), (some, now) => {
        const line = metricsLine(some, now);
        const written = names.filter((name) => (name === 'BeatLateness' ? name in some : some[name]));
        if (written.length === 0) {
          expect(line).toBeUndefined();
          return;
        }
        expect(line).not.toContain('\n');
        const { _aws, ...told } = JSON.parse(line ?? '');
        const [directive] = _aws.CloudWatchMetrics;
        expect(directive.Metrics.map(({ Name }: { Name: string }) => Name).sort()).toEqual(
          Object.keys(told).sort(),
        );
        expect(Object.keys(told).sort()).toEqual(written.sort());
        for (const value of Object.values(told)) expect(typeof value).toBe('number');
        expect(Number.isInteger(_aws.Timestamp)).toBe(true);
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'of %d are a defect: the whole line would be lost',
    (value) => {
      expect(() => metricsLine({ BeatLateness: 1, DeliveryLag: value }, NOW)).toThrow(RangeError);
    },
  );

  it('are written line by line, and nothing where there is nothing', async () => {
    const out = new PassThrough();
    const write = metricsTo(out, new VirtualClock(NOW));
    write({ ReadingsNotUp: 1 });
    write({});
    write({ ReadingsNotUp: 2 });
    out.end();
    const lines = (await text(out)).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line).ReadingsNotUp)).toEqual([1, 2]);
  });
});
