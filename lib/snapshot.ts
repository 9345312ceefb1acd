import type { Severity } from './config/compiled.ts';
import type { EntryKind } from './incident.ts';
import type { Status } from './reading.ts';

/** What the page and the API may say of a check: a status, or that it is being worked on. */
export type ShownStatus = Status | 'maintenance';

/** What `show` reads: everything, for the operator. The public gets `project(snapshot)` of it. */
export interface Snapshot {
  readonly title: string;
  readonly note: string | undefined;
  /** When it was made, epoch ms: the "as of" of the page. */
  readonly at: number;
  readonly status: ShownStatus;
  readonly checks: readonly CheckView[];
  readonly incidents: readonly IncidentView[];
  readonly maintenance: readonly MaintenanceView[];
  /** Only the operator sees it. */
  readonly platform: PlatformView | undefined;
}

export interface CheckView {
  readonly id: string;
  readonly name: string;
  readonly group: string | undefined;
  readonly type: string;
  readonly public: boolean;
  readonly status: ShownStatus;
  /** Since when it has this status, epoch ms; undefined while nothing is known. */
  readonly since: number | undefined;
  readonly latencyMs: number | undefined;
  /**
   * 0–1, minutes up or degraded among those known outside maintenance; undefined without data. A minute counts once
   * it is over. Where history is younger than the window, it is that of the history: `record` tells.
   */
  readonly uptime: Readonly<Record<'24h' | '7d' | '30d' | '90d', number | undefined>>;
  /** All that is kept of it; undefined: it was never read. */
  readonly record: CheckRecord | undefined;
  readonly bar: Bar;
  /** Mean latency per slot, oldest first, ms; undefined in a slot without data. */
  readonly latency: {
    readonly from: number;
    readonly slotMs: number;
    readonly values: readonly (number | undefined)[];
  };
  /** Only the operator sees these. */
  readonly target?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly severity?: Severity;
  /** When its newest reading was due, epoch ms. */
  readonly readAt?: number;
}

/** How long a check has been watched, and how many minutes of that were well. */
export interface CheckRecord {
  /** When it was first read, epoch ms. */
  readonly since: number;
  /** Minutes up or degraded, and those of any known kind outside maintenance, as far as they are over. */
  readonly up: number;
  readonly known: number;
}

/** History as a row of slots, oldest first: 90 days, or 90 hours or 90 minutes while there is less. */
export interface Bar {
  readonly unit: 'minute' | 'hour' | 'day';
  /** Start of the first slot, epoch ms. */
  readonly from: number;
  readonly slots: readonly BarSlot[];
}

/** Minutes of each kind in a slot, as far as there are any: there are many slots. `{}`: no data. */
export interface BarSlot {
  readonly up?: number | undefined;
  readonly degraded?: number | undefined;
  readonly down?: number | undefined;
  readonly unknown?: number | undefined;
  readonly maintenance?: number | undefined;
}

export interface IncidentView {
  readonly id: string;
  /** The check's id; undefined for an incident of a location or of Watchbill itself. */
  readonly check: string | undefined;
  readonly title: string;
  readonly class: string;
  readonly severity: Severity;
  readonly openedAt: number;
  readonly resolvedAt: number | undefined;
  /** Only the operator sees the texts; the public reads fixed words for the kinds (lib/status/project.ts). */
  readonly timeline: readonly { readonly at: number; readonly text: string; readonly kind?: LineKind }[];
  /** Path or URL of its runbook. Only the operator sees it. */
  readonly runbook?: string | undefined;
  /** What holds the announcement back, or held it until the end. Of `maintenance` the public doesn't hear. */
  readonly heldBy?: string;
}

/**
 * What a line of a timeline is: an entry; that a receiver accepted the page, the ticket or the end, or has yet to;
 * that a flapping check failed again, or is well for now.
 */
export type LineKind = EntryKind | 'paged' | 'ticketed' | 'accepted' | 'waiting' | 'flaps' | 'quiet';

export interface MaintenanceView {
  /** Ids of the checks (two checks may share a name); undefined: all of them. */
  readonly checkIds: readonly string[] | undefined;
  readonly title: string | undefined;
  readonly from: number;
  readonly to: number;
}

export interface PlatformView {
  /** Loud lines for the operator: a notifier refuses us, a config was rejected, the disk is full. */
  readonly banners: readonly string[];
  readonly undelivered: number;
  /** Beats skipped in the last 24 hours. */
  readonly skipped: number;
  readonly locations: readonly { readonly name: string; readonly lastTickAt: number | undefined }[];
}
