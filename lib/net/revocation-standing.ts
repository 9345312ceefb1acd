/** What a source says about a certificate, and until when it stands by it (epoch ms; undefined: for no time). */
export type Standing =
  | { readonly status: 'good'; readonly until: number | undefined }
  | { readonly status: 'revoked'; readonly since: number; readonly until: number | undefined };

/** Why a source is of no use; one clause for a person. */
export class CannotTell extends Error {
  override readonly name = 'CannotTell';
}

/** How far ahead a source's clock may be, ms. */
const SKEW_MS = 300_000;

/** The end of a source's word, if `now` is within it; throws `CannotTell` when it isn't. */
export function timely(
  what: string,
  from: number,
  until: number | undefined,
  now: number,
): number | undefined {
  if (from > now + SKEW_MS) throw new CannotTell(`the ${what} is from the future`);
  if (until !== undefined && until <= now) throw new CannotTell(`the ${what} is out of date`);
  return until;
}
