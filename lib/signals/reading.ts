/** What the formats have in common. */

/** Characters of a title and of a message that is made of what others wrote. */
export const NAME_MAX = 200;
export const MESSAGE_MAX = 500;

/** Built-in ones, below the status page. */
export const RUNBOOK = { alarm: '/runbooks/alarm', cost: '/runbooks/cost' } as const;

type Fields = Readonly<Record<string, unknown>>;

/** A text that isn't empty. */
export const textIn = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
};

/** ISO 8601, also with the zone as `+0000`; epoch ms. */
export function timeIn(fields: Fields, name: string): number | undefined {
  const ms = Date.parse((textIn(fields, name) ?? '').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** A page of the AWS console. */
export const consoleOf = (region: string, path: string): string =>
  `https://${region}.console.aws.amazon.com/${path}`;
