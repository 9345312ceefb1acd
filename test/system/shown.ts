import type { Cloud } from './cloud.ts';

interface Summary {
  readonly status: string;
  readonly checks: readonly { readonly id: string; readonly status: string }[];
  readonly incidents: readonly { readonly resolvedAt: string | null }[];
}

/** What the public is told, in the words of the API: `api up`, and of each incident whether it is over. */
export async function told(cloud: Cloud): Promise<{ checks: string[]; over: boolean[] }> {
  const { checks, incidents } = JSON.parse(await cloud.page('/api/v1/summary')) as Summary;
  const over = incidents.map(({ resolvedAt }) => resolvedAt !== null);
  return { checks: checks.map(({ id, status }) => `${id} ${status}`), over };
}

/** What a visitor reads first. */
export const headline = async (cloud: Cloud): Promise<string | undefined> =>
  /<h1>.*?<span[^>]*>(.*?)<\/span><\/h1>/s.exec(await cloud.page())?.[1];

/** What the API says of one check. */
export async function statusOf(cloud: Cloud, check: string): Promise<string | undefined> {
  const { checks } = JSON.parse(await cloud.page('/api/v1/summary')) as Summary;
  return checks.find(({ id }) => id === check)?.status;
}

const BAR =
  /<div class="bar" data-from="(\d+)" data-unit="minute">\s*<div class="slots"[^>]*>(.*?)<\/div>\s*<input[^>]* aria-label="History of ([^"]+)"/gs;

/** The minutes of a check's bar that look like this (`d`: down in them, `n`: no data), counted from `from`. */
export async function minutes(cloud: Cloud, check: string, look: string, from: number): Promise<number[]> {
  const bars = [...(await cloud.page()).matchAll(BAR)];
  const [, start, slots = ''] = bars.find(([, , , name]) => name === check) ?? [];
  if (start === undefined) throw new Error(`${check} has no bar of minutes`);
  const classes = [...slots.matchAll(/<i(?: class="(\w+)")?/g)].map(([, name = '']) => name);
  return classes.flatMap((name, i) =>
    name.startsWith(look) ? (Number(start) + i * 60_000 - from) / 60_000 : [],
  );
}

/** When the beats were that a location was to run since then and told of, in order, epoch ms. */
export async function beatsOf(cloud: Cloud, location: string, since: number): Promise<number[]> {
  const ticks = (await cloud.table.rows()).filter(({ partition }) => partition?.S?.startsWith('tick/'));
  const beats = ticks.flatMap(({ sort }) => {
    const [, beat, by, cause] = sort?.S?.split('/') ?? [];
    return by === location && cause === 'schedule' && Number(beat) >= since ? [Number(beat)] : [];
  });
  return beats.toSorted((a, b) => a - b);
}

/** The times between them. */
export const gaps = (beats: readonly number[]): number[] =>
  beats.slice(1).map((beat, i) => beat - (beats[i] ?? 0));
