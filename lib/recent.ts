import type { Incident } from './incident.ts';
import { incidentKey, recentKey, recentOf } from './items.ts';
import type { Store } from './ports.ts';
import { putIfAbsent } from './store.ts';

/** Pointers to incidents, by the month in which they opened or closed: what the pages list. */

const RECENT_LIFE_MS = 400 * 86_400_000;

/** Before an incident opens or closes where people see it: points at it. */
export async function pointAt({ subject, n }: Incident, at: number, store: Store): Promise<void> {
  await putIfAbsent(store, {
    ...recentKey(at, { subject, n }),
    body: { subject, n },
    expires: at + RECENT_LIFE_MS,
  });
}

/** Visible incidents that ended lately, newest first. */
export async function recentIncidents(limit: number, now: number, store: Store): Promise<Incident[]> {
  const lastMonth = new Date(now).setUTCDate(0);
  const found = new Map<string, Incident>();
  for (const month of [recentOf(now), recentOf(lastMonth)]) {
    for (const { body } of await store.list<{ subject: string; n: number }>(month, {
      newestFirst: true,
      limit: 2 * limit,
    })) {
      const item = found.size < limit && (await store.get<Incident>(incidentKey(body)));
      if (item && item.body.closedAt !== undefined) found.set(item.body.id, item.body);
    }
  }
  return [...found.values()].sort((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0));
}
