import type { Aws, Config } from './config/compiled.ts';
import { ACCOUNT } from './reading.ts';

/**
 * What a deployment on AWS is called: the stacks give these names, the functions and commands find each other by them.
 * They are fixed, so no stack refers to another. One installation per account.
 */

export const TABLE_NAME = 'watchbill';
export const TOPIC_NAME = 'watchbill-alerts';
/** E-mails go out by this one, of home. */
export const MAIL_TOPIC = 'watchbill-mail';
/** What AWS tells of the bill comes by this one. */
export const BILLING_TOPIC = 'watchbill-billing';
/** AWS reckons costs here: https://docs.aws.amazon.com/general/latest/gr/billing.html */
export const BILLING_REGION = 'us-east-1';
/** Every alarm's name begins so: `status --stack` finds them by that. */
export const ALARM_PREFIX = 'watchbill-';

/** `beats` and `buffer` are in every location, the others at home. */
export const QUEUES = {
  beats: 'watchbill-beats',
  buffer: 'watchbill-buffer',
  inspections: 'watchbill-inspections',
  ticks: 'watchbill-ticks',
  deliver: 'watchbill-deliver',
  alerts: 'watchbill-alerts',
} as const;

/** Where messages go that nobody could handle. */
export const deadLettersOf = (queue: string): string => `${queue}-dead`;

export const bucketName = (account: string, region: string): string => `watchbill-${account}-${region}`;

/** What stands before a secret's name in Secrets Manager. */
export const SECRET_PREFIX = 'watchbill/';

/** Where Lambda keeps what a function writes, by the function's own name. */
export const logGroupOf = (name: string): string => `/aws/lambda/${name}`;

export const HOME_STACK = 'Watchbill-Home';
export const BILLING_STACK = 'Watchbill-Billing';
/** How alarms on what is used are called. */
export const BAND_PREFIX = `${ALARM_PREFIX}band-`;
export const probesStack = (location: string): string => `Watchbill-Probes-${location}`;

/**
 * What each function is given: MB of memory, on which its share of a CPU hangs (1,769 MB are one:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html), and seconds until it is ended.
 */
export const FUNCTIONS = {
  beat: { name: 'watchbill-beat', memory: 256, timeout: 30 },
  probe: { name: 'watchbill-probe', memory: 256, timeout: 240 },
  inspect: { name: 'watchbill-inspect', memory: 512, timeout: 240 },
  hear: { name: 'watchbill-hear', memory: 256, timeout: 10 },
  intake: { name: 'watchbill-intake', memory: 256, timeout: 30 },
  decide: { name: 'watchbill-decide', memory: 512, timeout: 60 },
  deliver: { name: 'watchbill-deliver', memory: 256, timeout: 60 },
  show: { name: 'watchbill-show', memory: 256, timeout: 5 },
  watchdog: { name: 'watchbill-watchdog', memory: 256, timeout: 50 },
} as const;

export type FunctionName = keyof typeof FUNCTIONS;

/** What Node, the code and the SDK's client take of a probe's memory, and one run at the worst: a body of 1 MB in several forms. */
const OWN_MB = 96;
const RUN_MB = 2;

/** So many checks run at the same time in one process of `probe`. */
export const PROBES_AT_ONCE = Math.floor((FUNCTIONS.probe.memory - OWN_MB) / RUN_MB);

/** The same for `inspect`, which holds a client of the SDK and long listings for each. */
export const INSPECTED_AT_ONCE = 8;

/** Each of these regions has an alert topic. */
export const alertRegions = ({ home, locations }: Pick<Aws, 'home' | 'locations'>): string[] => [
  ...new Set([home, ...locations]),
];

/** Their ARNs in an account. */
export const alertTopics = (aws: Pick<Aws, 'home' | 'locations'>, account: string): string[] =>
  alertRegions(aws).map((region) => `arn:aws:sns:${region}:${account}:${TOPIC_NAME}`);

/** What of a deployment hangs on the config. */
export const hasInspections = ({ locations }: Pick<Config, 'locations'>): boolean =>
  locations.includes(ACCOUNT);
export const hasHeartbeats = ({ checks }: Pick<Config, 'checks'>): boolean =>
  checks.some(({ type }) => type === 'heartbeat');

export const watchesBill = ({ cost }: Pick<Config, 'cost'>): boolean =>
  cost.budgets.length > 0 || cost.anomalies !== undefined;

/** Who gets e-mails; none: there is no topic for them. */
export const mailedTo = ({ notify }: Pick<Config, 'notify'>): string[] =>
  notify.flatMap(({ type, to }) => (type === 'email' && Array.isArray(to) ? to.map(String) : []));

/** Which functions a config deploys. */
export const functionsFor = (config: Pick<Config, 'locations' | 'checks'>): FunctionName[] =>
  (Object.keys(FUNCTIONS) as FunctionName[]).filter(
    (name) => (name !== 'inspect' || hasInspections(config)) && (name !== 'hear' || hasHeartbeats(config)),
  );

/** Which queue brings a location its beats, and where that is. */
export const beatsOf = (location: string, { home }: Pick<Aws, 'home'>) =>
  location === ACCOUNT
    ? { queue: 'inspections' as const, region: home }
    : { queue: 'beats' as const, region: location };

/** Variables that a function finds in its environment, besides those of Lambda. */
export const ENVIRONMENT = {
  /** The number of the account. */
  account: 'WATCHBILL_ACCOUNT',
  /** Where people reach the status page. */
  pageUrl: 'WATCHBILL_PAGE_URL',
} as const;

/** What S3 holds: what the status page is made from, and the page itself as it was last, for when it can't be made. */
export const BLOBS = { snapshot: 'public.json', page: 'index.html' } as const;

/** Where the watchdog sits: not at home, if there is any other location. */
export const standbyOf = ({ home, locations }: Pick<Aws, 'home' | 'locations'>): string =>
  locations.find((location) => location !== home) ?? home;
