/**
 * List prices of AWS in us-east-1, US dollars without tax, as they stood on `PRICES_AS_OF`. Other regions charge up to
 * some half more. AWS gives prices to those who have an account, so each is named with who quotes it:
 *
 * - list: the AWS Price List of us-east-1, quoted by public repositories in August and September 2026;
 * - infracost: what infracost read from it, in its repository below internal/providers/terraform/aws/testdata;
 * - the service's own pricing page, where that shows the price without a calculator.
 */
export const PRICES_AS_OF = '2026-09-13';

/** What a unit costs, and how much of it each account has for nothing every month, for good. */
export interface Price {
  /** What is counted, for people. */
  readonly unit: string;
  /** US dollars for `per` units. */
  readonly usd: number;
  readonly per: number;
  /** Units a month that cost nothing, of a whole account, in all regions together. */
  readonly free: number;
  readonly source: string;
}

export const PRICES = {
  schedules: {
    unit: 'invocations',
    usd: 1,
    per: 1e6,
    free: 14e6,
    source: 'https://aws.amazon.com/eventbridge/pricing/',
  },
  invocations: {
    unit: 'requests',
    usd: 0.2,
    per: 1e6,
    free: 1e6,
    source: 'list; https://aws.amazon.com/lambda/pricing/',
  },
  /** Of arm64. */
  gbSeconds: {
    unit: 'GB-s',
    usd: 13.3334,
    per: 1e6,
    free: 400_000,
    source: 'list; https://aws.amazon.com/lambda/pricing/',
  },
  queueRequests: {
    unit: 'requests',
    usd: 0.4,
    per: 1e6,
    free: 1e6,
    source: 'list; infracost sqs_queue_test; https://aws.amazon.com/sqs/pricing/',
  },
  writes: {
    unit: 'write units',
    usd: 0.625,
    per: 1e6,
    free: 0,
    source: 'list; https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  reads: {
    unit: 'read units',
    usd: 0.125,
    per: 1e6,
    free: 0,
    source: 'list; https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  tableStorage: {
    unit: 'GB',
    usd: 0.25,
    per: 1,
    free: 25,
    source: 'list; infracost dynamodb_table_test',
  },
  recovery: { unit: 'GB', usd: 0.2, per: 1, free: 0, source: 'list; infracost dynamodb_table_test' },
  puts: { unit: 'PUTs', usd: 5, per: 1e6, free: 0, source: 'infracost s3_bucket_test' },
  gets: { unit: 'GETs', usd: 0.4, per: 1e6, free: 0, source: 'infracost s3_bucket_test' },
  blobStorage: { unit: 'GB', usd: 0.023, per: 1, free: 0, source: 'infracost s3_bucket_test' },
  /** What is free is meant for what is taken in, stored and searched together. */
  logs: { unit: 'GB', usd: 0.5, per: 1, free: 5, source: 'list; infracost cloudwatch_log_group_test' },
  logStorage: { unit: 'GB', usd: 0.03, per: 1, free: 0, source: 'infracost cloudwatch_log_group_test' },
  metrics: {
    unit: 'metrics',
    usd: 0.3,
    per: 1,
    free: 10,
    source: 'list; https://aws.amazon.com/cloudwatch/pricing/',
  },
  alarms: {
    unit: 'metrics of alarms',
    usd: 0.1,
    per: 1,
    free: 10,
    source: 'list; infracost cloudwatch_metric_alarm_test',
  },
  /** Questions to CloudWatch, such as DescribeAlarms. */
  watchCalls: {
    unit: 'requests',
    usd: 10,
    per: 1e6,
    free: 1e6,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
  },
  /** Plain ones, without actions: they cost nothing. */
  budgets: {
    unit: 'budgets',
    usd: 0,
    per: 1,
    free: 0,
    source: 'https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/',
  },
  monitors: {
    unit: 'monitors',
    usd: 0,
    per: 1,
    free: 0,
    source: 'https://aws.amazon.com/aws-cost-management/aws-cost-anomaly-detection/',
  },
  dashboards: { unit: 'dashboards', usd: 3, per: 1, free: 3, source: 'infracost cloudwatch_dashboard_test' },
  secrets: {
    unit: 'secrets',
    usd: 0.4,
    per: 1,
    free: 0,
    source: 'list; https://aws.amazon.com/secrets-manager/pricing/',
  },
  secretCalls: {
    unit: 'calls',
    usd: 5,
    per: 1e6,
    free: 0,
    source: 'list; https://aws.amazon.com/secrets-manager/pricing/',
  },
  /** To the internet: the first 10 TB. */
  dataOut: { unit: 'GB', usd: 0.09, per: 1, free: 100, source: 'infracost data_transfer_test' },
  dataBetween: { unit: 'GB', usd: 0.02, per: 1, free: 0, source: 'infracost data_transfer_test' },
  /** Of an HTTP API. */
  apiRequests: {
    unit: 'requests',
    usd: 1,
    per: 1e6,
    free: 0,
    source: 'list; https://aws.amazon.com/api-gateway/pricing/',
  },
  edgeRequests: {
    unit: 'requests',
    usd: 1,
    per: 1e6,
    free: 10e6,
    source: 'infracost cloudfront_distribution_test; https://aws.amazon.com/cloudfront/pricing/',
  },
  edgeOut: {
    unit: 'GB',
    usd: 0.085,
    per: 1,
    free: 1_000,
    source: 'infracost cloudfront_distribution_test; https://aws.amazon.com/cloudfront/pricing/',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;

/** Minutes of a month: 730 hours, as AWS reckons. */
export const MINUTES = 43_800;

/** https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/ counts GB as 2^30 bytes. */
export const GB = 2 ** 30;
