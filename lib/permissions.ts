import type { Aws, Check, Config } from './config/compiled.ts';
import type { Mistake } from './config/error.ts';
import { secretsIn } from './config/references.ts';
import {
  BLOBS,
  beatsOf,
  bucketName,
  FUNCTIONS,
  type FunctionName,
  hasInspections,
  logGroupOf,
  MAIL_TOPIC,
  mailedTo,
  QUEUES,
  SECRET_PREFIX,
  TABLE_NAME,
} from './deployment.ts';
import { aliveKey, HEARTBEATS, SIGNALS as KEPT_SIGNALS } from './items.ts';
import { probeOf } from './probes/index.ts';
import { ACCOUNT } from './reading.ts';
import { SIGNALS } from './signals/index.ts';
import { ASSETS } from './status/assets.ts';
import { TABLE } from './table.ts';

/**
 * What each function on AWS may do: exactly what it does, to exactly what it does it to. Half of it is the same for every
 * config; the other half is what the checks and the receivers in it name.
 */

/** Something that is allowed. Where there is a condition, only under it: operator, key, values. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A function's place in a deployment. */
export interface Setting {
  readonly config: Config;
  readonly aws: Aws;
  /** The number of the account, or a text that becomes it. */
  readonly account: string;
  /** Where the function is. */
  readonly region: string;
}

/** What the role of a function allows; each action once for each condition. */
export function statementsOf(name: FunctionName, setting: Setting): Statement[] {
  return merged([...NEEDS[name](setting), ownLog(FUNCTIONS[name].name, setting)]);
}

const NEEDS: Readonly<Record<FunctionName, (setting: Setting) => Statement[]>> = {
  beat: (setting) => [
    sendTo(queue('beats', setting), queue('ticks', atHome(setting))),
    { actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], resources: [queue('buffer', setting)] },
  ],
  probe: (setting) => [
    handledFrom(queue('beats', setting)),
    sendTo(queue('ticks', atHome(setting)), queue('buffer', setting)),
    ...wantedByChecks(setting),
  ],
  inspect: (setting) => {
    const checks = setting.config.checks.filter(({ locations }) => locations.includes(ACCOUNT));
    return [
      handledFrom(queue('inspections', setting)),
      sendTo(queue('inspections', setting), queue('ticks', setting)),
      // whoever calls a heartbeat proves it to "hear"
      ...neededBy(
        checks.filter(({ type }) => type !== 'heartbeat'),
        setting,
      ),
      ...(checks.some(asksForHeartbeats) ? [heartbeats(setting)] : []),
    ];
  },
  hear: (setting) => [
    sendTo(queue('inspections', setting)),
    heartbeats(setting),
    secrets(
      setting.config.checks.filter(({ type }) => type === 'heartbeat'),
      setting,
    ),
  ],
  intake: (setting) => [
    handledFrom(queue('alerts', setting)),
    sendTo(queue('ticks', setting)),
    {
      actions: ['dynamodb:Query'],
      resources: [table(setting)],
      condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [KEPT_SIGNALS] } },
    },
    ...SIGNALS.flatMap(({ inquiry }) => inquiry?.permissions(setting.account) ?? []),
  ],
  decide: (setting) => [
    handledFrom(queue('ticks', setting)),
    sendTo(
      queue('ticks', setting),
      queue('deliver', setting),
      ...setting.config.locations.map((location) => {
        const { queue: name, region } = beatsOf(location, setting.aws);
        return queue(name, { ...setting, region });
      }),
    ),
    ...reading(setting),
    { actions: ['dynamodb:PutItem', 'dynamodb:DeleteItem'], resources: [table(setting)] },
    { actions: ['s3:PutObject'], resources: PUBLISHED.map((name) => object(name, setting)) },
  ],
  deliver: (setting) => [
    handledFrom(queue('deliver', setting)),
    sendTo(queue('deliver', setting)),
    ...reading(setting),
    { actions: ['dynamodb:PutItem'], resources: [table(setting)] },
    secrets(toldBy(setting.config), setting),
    ...mails(setting),
  ],
  show: (setting) => [
    { actions: ['s3:GetObject'], resources: [object(BLOBS.snapshot, setting)] },
    mayBeMissing(BLOBS.snapshot, setting),
  ],
  watchdog: (setting) => [
    {
      actions: ['dynamodb:GetItem'],
      resources: [table(atHome(setting))],
      condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [aliveKey('decide').partition] } },
    },
    secrets(setting.config.notify, setting),
    ...mails(setting),
  ],
};

const atHome = (setting: Setting): Setting => ({ ...setting, region: setting.aws.home });

const queue = (name: keyof typeof QUEUES, { region, account }: Setting): string =>
  `arn:aws:sqs:${region}:${account}:${QUEUES[name]}`;

const sendTo = (...queues: string[]): Statement => ({ actions: ['sqs:SendMessage'], resources: queues });

/** Lambda takes messages off a queue in the name of the function: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const handledFrom = (queue: string): Statement => ({
  actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  resources: [queue],
});

const table = ({ region, account }: Setting): string =>
  `arn:aws:dynamodb:${region}:${account}:table/${TABLE_NAME}`;

/** `get`, `list` and `due` of the store. */
const reading = (setting: Setting): Statement[] => [
  { actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'], resources: [table(setting)] },
  { actions: ['dynamodb:Query'], resources: [table(setting), `${table(setting)}/index/${TABLE.due.index}`] },
];

/** What is known of heartbeats, and nothing else of the table. */
const heartbeats = (setting: Setting): Statement => ({
  actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
  resources: [table(setting)],
  condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [HEARTBEATS] } },
});

/** Whom `deliver` tells: people, and who tells people if it doesn't. */
export const toldBy = ({ notify, deadMansSwitch }: Pick<Config, 'notify' | 'deadMansSwitch'>) => [
  notify,
  deadMansSwitch,
];

const mails = ({ config, aws, account }: Setting): Statement[] =>
  mailedTo(config).length === 0
    ? []
    : [{ actions: ['sns:Publish'], resources: [`arn:aws:sns:${aws.home}:${account}:${MAIL_TOPIC}`] }];

const asksForHeartbeats = (check: Check): boolean =>
  probeOf(check.type).hears?.(check as never) !== undefined;

/** What lib/publish.ts writes: page and snapshot, and what belongs to the page. */
const PUBLISHED = [...Object.values(BLOBS), ...ASSETS.map(({ path }) => path.slice(1))];

const bucket = ({ region, account }: Setting): string => `arn:aws:s3:::${bucketName(account, region)}`;
const object = (name: string, setting: Setting): string => `${bucket(setting)}/${name}`;

/** Without it S3 says "access denied" of an object that isn't there. It asks as if the object's name were the prefix. */
const mayBeMissing = (name: string, setting: Setting): Statement => ({
  actions: ['s3:ListBucket'],
  resources: [bucket(setting)],
  condition: { StringEquals: { 's3:prefix': [name] } },
});

function wantedByChecks(setting: Setting): Statement[] {
  const { config, region } = setting;
  return neededBy(
    config.checks.filter(({ locations }) => locations.includes(region)),
    setting,
  );
}

function neededBy(checks: Config['checks'], setting: Setting): Statement[] {
  const ofProbes = checks.flatMap(
    (check) => probeOf(check.type).permissions?.(check as never, setting) ?? [],
  );
  return [secrets(checks, setting), ...ofProbes];
}

/** Secrets Manager ends each ARN with "-" and six characters: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html */
const secrets = (within: unknown, { region, account }: Setting): Statement => ({
  actions: ['secretsmanager:GetSecretValue'],
  resources: secretsIn(within).map(
    ({ ref }) => `arn:aws:secretsmanager:${region}:${account}:secret:${SECRET_PREFIX}${ref.secret}-??????`,
  ),
});

/** The one thing whose name is not known before: Lambda names the streams in a function's log. */
const ownLog = (name: string, { region, account }: Setting): Statement => ({
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  resources: [`arn:aws:logs:${region}:${account}:log-group:${logGroupOf(name)}:*`],
});

/** Those that allow the same are one; those that allow nothing are none. */
function merged(statements: readonly Statement[]): Statement[] {
  const alike = Map.groupBy(statements, ({ actions, condition }) =>
    JSON.stringify([actions.toSorted(), condition]),
  );
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const resources = [...new Set([first, ...others].flatMap((one) => one.resources))];
    return resources.length > 0 ? [{ ...first, resources }] : [];
  });
}

/** Characters, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const INLINE_MOST = 10_240;
const MANAGED_MOST = 6_144;
/** Managed policies of one role; an account may ask for more: the same page. */
const MANAGED_COUNT = 10;

/** How the statements of one role are kept: all in the role itself, or each document as a managed policy. */
export interface Policies {
  readonly kind: 'inline' | 'managed';
  readonly documents: readonly (readonly Statement[])[];
}

/**
 * `account`: as it stands in the statements. There are never more documents than a role takes, if `compile` has found
 * nothing wrong with the config.
 */
export function policiesOf(statements: readonly Statement[], account: string): Policies {
  if (sizeOf(statements, account) <= INLINE_MOST) return { kind: 'inline', documents: [statements] };
  return { kind: 'managed', documents: split(statements, account) };
}

/** Fills one document after the other, resource by resource. */
function split(statements: readonly Statement[], account: string): Statement[][] {
  const documents: Statement[][] = [];
  const pieces = statements.flatMap((one) =>
    one.resources.map((resource) => ({ ...one, resources: [resource] })),
  );
  for (const piece of pieces) {
    const last = documents.pop() ?? [];
    const fuller = merged([...last, piece]);
    if (last.length === 0 || sizeOf(fuller, account) <= MANAGED_MOST) documents.push(fuller);
    else documents.push(last, [piece]);
  }
  return documents;
}

/** As IAM counts: what becomes the number of an account has 12 digits. */
const sizeOf = (statements: readonly Statement[], account: string): number =>
  JSON.stringify(documentOf(statements)).replaceAll(account, A_NUMBER).length;

const A_NUMBER = '000000000000';

const documentOf = (statements: readonly Statement[]) => ({
  Version: '2012-10-17',
  Statement: statements.map(({ actions, resources, condition }) => ({
    Effect: 'Allow',
    Action: actions,
    Resource: resources,
    Condition: condition,
  })),
});

/** What a config makes a role hold beyond what one can: a line each, with the arithmetic. */
export function overfull(config: Config, aws: Aws): Mistake[] {
  const checks = aws.locations.map((region, index) =>
    overflow('probe', { config, aws, region, account: A_NUMBER }, ['aws', 'locations', index]),
  );
  const home = { config, aws, region: aws.home, account: A_NUMBER };
  return [
    ...checks,
    ...(hasInspections(config) ? [overflow('inspect', home, ['checks'])] : []),
    overflow('deliver', home, ['notify']),
  ].flat();
}

function overflow(name: 'probe' | 'inspect' | 'deliver', setting: Setting, path: Mistake['path']): Mistake[] {
  const statements = statementsOf(name, setting);
  const { kind, documents } = policiesOf(statements, setting.account);
  if (kind === 'inline' || documents.length <= MANAGED_COUNT) return [];
  const named = number(statements.flatMap(({ resources }) => resources).length);
  const size = number(sizeOf(statements, setting.account));
  const limit = `${number(MANAGED_COUNT * MANAGED_MOST)} (${MANAGED_COUNT} managed policies of ${number(MANAGED_MOST)})`;
  const message = `in ${setting.region} ${FUNCTIONS[name].name} must be allowed ${named} resources: that is a policy of ${size} characters, and a role holds ${limit}; share secrets, or narrow the "locations" of checks`;
  return [{ path, message }];
}

const number = (value: number): string => value.toLocaleString('en');
