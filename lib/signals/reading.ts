/** What the formats have in common. */

/** Characters of a title and of a message that is made of what others wrote. */
export const NAME_MAX = 200;
export const MESSAGE_MAX = 500;

/** Built-in ones, below the status page. */
export const RUNBOOK = { alarm: '/runbooks/alarm', cost: '/runbooks/cost' } as const;

/** What nobody ever takes back is over after so long, ms. */
export const OVER_MS = 86_400_000;

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

/** What an event of EventBridge is about: the first of its resources. */
export const resourceIn = ({ resources }: Fields): string | undefined =>
  Array.isArray(resources) ? resources.find((one): one is string => typeof one === 'string') : undefined;

/** A page of the AWS console. */
export const consoleOf = (region: string, path: string): string =>
  `https://${region}.console.aws.amazon.com/${path}`;
