import { expect, it } from 'vitest';
import { acme, mistakesIn, tcp } from './kit.ts';

/** Mistakes in what a config says of the account. */

const drill = { id: 'drill', type: 'heartbeat', token: { secret: 'DRILL' } };
const backup = (source: object, more: object = {}) => ({
  id: 'backup',
  type: 'backup-freshness',
  source,
  maxAge: '26h',
  ...more,
});
const rds = { kind: 'rds', instance: 'shop' };
const keys = (source: object, more: object = {}) => ({ id: 'keys', type: 'key-rotation', source, ...more });
const home = { aws: { home: 'eu-west-1', locations: ['us-east-1'] } };
const restoreTest = { heartbeat: 'drill', maxAge: '30d' };

it.each<[string, object[], string[]]>([
  ['a restore of which a heartbeat tells', [backup(rds, { restoreTest }), drill], []],
  [
    'a heartbeat that isn’t there',
    [backup(rds, { restoreTest: { ...restoreTest, heartbeat: 'dril' } }), drill],
    ['checks[0].restoreTest.heartbeat: no check has the id "dril"; did you mean "drill"?'],
  ],
  [
    'a heartbeat that is none',
    [backup(rds, { restoreTest: { ...restoreTest, heartbeat: 'db' } }), tcp()],
    ['checks[0].restoreTest.heartbeat: "db" is no check of type "heartbeat"'],
  ],
  [
    'a look at the account more than once a minute',
    [keys({ kind: 'kms', key: 'alias/a' }, { every: '59s', timeout: '5s' })],
    ['checks[0].every: must be at least "1m" for a check of type "key-rotation"'],
  ],
  [
    'a heartbeat that calls more than once a minute',
    [{ ...drill, every: '30s', timeout: '5s' }],
    ['checks[0].every: must be at least "1m" for a check of type "heartbeat"'],
  ],
  [
    'both once a minute',
    [keys({ kind: 'kms', key: 'alias/a' }, { every: '1m' }), { ...drill, every: '1m' }],
    [],
  ],
])('%s', (_, checks, mistakes) => {
  expect(mistakesIn(acme({ checks }))).toEqual(mistakes);
});

it.each<[string, object, string]>([
  [
    'keys',
    keys({ kind: 'file', path: 'key' }, { maxAge: '1d' }),
    'a file of this machine: there is none on AWS',
  ],
  ['backups', backup({ kind: 'file', path: '*.gz' }), 'files of this machine: there are none on AWS'],
  [
    'a certificate',
    { id: 'pem', type: 'auth-expiry', source: { kind: 'pem', path: 'a.pem' } },
    'a file of this machine: there is none on AWS',
  ],
])('%s in a file can be looked at here, and not on AWS', (_, check, why) => {
  expect(mistakesIn(acme({ checks: [check] }))).toEqual([]);
  expect(mistakesIn(acme({ checks: [check], ...home }), 'aws')).toEqual([`checks[0].source: is ${why}`]);
});
