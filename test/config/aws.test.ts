import { RegionInfo } from 'aws-cdk-lib/region-info';
import { describe, expect, it } from 'vitest';
import type { Place } from '../../lib/config/compiled.ts';
import { pathText } from '../../lib/config/error.ts';
import { isOptIn, REGIONS } from '../../lib/config/regions.ts';
import { warningsOf } from '../../lib/config/warnings.ts';
import { AWS, acme, checking, compiled, mistakesIn, tcp } from './kit.ts';

const ARN = 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d';
const NO_ARN = 'must be the ARN of a certificate, such as "arn:aws:acm:us-east-1:123456789012:certificate/…"';
const NO_NAME = 'must be a host name in small letters, such as "status.acme.example"';

type Row = readonly [title: string, config: unknown, ...lines: string[]];

const table = (rows: readonly Row[], place: Place) =>
  it.each(rows.map(([title, config, ...lines]) => ({ title, config, lines })))(
    '$title',
    ({ config, lines }) => {
      expect(mistakesIn(config, place)).toEqual(lines);
    },
  );

const on = (more: object) => acme({ aws: { ...AWS, ...more } });
const at = (...locations: unknown[]) => on({ locations });
const domain = (more: object) => on({ domain: { name: 'status.acme.test', certificate: ARN, ...more } });
const narrowed = (...locations: unknown[]) => ({ ...checking({ locations }), aws: AWS });

const EITHER: readonly Row[] = [
  ['all that can be said', on({})],
  ['no more than is needed', acme({ aws: { home: 'eu-west-1', locations: ['eu-west-1'] } })],
  ['nothing but an object', acme({ aws: {} }), 'aws.home: required', 'aws.locations: required'],
  ['a word', acme({ aws: 'eu-west-1' }), 'aws: must be an object, not a string'],
  ['no location', at(), 'aws.locations: must not be empty'],
  ['12 locations', at(...REGIONS.slice(0, 12))],
  ['13 locations', at(...REGIONS.slice(0, 13)), 'aws.locations: must have at most 12 entries'],
  [
    'a location twice',
    at('us-east-1', 'eu-west-1', 'us-east-1'),
    'aws.locations[2]: "us-east-1" is listed twice',
  ],
  ['home among them', at('eu-west-1', 'us-east-1', 'sa-east-1')],
  [
    'a region that does not exist',
    at('us-east-1', 'mars'),
    'aws.locations[1]: "mars" is no AWS region that is known here',
  ],
  [
    'a zone for a region',
    on({ home: 'eu-west-1a' }),
    'aws.home: "eu-west-1a" is no AWS region that is known here; did you mean "eu-west-1"?',
  ],
  [
    'letters that change places',
    on({ serviceRegion: 'us-esat-1' }),
    'aws.serviceRegion: "us-esat-1" is no AWS region that is known here; did you mean "us-east-1"?',
  ],
  ['one machine for a region', at('local'), 'aws.locations[0]: "local" is no AWS region that is known here'],
  ...['us-gov-west-1', 'cn-north-1', 'eusc-de-east-1', 'us-isob-east-1'].map(
    (name): Row => [
      name,
      on({ home: name }),
      `aws.home: "${name}" is in a part of AWS in which Watchbill does not run`,
    ],
  ),
  [
    'a number for a region',
    on({ home: 5 }),
    'aws.home: must be the name of an AWS region, such as "eu-west-1"',
  ],
  [
    'a field that was nearly right',
    on({ dashbord: true }),
    'aws.dashbord: unknown key; did you mean "dashboard"?',
  ],
  [
    'a word for a yes',
    on({ dashboard: 'true' }),
    'aws.dashboard: must be true or false, not a string; leave out the quotes',
  ],
  [
    'a domain without its certificate',
    domain({ certificate: undefined }),
    'aws.domain.certificate: required',
  ],
  ['a certificate without its domain', domain({ name: undefined }), 'aws.domain.name: required'],
  ...['https://status.acme.test', '192.0.2.1', 'status', '*.acme.test', 'Status.acme.test', ''].map(
    (name): Row => [`"${name}" for a domain`, domain({ name }), `aws.domain.name: ${NO_NAME}`],
  ),
  ...[
    'arn:aws:iam::123456789012:server-certificate/x',
    'arn:aws:acm:us-east-1:1234:certificate/x',
    'arn:aws-cn:acm:us-east-1:123456789012:certificate/x',
    '',
  ].map(
    (certificate): Row => [
      `"${certificate}" for a certificate`,
      domain({ certificate }),
      `aws.domain.certificate: ${NO_ARN}`,
    ],
  ),
  [
    'a certificate in a region that CloudFront does not look at',
    domain({ certificate: ARN.replace('us-east-1', 'eu-west-1') }),
    'aws.domain.certificate: is in eu-west-1; CloudFront takes only certificates in us-east-1',
  ],
  ['a check in some of the locations', narrowed('us-east-1')],
  ['a check in no location', narrowed(), 'checks[0].locations: must not be empty'],
  [
    'a check in one twice',
    narrowed('us-east-1', 'us-east-1'),
    'checks[0].locations[1]: "us-east-1" is listed twice',
  ],
  [
    'a check in a region that does not exist',
    narrowed('us-east-9'),
    'checks[0].locations[0]: "us-east-9" is no AWS region that is known here; did you mean "us-east-1"?',
  ],
  [
    'a check elsewhere, by a slip',
    narrowed('us-east-2', 'ca-central-1'),
    'checks[0].locations[0]: "us-east-2" is not in "aws.locations"; did you mean "us-east-1"?',
  ],
  [
    'a check at home, where none runs',
    narrowed('eu-west-1'),
    'checks[0].locations[0]: "eu-west-1" is not in "aws.locations"',
  ],
  [
    'what may follow from another mistake is not told',
    { ...narrowed('eu-west-2'), aws: { ...AWS, locations: ['eu-wets-2'] } },
    'aws.locations[0]: "eu-wets-2" is no AWS region that is known here; did you mean "eu-west-2"?',
  ],
  [
    'everything at once',
    {
      ...on({ home: 'mars', domain: { name: 'x', certificate: 'y' } }),
      checks: [tcp({ locations: ['moon'] })],
      locations: ['local'],
    },
    'aws.home: "mars" is no AWS region that is known here',
    `aws.domain.name: ${NO_NAME}`,
    `aws.domain.certificate: ${NO_ARN}`,
    'locations: unknown key',
    'checks[0].locations[0]: "moon" is no AWS region that is known here',
  ],
];

describe('what is said of AWS, looked at on one machine (D06)', () => {
  table(
    [...EITHER, ['nothing', acme()], ['locations of a check alone', checking({ locations: ['us-east-1'] })]],
    'machine',
  );
});

const LACKING =
  'aws: required on AWS: where it is decided and where checks run, such as { "home": "eu-west-1", "locations": ["us-east-1", "ap-southeast-2", "ca-central-1"] }';

describe('what is said of AWS, looked at for a deployment (D06)', () => {
  table(
    [
      ...EITHER,
      ['nothing', acme(), LACKING],
      ['nothing, by a slip', acme({ awss: AWS }), 'awss: unknown key; did you mean "aws"?'],
      ['locations of a check alone', checking({ locations: ['us-east-1'] }), LACKING],
      ['no config at all', 'x', ': must be an object, not a string'],
    ],
    'aws',
  );
});

describe('where checks run', () => {
  const config = { ...acme({ checks: [tcp(), tcp({ id: 'eu', locations: ['ca-central-1'] })] }), aws: AWS };
  const places = (place: Place) => {
    const { locations, checks } = compiled(config, undefined, place);
    return [locations, ...checks.map((check) => check.locations)];
  };

  it('is this machine, whatever the config says of AWS', () => {
    expect(places('machine')).toEqual([['local'], ['local'], ['local']]);
  });

  it('is on AWS every location, or those that the check names', () => {
    expect(places('aws')).toEqual([AWS.locations, AWS.locations, ['ca-central-1']]);
  });

  it.each(['machine', 'aws'] as const)(
    'what is said of AWS stays as it is for %s, with its defaults',
    (place) => {
      expect(compiled(config, undefined, place).aws).toEqual(AWS);
      const least = acme({ aws: { home: 'eu-west-1', locations: ['eu-west-1'] } });
      expect(compiled(least, undefined, place).aws).toEqual({
        home: 'eu-west-1',
        locations: ['eu-west-1'],
        serviceRegion: undefined,
        domain: undefined,
        dashboard: false,
      });
    },
  );
});

describe('advice about regions', () => {
  const told = async (aws: object, place: Place = 'aws') => {
    const webhook = { url: 'https://h.test', signingKey: { secret: 'K' } };
    const config = { ...checking({ public: true }), notify: { webhook }, aws: { ...AWS, ...aws } };
    const warnings = await warningsOf(compiled(config, undefined, place), place);
    return warnings.map(({ path, message }) => `${pathText(path)}: ${message}`);
  };
  it.each<[title: string, aws: object, ...lines: string[]]>([
    ['none where all is well', {}],
    ['none where home is one of three locations', { locations: ['eu-west-1', 'us-east-1', 'sa-east-1'] }],
    [
      'home is where the service is',
      { serviceRegion: 'eu-west-1' },
      'aws.home: is the region of what is watched, too: its outage would take the watcher with it',
    ],
    [
      'home is the only location',
      { locations: ['eu-west-1'] },
      'aws.locations: are home alone: when that region is out nobody is told, and one fault there looks like an outage',
    ],
    ['one location that is not home has a watchdog at least', { locations: ['us-east-1'] }],
    [
      'an exact half is no majority',
      { locations: ['us-east-1', 'sa-east-1'] },
      'aws.locations: are two: what only one of them sees is never a page, since half is no majority; three bear that one is wrong',
    ],
    [
      'regions that must be enabled first, each once',
      { home: 'eu-south-1', locations: ['eu-south-1', 'us-east-1', 'me-south-1'] },
      'aws.home: eu-south-1 is an opt-in region: enable it for the account before you deploy; a policy that lets its SNS send to another region names sns.eu-south-1.amazonaws.com',
      'aws.locations[2]: me-south-1 is an opt-in region: enable it for the account before you deploy; a policy that lets its SNS send to another region names sns.me-south-1.amazonaws.com',
    ],
  ])('%s', async (_, aws, ...lines) => {
    expect(await told(aws)).toEqual(lines);
  });

  it('is not given on one machine, which has an address of its own to worry about', async () => {
    expect(await told({ locations: ['eu-south-1'] }, 'machine')).toEqual([
      expect.stringMatching(/^statusPage\.url: is not set/),
    ]);
  });
});

describe('the regions', () => {
  const known = new Map(
    RegionInfo.regions.filter(({ partition }) => partition === 'aws').map((info) => [info.name, info]),
  );

  it('are 34, each of which the CDK knows as a commercial one, opt-in or not', () => {
    expect(REGIONS).toHaveLength(34);
    expect(new Set(REGIONS).size).toBe(34);
    expect(REGIONS.map((name) => [name, isOptIn(name)])).toEqual(
      REGIONS.map((name) => [name, known.get(name)?.isOptInRegion]),
    );
  });
});
