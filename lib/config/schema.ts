import { isIP } from 'node:net';
import { z } from 'zod';
import { isCidr } from '../net/policy.ts';
import type { Notifier } from '../notifiers/define.ts';
import { NOTIFIERS } from '../notifiers/index.ts';
import { isOfAccount } from '../probes/account.ts';
import type { Probe } from '../probes/define.ts';
import { PROBES } from '../probes/index.ts';
import { CHECK_SOURCE } from '../routes.ts';
import { SIGNALS } from '../signals/index.ts';
import { awsShape } from './aws.ts';
import { costShape } from './cost.ts';
import { wrongCron, wrongTimeZone } from './cron.ts';
import { DURATION_MAX, showDuration } from './duration.ts';
import type { OwnFields } from './make-fields.ts';
import { saying } from './saying.ts';
import { unique } from './unique.ts';

const EVERY = { min: 5_000, max: 30 * 86_400_000 };
const TIMEOUT = { min: 1, max: 30_000 };

/**
 * The shape of a config, made from the registries of probes and notifiers. `outer` leaves the lists of checks and
 * windows unread, so that one bad entry doesn't hide what is wrong with the others; `whole` is all of it at once.
 */
export function makeSchema(fields: OwnFields) {
  const check = z.discriminatedUnion('type', checkShapes(fields) as [ReturnType<typeof checkShape>]);
  const windows = windowShapes(fields);
  const outer = outerShape(fields);
  const whole = outer.extend({
    checks: z.array(check).describe('What is watched'),
    maintenance: z
      .array(z.union([windows.once, windows.cron]))
      .default([])
      .describe('When nobody is called'),
  });
  const common = z.object(commonShape(fields));
  return { outer, check, common, window: windows, whole };
}

const checkShapes = (fields: OwnFields) => [...PROBES.values()].map((probe) => checkShape(probe, fields));

function checkShape(probe: Probe, fields: OwnFields) {
  return z
    .strictObject({
      type: z.literal(probe.type).describe('What kind of check it is'),
      ...shapeFor(probe, fields),
      ...probe.shape(z, fields),
    })
    .describe(probe.summary);
}

/** A check that looks at the account runs at home alone: where it runs can't be said of it. */
function shapeFor({ type, defaults }: Probe, fields: OwnFields): ReturnType<typeof commonShape> {
  const shape = commonShape(fields, defaults);
  if (isOfAccount(type)) delete (shape as Partial<typeof shape>).locations;
  return shape;
}

/** What every check has. */
export function commonShape(
  { duration, text, link, id, region }: OwnFields,
  defaults: Probe['defaults'] = {},
) {
  return {
    id: id.describe('Its name in the API, in dependsOn and in history; keep it when the check changes'),
    name: text(200).optional().describe('Its name for people; without it, the id'),
    group: text(100).optional().describe('The heading under which the status page lists it'),
    every: between(duration, EVERY)
      .prefault(defaults.every ?? '60s')
      .describe('How often it runs, 5s to 30d'),
    timeout: between(duration, TIMEOUT)
      .prefault(defaults.timeout ?? '10s')
      .describe('How long each try may take: less than "every", at most 30s'),
    severity: z
      .enum(['page', 'ticket'])
      .default(defaults.severity ?? 'page')
      .describe('"page" calls a person now, "ticket" can wait for the morning'),
    runbook: link
      .optional()
      .describe('Where it is written what to do; without it, the built-in runbook of the type'),
    public: z.boolean().default(false).describe('Whether the public status page shows it'),
    tags: unique(id).max(20).default([]).describe('Labels by which routes choose'),
    dependsOn: unique(text(100))
      .default([])
      .describe('Ids of checks: while one of them is down, this one calls nobody'),
    locations: unique(region)
      .min(1)
      .optional()
      .describe('On AWS, the regions in which it runs; without it, all of "aws.locations"'),
  };
}

function outerShape(fields: OwnFields) {
  const { duration, url, text } = fields;
  return z.strictObject({
    $schema: z.string().optional().describe('Where editors find the schema; Watchbill does not look at it'),
    name: text(100).describe('What is watched here, for pages and notifications'),
    aws: awsShape(fields).optional().describe('Where it runs on AWS; one machine does not look at it'),
    checks: z.array(z.unknown()),
    network: z
      .strictObject({
        allow: unique(z.string().refine(isCidr, { error: ({ input }) => notCidr(String(input)) }))
          .default([])
          .describe('Networks that are not public and may be dialled all the same'),
      })
      .prefault({})
      .describe('What may be dialled'),
    judge: z
      .strictObject({
        tries: z.int().min(1).max(10).default(4).describe('Tries before a check is called down'),
        over: between(duration, { min: 0, max: 300_000 })
          .prefault('10s')
          .describe('The retries start within this time after the first failure'),
        degradedAfter: duration
          .prefault('10m')
          .describe('How long a check is degraded before that is a ticket'),
        unknownAfter: duration
          .prefault('10m')
          .describe('How long nothing is known of a check before that is a ticket'),
      })
      .prefault({})
      .describe('When something counts as wrong'),
    observer: z
      .strictObject({
        canaries: unique(url)
          .default([])
          .describe('URLs that always answer: when none does, the fault is on our side'),
      })
      .prefault({})
      .describe('How Watchbill tells its own blindness from an outage'),
    maintenance: z.array(z.unknown()).default([]),
    notify: z.strictObject(notifyShape(fields)).prefault({}).describe('Who is told'),
    alarms: z
      .strictObject({
        topics: unique(z.string().refine(isTopicArn, 'must be the ARN of an SNS topic'))
          .default([])
          .describe('SNS topics whose messages are taken at /sns, where Watchbill runs on one machine'),
        health: z
          .boolean()
          .default(true)
          .describe('On AWS, whether tickets tell of what AWS Health says of the regions of "aws"'),
      })
      .prefault({})
      .describe(
        'Alarms of others: CloudWatch, budgets, cost anomalies, AWS Health, anything that SNS brings',
      ),
    cost: costShape(fields).prefault({}).describe('What AWS may cost: "cdk deploy" has it watched'),
    routes: z
      .array(routeShape(fields))
      .max(100)
      .default([])
      .describe('How bad a problem is, and who is told; the first that matches counts'),
    drill: z
      .strictObject({
        cron: z.string().superRefine(saying(wrongCron)).describe('When: "0 10 * * 1" is Mondays at ten'),
        timeZone: z
          .string()
          .superRefine(saying(wrongTimeZone))
          .default('UTC')
          .describe('IANA time zone in which "cron" is read'),
      })
      .optional()
      .describe('A drill by itself: whoever does not take it is told of to the others'),
    deadMansSwitch: z
      .strictObject({
        url: fields.secret.describe('The URL, such as that of a check at healthchecks.io'),
      })
      .optional()
      .describe('Called each minute while all is well: once that stops, a third party tells people'),
    quietHours: quietShape
      .optional()
      .describe('When tickets wait: what is over by then is told to nobody; pages never wait'),
    statusPage: z
      .strictObject({
        title: text(100).optional().describe('Heading of the page; without it, the name and "status"'),
        url: fields.link.optional().describe('Where people reach the page: notifications link to it'),
        note: text(1_000).optional().describe('A line below the heading'),
      })
      .prefault({})
      .describe('The status page'),
  });
}

const isTopicArn = (text: string): boolean =>
  /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/.test(text);

/** `"22:30"`, as minutes since midnight. */
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, such as "22:00"')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const quietShape = z.strictObject({
  from: timeOfDay.describe('When they begin: "22:00"'),
  to: timeOfDay.describe('When they end: "07:00"'),
  timeZone: z
    .string()
    .superRefine(saying(wrongTimeZone))
    .default('UTC')
    .describe('IANA time zone in which these are read'),
  weekends: z.boolean().default(false).describe('Whether Saturday and Sunday are quiet all day'),
});

const severityShape = z.enum(['page', 'ticket', 'none']);
const SOURCES = [CHECK_SOURCE, 'text', ...SIGNALS.map(({ source }) => source)] as [string, ...string[]];

const routeShape = ({ text }: OwnFields) =>
  z.strictObject({
    match: z
      .strictObject({
        source: z.enum(SOURCES).optional().describe('Where it comes from'),
        name: text(200).optional().describe('What it is called, "*" for any text: "checkout-*"'),
        severity: severityShape.optional().describe('How bad it is by default'),
        tag: text(100).optional().describe('One of the "tags" of a check'),
      })
      .describe('Which: all that is named here must be so'),
    severity: severityShape.optional().describe('"page", "ticket", or "none": nobody is told'),
    notify: unique(z.enum([...NOTIFIERS.keys()] as [string, ...string[]]))
      .min(1)
      .optional()
      .describe('Who may be told; without it, everyone who hears of such'),
  });

function notifyShape(fields: OwnFields) {
  const shape = (notifier: Notifier) =>
    z.strictObject(notifier.shape(z, fields)).optional().describe(notifier.summary);
  return Object.fromEntries([...NOTIFIERS.values()].map((notifier) => [notifier.type, shape(notifier)]));
}

function windowShapes({ duration, text }: OwnFields) {
  const common = {
    checks: z.union([z.literal('*'), unique(text(100)).min(1)]).describe('Ids of checks, or "*" for all'),
    title: text(200).optional().describe('What the status page says of it'),
  };
  return {
    once: z
      .strictObject({
        ...common,
        from: instant.describe('Its start, a time with its zone: "2026-12-01T02:00:00Z"'),
        to: instant.describe('Its end'),
      })
      .describe('Maintenance that happens once'),
    cron: z
      .strictObject({
        ...common,
        cron: z
          .string()
          .superRefine(saying(wrongCron))
          .describe('When it starts: minute, hour, day, month, weekday'),
        timeZone: z
          .string()
          .superRefine(saying(wrongTimeZone))
          .default('UTC')
          .describe('IANA time zone in which "cron" is read'),
        for: between(duration, { min: 60_000, max: 30 * 86_400_000 }).describe(
          'How long it lasts, 1m to 30d',
        ),
      })
      .describe('Maintenance that comes again and again'),
  };
}

const instant = z.iso
  .datetime({
    offset: true,
    error: ({ input }) =>
      input === undefined
        ? undefined
        : 'must be an existing time with its zone, such as "2026-12-01T02:00:00Z"',
  })
  .transform((text) => Date.parse(text));

function notCidr(text: string): string {
  const example = isIP(text) ? `${text}/${isIP(text) === 4 ? 32 : 128}` : '10.0.0.0/8';
  return `must be a network in CIDR form, such as "${example}"`;
}

/** A duration between two limits, in ms, both included. */
function between(
  duration: OwnFields['duration'],
  { min, max = DURATION_MAX }: { min: number; max?: number },
) {
  const limits = `must be at least "${showDuration(min)}" and at most "${showDuration(max)}"`;
  return duration.refine((ms) => ms >= min && ms <= max, {
    error: ({ input }) => `${limits}, not "${showDuration(Number(input))}"`,
  });
}
