import type { Incident } from './incident.ts';
import { digits, endOf, key, time } from './keys.ts';
import type { Key, ListOptions } from './ports.ts';
import type { Tick } from './reading.ts';

/** Where each kind of item lives: the table "State" of docs/architecture.md, as keys. */

/** Every location's latest, together: `decide` reads them all. */
export const LATEST = 'latest';
export const latestKey = (shard: string, location: string): Key => ({
  partition: LATEST,
  sort: key(shard, location),
});

export const incidents = (subject: string): string => key('incident', subject);
export const incidentKey = ({ subject, n }: Pick<Incident, 'subject' | 'n'>): Key => ({
  partition: incidents(subject),
  sort: digits(n, 9),
});

/** Ticks lie by the hour of their beat, then by shard: an hour is recomputed from one range. */
export const ticksOf = (hour: number): string => key('tick', time(hour));
export const tickKey = (hour: number, { shard, beat, location, cause, part }: Tick): Key => ({
  partition: ticksOf(hour),
  sort: key(shard, time(beat), location, cause, String(part)),
});
export const beatOfTick = ({ sort }: Key): number => Number(sort.split('/')[1]);
/** Of an hour the ticks of one shard, from a beat on or all. */
export const ticksOfShard = (shard: string, beat = 0): ListOptions => ({
  from: key(shard, time(beat)),
  to: endOf(shard),
});

export const HOURS = 'hour';
export const DAYS = 'day';
/** An hour's or a day's row of one shard. */
export const spanKey = (partition: typeof HOURS | typeof DAYS, start: number, shard: string): Key => ({
  partition,
  sort: key(time(start), shard),
});
export const spanRange = (from: number, to: number): ListOptions => ({
  from: key(time(from)),
  to: endOf(time(to)),
});

/** Pointers to incidents, by the month (UTC) in which they opened or closed. */
export const recentOf = (at: number): string => key('recent', new Date(at).toISOString().slice(0, 7));
export const recentKey = (at: number, incident: Pick<Incident, 'subject' | 'n'>): Key => ({
  partition: recentOf(at),
  sort: key(time(at), incident.subject, digits(incident.n, 9)),
});

export const LANES = 'lane';
export const laneKey = (hash: string): Key => ({ partition: LANES, sort: key(hash) });
export const aliveKey = (who: 'decide' | 'deliver'): Key => ({ partition: 'alive', sort: who });
export const INSTALLATION: Key = { partition: 'installation', sort: 'id' };
