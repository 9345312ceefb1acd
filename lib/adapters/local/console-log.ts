import type { Writable } from 'node:stream';
import type { Clock, Json, Log } from '../../ports.ts';
import { redact } from '../../redact.ts';

/** Lines for the person who runs Watchbill: time, level, message, fields; control characters shown, secrets hidden. */
export function consoleLog(out: Writable, clock: Clock): Log {
  const write =
    (level: string) =>
    (message: string, fields: Record<string, Json> = {}) => {
      const more = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
      out.write(
        `${new Date(clock.now()).toISOString()} ${level} ${printable(redact(message + more.join('')))}\n`,
      );
    };
  return { info: write('info '), warn: write('warn '), error: write('error') };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to hide
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The text as one line that no terminal obeys. */
export const printable = (text: string): string => text.replace(CONTROL, shown);

/** JSON has short forms for some of them, and leaves others as they are. */
function shown(char: string): string {
  const inJson = JSON.stringify(char).slice(1, -1);
  return inJson === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : inJson;
}
