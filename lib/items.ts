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
/** A shard as all locations know it. */
export const latestOf = (shard: string): ListOptions => ({ from: key(shard), to: endOf(shard) });

export const incidents = (subject: string): string => key('incident', subject);
export const incidentKey = ({ subject, n }: Pick<Incident, 'subject' | 'n'>): Key => ({
  partition: incidents(subject),
  sort: digits(n, 9),
});

/** Ticks live so long: long enough to recompute any hour that a late one may land in. */
export const TICK_LIFE_MS = 8 * 86_400_000;

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

/** Marks of hours that are to be computed again; each its own item, so that whoever takes one away takes no other. */
export const DIRTY = 'dirty';
export const dirtyKey = (hour: number, id: string): Key => ({ partition: DIRTY, sort: key(time(hour), id) });
export const hourOfMark = ({ sort }: Key): number => Number(sort.split('/')[0]);

/** How often each hour was computed: who keeps history in mind sees by it what others have computed anew. */
export const ROLLED: Key = { partition: 'rolled', sort: 'hours' };

/** Pointers to incidents, by the month (UTC) in which they opened or closed. */
export const recentOf = (at: number): string => key('recent', new Date(at).toISOString().slice(0, 7));
export const recentKey = (at: number, incident: Pick<Incident, 'subject' | 'n'>): Key => ({
  partition: recentOf(at),
  sort: key(time(at), incident.subject, digits(incident.n, 9)),
});

export const LANES = 'lane';
export const laneKey = (hash: string): Key => ({ partition: LANES, sort: key(hash) });
export const aliveKey = (who: 'decide' | 'deliver'): Key => ({ partition: 'alive', sort: who });
export const HEARTBEATS = 'heartbeat';
export const heartbeatKey = (id: string): Key => ({ partition: HEARTBEATS, sort: key(id) });
/** What others have found wrong, by its format and a hash of what it is about. */
export const SIGNALS = 'signal';
export const signalKey = (source: string, id: string): Key => ({
  partition: SIGNALS,
  sort: key(source, id),
});
export const INSTALLATION: Key = { partition: 'installation', sort: 'id' };
