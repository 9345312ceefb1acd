import type { Case } from './incident.ts';
import { REASONS } from './reasons.ts';

/** `90_000` → `1 min 30 s`: the two largest units, for people. */
export function lasted(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** One line for the timeline and the page: what is wrong, and who sees it. */
export function toldOf({ title, evidence }: Pick<Case, 'title' | 'evidence'>): string {
  const why = evidence.message || evidence.reasons.map(meaning).join(' ');
  const where =
    evidence.of > 1
      ? ` Seen from ${evidence.locations.length} of ${evidence.of}: ${evidence.locations.join(', ')}.`
      : '';
  return `${title}${why ? `: ${why}` : '.'}${where}`;
}

/** What a reason code means, for people; an unknown code stands for itself. */
export const meaning = (code: string): string =>
  code in REASONS ? REASONS[code as keyof typeof REASONS].means : code;

/** At most `max` bytes of a text as it stands in JSON, and "…"; cut between code points, and well-formed. */
export function cutToBytes(text: string, max: number): string {
  const whole = text.toWellFormed();
  let size = 0;
  let end = 0;
  for (const char of whole) {
    size += Buffer.byteLength(JSON.stringify(char)) - 2;
    if (size > max) return `${whole.slice(0, end)}…`;
    end += char.length;
  }
  return whole;
}
