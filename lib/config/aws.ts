import { isIP } from 'node:net';
import { z } from 'zod';
import { parseHost } from '../net/host.ts';
import type { Json } from '../ports.ts';
import type { Place } from './compiled.ts';
import type { Mistake } from './error.ts';
import type { OwnFields } from './make-fields.ts';
import { isObject } from './plain.ts';
import { mistypedIn, type Salvaged } from './salvage.ts';
import { saying } from './saying.ts';
import { didYouMean } from './suggest.ts';
import { unique } from './unique.ts';

/** More would wait longer for each other than a minute has room for, and no service needs them. */
const LOCATIONS_MAX = 12;

/** What only a deployment on AWS needs. */
export function awsShape({ region }: OwnFields) {
  return z.strictObject({
    home: region.describe('The region where everything is decided: another one than that of what is watched'),
    locations: unique(region)
      .min(1)
      .max(LOCATIONS_MAX)
      .describe('The regions in which checks run, three or more; home may be one of them'),
    serviceRegion: region
      .optional()
      .describe('The region of what is watched: "validate" advises against a home there'),
    domain: z
      .strictObject({
        name: z
          .string()
          .superRefine(saying(wrongName))
          .describe('A host name, which you point at CloudFront'),
        certificate: z
          .string()
          .superRefine(saying(wrongCertificate))
          .describe('The ARN of its certificate in ACM, in us-east-1'),
      })
      .optional()
      .describe("A host name of the status page's own; without it, one of CloudFront's"),
    dashboard: z.boolean().default(false).describe('Whether CloudWatch gets a dashboard, too ($3 a month)'),
  });
}

function wrongName(text: string): string | undefined {
  const isName = parseHost(text) === text && isIP(text) === 0 && text.includes('.');
  return isName ? undefined : 'must be a host name in small letters, such as "status.acme.example"';
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html */
function wrongCertificate(text: string): string | undefined {
  const [, region] = /^arn:aws:acm:([a-z0-9-]+):\d{12}:certificate\/[A-Za-z0-9-]+$/.exec(text) ?? [];
  if (region === undefined)
    return 'must be the ARN of a certificate, such as "arn:aws:acm:us-east-1:123456789012:certificate/…"';
  return region === 'us-east-1'
    ? undefined
    : `is in ${region}; CloudFront takes only certificates in us-east-1`;
}

const LACKING =
  'required on AWS: where it is decided and where checks run, such as { "home": "eu-west-1", "locations": ["us-east-1", "ap-southeast-2", "ca-central-1"] }';

/**
 * Where checks run must be among the locations of "aws", which on AWS must be there. `told`: what is already known to be
 * wrong; nothing is said that may follow from it.
 */
export function locationRules(
  raw: Json | undefined,
  checks: readonly Salvaged<unknown>[],
  place: Place,
  told: readonly Mistake[],
): Mistake[] {
  if (!isObject(raw) || told.some(({ path: [first] }) => first === 'aws')) return [];
  if (isObject(raw.aws)) return elsewhere(raw.aws.locations, checks);
  return place === 'machine' || mistypedIn(told)(['aws']) ? [] : [{ path: ['aws'], message: LACKING }];
}

function elsewhere(locations: Json | undefined, checks: readonly Salvaged<unknown>[]): Mistake[] {
  const known = Array.isArray(locations) ? locations.filter((name) => typeof name === 'string') : [];
  return checks.flatMap(({ raw, path }) => {
    const named: unknown = isObject(raw) ? raw.locations : undefined;
    if (!Array.isArray(named)) return [];
    return named.flatMap((name, index) =>
      typeof name !== 'string' || known.includes(name)
        ? []
        : [
            {
              path: [...path, 'locations', index],
              message: `${JSON.stringify(name)} is not in "aws.locations"${didYouMean(name, known)}`,
            },
          ],
    );
  });
}

/** Whether a config says anything about where checks run. */
export function saysWhere(raw: unknown): boolean {
  if (!isObject(raw)) return false;
  const checks = Array.isArray(raw.checks) ? raw.checks : [];
  return raw.aws !== undefined || checks.some((check) => isObject(check) && check.locations !== undefined);
}
