import type { Json, SecretRef } from '../ports.ts';

/** `page` calls a human now; `ticket` can wait for the morning. */
export type Severity = 'page' | 'ticket';

/** A check, compiled: validated, normalised, every default in place. Times are ms. */
export interface Check {
  readonly id: string;
  readonly type: string;
  /** For people; default: the id. */
  readonly name: string;
  readonly group: string | undefined;
  readonly every: number;
  /** Of what reports by itself: how often it should, ms. `every` is then how often we look whether it has. */
  readonly period?: number;
  /** For each try. */
  readonly timeout: number;
  readonly severity: Severity;
  /** The user's own runbook; without one the built-in runbook of the type is linked. */
  readonly runbook: string | undefined;
  readonly public: boolean;
  readonly dependsOn: readonly string[];
  /** Labels, for routes. */
  readonly tags: readonly string[];
  /** Where it runs: `['local']` on one machine, AWS regions on AWS, or there `['account']`. Never empty. */
  readonly locations: readonly string[];
  /** What the titles of its incidents say; absent: that it is down, or degraded. */
  readonly says?: { readonly down: string; readonly degraded: string };
  /** What is watched, in a few words: made by the probe when the config is compiled. */
  readonly target: string;
}

export interface Judge {
  /** Tries of one run, at least 1. */
  readonly tries: number;
  /** The retries start within this many ms after the first failure. */
  readonly over: number;
  /** A degraded check becomes a ticket once it lasted this long, ms. */
  readonly degradedAfter: number;
  /** The same for one about which nothing is known. */
  readonly unknownAfter: number;
}

/** A maintenance window: `from`–`to` once (epoch ms), or a cron expression that starts one of `for` ms. */
export type Maintenance = {
  readonly checks: '*' | readonly string[];
  readonly title: string | undefined;
} & (
  | { readonly from: number; readonly to: number }
  | { readonly cron: string; readonly timeZone: string; readonly for: number }
);

/** A notifier's entry in the config: its type and its own fields, compiled. */
export interface Receiver {
  /** Its name in the config (`pagerduty`, `webhook`). */
  readonly name: string;
  readonly type: string;
  /** Pages only, or tickets as well: its notifier's word. */
  readonly hears: 'pages' | 'everything';
  /** Whether it is told when an open incident changes: its notifier's word. */
  readonly updates: boolean;
  /** It is reminded of an open incident so often, ms; undefined: never. */
  readonly remind?: number;
  readonly [field: string]: Json | SecretRef | undefined;
}

/** How bad something is and who is told, where that is to be other than by default. */
export interface Route {
  /** All that is named must be so; `name` may have `*` for any text. */
  readonly match: {
    readonly source?: string | undefined;
    readonly name?: string | undefined;
    readonly severity?: Severity | 'none' | undefined;
    /** One that a check has. */
    readonly tag?: string | undefined;
  };
  readonly severity?: Severity | 'none' | undefined;
  /** Names of receivers; undefined: all. */
  readonly notify?: readonly string[] | undefined;
}

/** When tickets wait: minutes since midnight in a time zone. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
  /** IANA. */
  readonly timeZone: string;
  /** Whether Saturday and Sunday are quiet as a whole. */
  readonly weekends: boolean;
}

/** What may be spent in a period: AWS tells when it is more. Amounts are millionths of US dollars. */
export interface Budget {
  readonly name: string;
  /** Undefined: `autoAdjust` says how it is found. */
  readonly amount?: number | undefined;
  readonly autoAdjust?: 'forecast' | { readonly periods: number } | undefined;
  readonly period: 'daily' | 'monthly' | 'quarterly' | 'annually';
  /** Of these at most one; none: the whole bill. */
  readonly service?: string | undefined;
  readonly tag?: Tag | undefined;
  readonly account?: string | undefined;
  readonly alerts: readonly BudgetAlert[];
}

export interface BudgetAlert {
  readonly of: 'actual' | 'forecast';
  /** Of the amount. */
  readonly percent: number;
  readonly severity: Severity | 'none';
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Cost Anomaly Detection. */
export interface Anomalies {
  /** Whether a monitor of all services is made, or the ARN of the one that there is. */
  readonly services: boolean | string;
  readonly monitors: readonly {
    readonly name: string;
    readonly tag?: Tag | undefined;
    readonly account?: string | undefined;
  }[];
  /** Millionths of US dollars. */
  readonly atLeast: number;
  readonly percent: number;
}

/** An alarm on a metric that leaves the band of what is usual. */
export interface Band {
  readonly name: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  readonly region: string;
  /** ms. */
  readonly period: number;
  readonly periods: number;
  /** Standard deviations. */
  readonly width: number;
}

/** How the bill is watched: on AWS alone. */
export interface Cost {
  readonly budgets: readonly Budget[];
  readonly anomalies: Anomalies | undefined;
  readonly bands: readonly Band[];
}

/** The part of a config that only a deployment on AWS needs. */
export interface Aws {
  /** The region in which everything is decided. It may be a location, too. */
  readonly home: string;
  /** The regions in which checks run, in the order of the config: 1–12. */
  readonly locations: readonly string[];
  /** Where the watched service runs: only `validate` looks at it. */
  readonly serviceRegion: string | undefined;
  /** A host name of the status page's own; `certificate`: the ARN of one in us-east-1. */
  readonly domain: { readonly name: string; readonly certificate: string } | undefined;
  /** Whether CloudWatch gets a dashboard, too. */
  readonly dashboard: boolean;
}

/** Where a config is to be used: it decides where its checks run. */
export type Place = 'machine' | 'aws';

/**
 * The config, compiled once on start or at synth. It is plain JSON: this is what a Lambda gets in its bundle.
 */
export interface Config {
  readonly name: string;
  /** All that any check runs in: `['local']` on one machine; on AWS those of `aws`, and `account` if any check is of it. */
  readonly locations: readonly string[];
  /** As it is written, wherever the config is used; undefined: it isn't. */
  readonly aws: Aws | undefined;
  readonly checks: readonly Check[];
  readonly network: { readonly allow: readonly string[] };
  readonly judge: Judge;
  readonly observer: { readonly canaries: readonly string[] };
  readonly maintenance: readonly Maintenance[];
  readonly notify: readonly Receiver[];
  /** When a drill is made by itself; undefined: never. */
  readonly drill: { readonly cron: string; readonly timeZone: string } | undefined;
  /** The URL that is called each minute while all is well; undefined: none. */
  readonly deadMansSwitch: { readonly url: SecretRef } | undefined;
  /** When no ticket is told; undefined: never. */
  readonly quietHours: QuietHours | undefined;
  /** How bad things are and who is told, where that is to be other than by default; the first that matches counts. */
  readonly routes: readonly Route[];
  /** ARNs of the SNS topics whose messages are taken on one machine; and whether AWS Health is listened to on AWS. */
  readonly alarms: { readonly topics: readonly string[]; readonly health: boolean };
  readonly cost: Cost;
  readonly statusPage: {
    readonly title: string;
    readonly url: string | undefined;
    readonly note: string | undefined;
  };
}
