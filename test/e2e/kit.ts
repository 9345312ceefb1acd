import { Place } from '../kit/cli.ts';
import type { PagerDuty } from '../kit/pagerduty.ts';
import type { Service } from '../kit/service.ts';

export const ROUTING_KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';

/** One service, paged for. Everything is as short as a config allows, for these tests run in real time. */
export const configOf = (service: Service, pagerDuty: PagerDuty) => ({
  name: 'Acme',
  network: { allow: ['127.0.0.0/8'] },
  judge: { tries: 3, over: '2s' },
  checks: [{ id: 'api', type: 'http', url: service.url, every: '5s', timeout: '1s', public: true }],
  notify: { pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url } },
  statusPage: { url: 'https://status.acme.test/' },
});

export const placeOf = (config: unknown, env: Readonly<Record<string, string>> = {}): Promise<Place> =>
  Place.make(config, { PD_KEY: ROUTING_KEY, ...env });

export interface Summary {
  readonly status: string;
  readonly checks: readonly { readonly id: string; readonly status: string }[];
  readonly incidents: readonly { readonly title: string; readonly resolvedAt: string | null }[];
  readonly platform: { readonly banners: readonly string[] };
}

/** What the operator's API says now. */
export async function summaryOf(url: string): Promise<Summary> {
  return (await (await fetch(`${url}/api/v1/operator`)).json()) as Summary;
}

export const statusOf = async (url: string): Promise<string | undefined> =>
  (await summaryOf(url)).checks[0]?.status;

/** What PagerDuty accepted, in order. */
export const actionsAt = ({ ledger }: PagerDuty): string[] =>
  ledger.accepted.map(({ event }) => event.event_action);
