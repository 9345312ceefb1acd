import { expect, it } from 'vitest';
import type { Route } from '../lib/config/compiled.ts';
import { routed } from '../lib/routes.ts';

const ALARM = { source: 'cloudwatch', name: 'checkout-5xx', severity: 'page' } as const;
const to = (match: Route['match'], more: Omit<Route, 'match'>): Route => ({ match, ...more });

it.each<[string, Route[], object]>([
  ['without any: as it is, to everyone', [], { severity: 'page' }],
  ['that match nothing', [to({ source: 'budgets' }, { severity: 'none' })], { severity: 'page' }],
  ['by source', [to({ source: 'cloudwatch' }, { severity: 'ticket' })], { severity: 'ticket' }],
  [
    'by how bad it is',
    [to({ severity: 'page' }, { notify: ['webhook'] })],
    { severity: 'page', notify: ['webhook'] },
  ],
  ['by name, whatever its case', [to({ name: 'CHECKOUT-*' }, { severity: 'none' })], { severity: 'none' }],
  ['by the whole name', [to({ name: 'checkout' }, { severity: 'none' })], { severity: 'page' }],
  [
    'by a name in which a dot is a dot',
    [to({ name: 'checkout.5xx' }, { severity: 'none' })],
    { severity: 'page' },
  ],
  [
    'of which all must be so',
    [to({ source: 'cloudwatch', name: 'other' }, { severity: 'none' })],
    { severity: 'page' },
  ],
  [
    'of which the first counts',
    [to({ name: '*' }, { severity: 'ticket' }), to({ name: 'checkout-5xx' }, { severity: 'none' })],
    { severity: 'ticket' },
  ],
  ['for everything', [to({}, { notify: ['webhook'] })], { severity: 'page', notify: ['webhook'] }],
])('routes %s', (_, routes, expected) => {
  expect(routed(routes, ALARM)).toEqual(expected);
});
