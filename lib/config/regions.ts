import { didYouMean } from './suggest.ts';

/** Every account can use these. */
const ALWAYS = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
] as const;

/** An account must enable these first. */
const OPT_IN = [
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'eu-central-2',
  'eu-south-1',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
] as const;

export type Region = (typeof ALWAYS | typeof OPT_IN)[number];

/**
 * The commercial regions of AWS as of late 2026; all of them have Lambda, EventBridge Scheduler and SQS. GovCloud, China
 * and the European Sovereign Cloud are left out: there names, ARNs and host names are others.
 * https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
export const REGIONS: readonly Region[] = [...ALWAYS, ...OPT_IN].sort();

const optIn: ReadonlySet<string> = new Set(OPT_IN);

/** Whether an account must enable a region before anything can be deployed there. */
export const isOptIn = (region: string): boolean => optIn.has(region);

/** Why a value names no region. */
export function wrongRegion(value: unknown): string {
  if (value === undefined) return 'required';
  if (typeof value !== 'string') return 'must be the name of an AWS region, such as "eu-west-1"';
  const name = JSON.stringify(value.slice(0, 60).toWellFormed());
  if (/^(us-gov|cn|eusc|us-iso\w*)-/.test(value))
    return `${name} is in a part of AWS in which Watchbill does not run`;
  return `${name} is no AWS region that is known here${didYouMean(value, REGIONS)}`;
}
