import type { Case, Incident } from './incident.ts';
import { QUIET } from './quiet.ts';
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

/** Why nobody is told of it yet. */
export function heldWords(title: string, heldBy: string): string {
  if (heldBy === 'maintenance') return `Nobody is told while its maintenance lasts: ${title}.`;
  if (heldBy === QUIET) return `Nobody is told in quiet hours, since it can wait: ${title}.`;
  return `Nobody is told yet, since it ${heldBy}, which is not known to be well: ${title}.`;
}

/** That it is over, and for how long it was: what is watched after a flapping is not a part of that. */
export function endedWords(
  { check, title, openedAt, quietSince = Number.POSITIVE_INFINITY }: Incident,
  now: number,
): string {
  const failed = lasted(Math.min(quietSince, now) - openedAt);
  if (!check) return `Over after ${failed}: ${title}.`;
  const proved = quietSince < now ? `, and has stayed well for ${lasted(now - quietSince)}` : '';
  return `${check.name} is well again after ${failed}${proved}.`;
}

/** Of a flapping one, while it is quiet: for `FLAP_MS` of lib/incident.ts. */
export const WELL_AGAIN =
  'Well again. It is watched for ten minutes before this is called resolved, because it came back before.';

/** Why an incident ends that nobody tells of any more. */
export const forgottenWords = ({ check, title }: Incident): string =>
  check ? `${check.name} is no longer watched.` : `No longer watched: ${title}.`;

/** What a receiver has not taken, and why: it refused it, or it could not even be asked. */
export const notTaken = (title: string, name: string, why: string): string =>
  `"${title}" is not delivered to ${name}: ${why}`;

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
