import type { Writable } from 'node:stream';
import type { Clock, Json, Log } from '../../ports.ts';
import { redact } from '../../redact.ts';

/**
 * Bytes of a line. CloudWatch Logs has taken 1 MB since April 2025, but not everything that reads from it does; of the
 * 256 KB before that, 26 bytes are its own.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 */
const LONGEST_LINE = 262_144 - 26 - 1;

/** Characters of a message whose line is too long; each takes at most 6 bytes. */
const LONGEST_MESSAGE = 40_000;

/**
 * For the output of a Lambda: each message is one line of JSON, `{ timestamp, level, message, fields }`, without any
 * secret. What would be too long loses its fields and the end of its message: `cut` then says how many bytes it had.
 */
export function lambdaLog(out: Writable, clock: Clock): Log {
  const write =
    (level: string) =>
    (text: string, fields?: Record<string, Json>): void => {
      // The names by which Lambda filters: "Setting log level filtering" of the developer guide.
      const head = { timestamp: new Date(clock.now()).toISOString(), level };
      const message = redact(text);
      const line = JSON.stringify({ ...head, message, ...(fields && { fields: clean(fields) }) });
      const size = Buffer.byteLength(line);
      const short = { ...head, message: message.slice(0, LONGEST_MESSAGE), cut: size };
      out.write(`${size <= LONGEST_LINE ? line : JSON.stringify(short)}\n`);
    };
  return { info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
}

/** The value without any secret, in names and numbers neither. */
function clean(value: Json | undefined): Json | undefined {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'number') return redact(`${value}`) === `${value}` ? value : redact(`${value}`);
  if (Array.isArray(value)) return value.map((one) => clean(one) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [redact(name), clean(one)]));
}
