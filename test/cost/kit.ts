import { compile } from '../../lib/config/compile.ts';
import type { OnAws } from '../../lib/cost/fleet.ts';

/** The three locations of the figures in the docs; home is one of them. */
const LOCATIONS = ['eu-west-1', 'us-east-1', 'ap-southeast-2'];

export interface Installation {
  readonly checks: number;
  readonly locations?: readonly string[];
  /** Of each check in place of what it would have. */
  readonly check?: object;
  /** In place of what the config would have. */
  readonly rest?: object;
}

/** A config of so many https checks, each every minute at each location, with PagerDuty to tell. */
export function installationOf({ checks, locations = LOCATIONS, check, rest }: Installation): OnAws {
  const input = {
    name: 'Acme shop',
    aws: { home: locations[0], locations },
    checks: Array.from({ length: checks }, (_, n) => ({
      id: `check-${n}`,
      type: 'http',
      url: `https://${n}.acme.test/`,
      ...check,
    })),
    notify: { pagerduty: { routingKey: { secret: 'PD_KEY' } } },
    ...rest,
  };
  const compiled = compile(input, () => '', 'aws');
  if (!('config' in compiled) || !compiled.config.aws) throw new Error(JSON.stringify(compiled));
  return { ...compiled.config, aws: compiled.config.aws };
}
