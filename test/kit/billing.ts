import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { onLoopback } from './front.ts';

/**
 * Cost Explorer and Budgets as their API references describe them, for what no emulator has: strict about what is asked.
 * https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/
 */
export interface Billing {
  readonly endpoint: string;
  /** `ce:GetCostForecast`, in the order in which they came. */
  readonly actions: string[];
  /** What it answers instead, by the name of an error. */
  refuse: (action: string) => string | undefined;
  close(): Promise<void>;
}

export interface BillingData {
  /** Today, `2026-11-27`. */
  readonly today: string;
  /** What each day from the first of the month on has cost. */
  readonly days: readonly string[];
  readonly forecast: string | undefined;
  readonly budgets: readonly object[];
  readonly notifications: Readonly<Record<string, readonly object[]>>;
  readonly anomalies: readonly object[];
  /** How many of a listing one page has. */
  readonly page?: number;
}

const ACCOUNT = '123456789012';
const DAY_MS = 86_400_000;
const day = z.iso.date();
const shifted = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);

/** An error of the API, by its name. */
class Refusal extends Error {}

export async function startBilling(data: BillingData): Promise<Billing> {
  const server = createServer(async (req, res) => {
    const body = String(await buffer(req));
    const service =
      /Credential=[^/]+\/\d+\/([\w-]+\/[\w-]+)\//.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const target =
      String(req.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const [region = '', name = ''] = service.split('/');
    const action = `${name}:${target || new URLSearchParams(body).get('Action')}`;
    billing.actions.push(action);
    const say = (status: number, type: string, text: string) =>
      void res.writeHead(status, { 'content-type': type }).end(text);
    if (action === 'sts:GetCallerIdentity' && billing.refuse(action) === undefined)
      return say(
        200,
        'text/xml',
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    const json = 'application/x-amz-json-1.1';
    try {
      const refused = billing.refuse(action);
      if (refused !== undefined) throw new Refusal(refused);
      if (region !== 'us-east-1') throw new Refusal(`UnknownEndpoint in ${region}`);
      return say(200, json, JSON.stringify(answer(action, JSON.parse(body), data)));
    } catch (error) {
      const type = error instanceof Refusal ? error.message : 'ValidationException';
      return say(400, json, JSON.stringify({ __type: type, message: 'a signature and a token' }));
    }
  });
  const billing: Billing = { ...(await onLoopback(server)), actions: [], refuse: () => undefined };
  return billing;
}

const money = (Amount: string) => ({ Amount, Unit: 'USD' });

function answer(action: string, asked: unknown, data: BillingData): object {
  const { today, days, page = 100 } = data;
  const first = `${today.slice(0, 8)}01`;
  const next = shifted(`${first.slice(0, 8)}28`, 4).slice(0, 8);
  switch (action) {
    case 'ce:GetCostAndUsage': {
      const { TimePeriod } = z
        .strictObject({
          TimePeriod: z.strictObject({ Start: z.literal(first), End: z.literal(shifted(today, 1)) }),
          Granularity: z.literal('DAILY'),
          Metrics: z.tuple([z.literal('UnblendedCost')]),
        })
        .parse(asked);
      return {
        ResultsByTime: days.map((Amount, i) => ({
          TimePeriod: { Start: shifted(TimePeriod.Start, i), End: shifted(TimePeriod.Start, i + 1) },
          Total: { UnblendedCost: money(Amount) },
          Groups: [],
          Estimated: true,
        })),
      };
    }
    case 'ce:GetCostForecast': {
      z.strictObject({
        TimePeriod: z.strictObject({ Start: z.literal(today), End: z.literal(`${next}01`) }),
        Granularity: z.literal('MONTHLY'),
        Metric: z.literal('UNBLENDED_COST'),
      }).parse(asked);
      if (data.forecast === undefined) throw new Refusal('DataUnavailableException');
      return { Total: money(data.forecast), ForecastResultsByTime: [] };
    }
    case 'ce:GetAnomalies': {
      const { DateInterval, NextPageToken } = z
        .strictObject({
          DateInterval: z.strictObject({ StartDate: day }),
          NextPageToken: z.string().optional(),
        })
        .parse(asked);
      const from = Number(NextPageToken ?? 0);
      const all = data.anomalies.filter(
        (one) => String(Object(one).AnomalyEndDate ?? today) >= DateInterval.StartDate,
      );
      return {
        Anomalies: all.slice(from, from + page),
        ...(from + page < all.length && { NextPageToken: `${from + page}` }),
      };
    }
    case 'budgets:DescribeBudgets': {
      const { NextToken } = z
        .strictObject({
          AccountId: z.literal(ACCOUNT),
          MaxResults: z.int().max(1_000),
          NextToken: z.string().optional(),
        })
        .parse(asked);
      const from = Number(NextToken ?? 0);
      return {
        Budgets: data.budgets.slice(from, from + page),
        ...(from + page < data.budgets.length && { NextToken: `${from + page}` }),
      };
    }
    case 'budgets:DescribeNotificationsForBudget': {
      const { BudgetName } = z
        .strictObject({ AccountId: z.literal(ACCOUNT), BudgetName: z.string() })
        .parse(asked);
      return { Notifications: data.notifications[BudgetName] ?? [] };
    }
    default:
      throw new Refusal('UnknownOperationException');
  }
}
