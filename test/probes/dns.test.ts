import type { Answer } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { compile } from '../../lib/config/compile.ts';
import { pathText } from '../../lib/config/error.ts';
import { createNet } from '../../lib/net/create.ts';
import type { Clock } from '../../lib/ports.ts';
import { dns } from '../../lib/probes/dns.ts';
import type { Finding } from '../../lib/reading.ts';
import { VirtualClock } from '../kit/clock.ts';
import {
  type Asked,
  a,
  cname,
  cnameChain,
  type DnsServer,
  type DnsServerOptions,
  manyA,
  type Reply,
  type Script,
  startDnsServer,
  type Zone,
} from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';

countSections();

type DnsCheck = Parameters<typeof dns.run>[0];

const servers: DnsServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve(script: Zone | Script, options: DnsServerOptions = {}): Promise<DnsServer> {
  const server = await startDnsServer(script, options);
  servers.push(server);
  return server;
}

/** A check as a user writes it, compiled. */
function checked(fields: object, allow = ['127.0.0.0/8', '::1/128']) {
  const check = { id: 'apex', type: 'dns', name: 'acme.test', ...fields };
  return compile({ name: 'Acme', network: { allow }, checks: [check] }, () => '');
}

function check(fields: object): DnsCheck {
  const compiled = checked(fields);
  if ('mistakes' in compiled) throw new Error(JSON.stringify(compiled.mistakes));
  return compiled.config.checks[0] as DnsCheck;
}

function mistakes(fields: object, allow?: string[]): string[] {
  const compiled = checked(fields, allow);
  if (!('mistakes' in compiled)) return [];
  return compiled.mistakes.map(({ path, message }) => `${pathText(path)}: ${message}`);
}

interface Setting {
  readonly clock?: Clock;
  /** The system's name servers. */
  readonly system?: readonly string[];
  readonly allow?: readonly string[];
  readonly signal?: AbortSignal;
}

function run(one: DnsCheck, setting: Setting = {}): Promise<Finding> {
  const { clock = systemClock, allow = ['127.0.0.0/8', '::1/128'], system = ['127.0.0.1:1'] } = setting;
  const net = createNet({ clock, allow, self: [], servers: system });
  const secret = () => Promise.reject(new Error('no secret here'));
  const signal = setting.signal ?? new AbortController().signal;
  return dns.run(one, { net, clock, signal, secret, deadline: clock.monotonic() + one.timeout });
}

/** What a check with a resolver of its own finds. */
async function judged(script: Zone | Script, fields: object = {}): Promise<Finding> {
  const { address } = await serve(script);
  return run(check({ resolver: address, ...fields }));
}

const mx = (preference: number, exchange: string): Answer => ({
  type: 'MX',
  name: 'acme.test',
  ttl: 60,
  data: { preference, exchange },
});
const root: Reply = { answers: [{ type: 'NS', name: '.', data: 'a.root-servers.net', ttl: 60 }] };

describe('a dns check', () => {
  it('is up when the name has a record of the type, and tells what it saw', async () => {
    const server = await serve({
      'A acme.test': { answers: [a('acme.test', '192.0.2.10', 300)], authoritative: true },
    });
    const finding = await run(check({ resolver: server.address }));
    expect(finding).toEqual({
      status: 'up',
      reasons: [],
      message: '',
      latencyMs: expect.any(Number),
      phases: { dns: finding.latencyMs },
      facts: {
        answers: ['192.0.2.10'],
        ttl: 300,
        rcode: 'NOERROR',
        server: server.address,
        authoritative: true,
        transport: 'udp',
      },
    });
  });

  it('says what it watches', () => {
    expect(check({}).target).toBe('A acme.test');
    expect(check({ resolver: '127.0.0.1:5353' }).target).toBe('A acme.test at 127.0.0.1:5353');
    expect(check({ record: 'MX', name: 'Bücher.test.', resolver: '::1' }).target).toBe(
      'MX xn--bcher-kva.test at [::1]:53',
    );
  });

  it('sees the ten first records of 200, over TCP', async () => {
    const finding = await judged(({ transport }) =>
      transport === 'udp' ? { truncated: true } : { answers: manyA('acme.test', 200) },
    );
    expect(finding).toMatchObject({ status: 'up', facts: { transport: 'tcp', answers: { length: 10 } } });
  });

  it('keeps a reading small, however much it is told', async () => {
    const data = Array.from({ length: 250 }, () => 'x'.repeat(255));
    const long: Answer = { type: 'TXT', name: 'acme.test', data };
    const finding = await judged(
      ({ transport }) => (transport === 'udp' ? { truncated: true } : { answers: [long] }),
      {
        record: 'TXT',
        expect: { includes: 'v=spf1 -all' },
      },
    );
    expect(finding).toMatchObject({ status: 'down', reasons: ['dns_mismatch'] });
    expect(finding.message).toMatch(/^TXT v=spf1 -all is missing; there is x{254}…\.$/);
    expect(JSON.stringify(finding).length).toBeLessThan(1_000);
  });

  it('follows the aliases in the answer', async () => {
    const finding = await judged(
      { 'A acme.test': { answers: [a('web.test', '192.0.2.10'), cname('acme.test', 'WEB.test')] } },
      { expect: { equals: ['192.0.2.10'] } },
    );
    expect(finding).toMatchObject({ status: 'up', facts: { answers: ['192.0.2.10'] } });
  });

  it('does not follow an alias when it asks for the alias', async () => {
    const answers = [cname('acme.test', 'web.test'), cname('web.test', 'host.test')];
    const finding = await judged(
      { 'CNAME acme.test': { answers } },
      { record: 'CNAME', expect: { equals: ['web.test.'] } },
    );
    expect(finding).toMatchObject({ status: 'up', facts: { answers: ['web.test'] } });
  });

  it('takes no record of another name for one of its own', async () => {
    const finding = await judged({ 'A acme.test': { answers: [a('other.test', '192.0.2.10')] } });
    expect(finding).toMatchObject({ status: 'down', reasons: ['dns_nodata'] });
  });

  it('is unknown when the policy forbids the resolver, and asks nothing', async () => {
    const server = await serve({});
    const finding = await run(check({ resolver: server.address }), { allow: [] });
    expect(finding).toMatchObject({ status: 'unknown', reasons: ['target_refused'] });
    expect(server.asked).toEqual([]);
  });

  it('finds a resolver by its name', async () => {
    const server = await serve({ 'A acme.test': { answers: [a('acme.test', '192.0.2.10')] } });
    const finding = await run(check({ resolver: `localhost:${server.port}` }));
    expect(finding).toMatchObject({ status: 'up', facts: { server: server.address } });
  });
});

describe('what is expected of the records', () => {
  const zone: Zone = {
    'A acme.test': { answers: [a('acme.test', '192.0.2.10', 300), a('acme.test', '192.0.2.11', 600)] },
    'MX acme.test': { answers: [mx(10, 'mail.acme.test'), mx(20, 'backup.acme.test')] },
    'TXT acme.test': {},
  };
  const missing = 'A 192.0.2.12 is missing; there is 192.0.2.10, 192.0.2.11.';

  it.each<[object, string[], string]>([
    [{ includes: '192.0.2.10' }, [], ''],
    [{ includes: ['192.0.2.11', '192.0.2.10'] }, [], ''],
    [{ includes: '192.0.2.12' }, ['dns_mismatch'], missing],
    [{ includes: '192.0.2.1' }, ['dns_mismatch'], 'A 192.0.2.1 is missing; there is 192.0.2.10, 192.0.2.11.'],
    [{ equals: ['192.0.2.11', '192.0.2.10'] }, [], ''],
    [{ equals: ['192.0.2.10'] }, ['dns_mismatch'], 'A 192.0.2.11 should not be there.'],
    [
      { equals: ['192.0.2.10', '192.0.2.12'] },
      ['dns_mismatch'],
      `${missing} A 192.0.2.11 should not be there.`,
    ],
    [{ equals: [] }, ['dns_mismatch'], 'A 192.0.2.10, 192.0.2.11 should not be there.'],
    [{ excludes: '192.0.2.12' }, [], ''],
    [{ excludes: ['192.0.2.11'] }, ['dns_mismatch'], 'A 192.0.2.11 should not be there.'],
    [{ ttlAtMost: '10m' }, [], ''],
    [{ ttlAtMost: '599s' }, ['ttl_too_long'], 'The TTL is 600 s, more than 599 s.'],
    [
      { includes: '192.0.2.12', excludes: '192.0.2.10', ttlAtMost: '5m' },
      ['dns_mismatch', 'ttl_too_long'],
      `${missing} A 192.0.2.10 should not be there. The TTL is 600 s, more than 300 s.`,
    ],
    [
      { rcode: 'NXDOMAIN' },
      ['dns_mismatch'],
      'acme.test should be answered with NXDOMAIN and has 192.0.2.10, 192.0.2.11.',
    ],
  ])('%j gives %j', async (wanted, reasons, message) => {
    const finding = await judged(zone, { expect: wanted });
    const [worst] = reasons;
    const status = worst === undefined ? 'up' : worst === 'ttl_too_long' ? 'degraded' : 'down';
    expect(finding).toMatchObject({ status, reasons, message });
  });

  it.each([
    [['10 Mail.Acme.test.', '20 backup.acme.test'], 'up'],
    [['10 mail.acme.test', '21 backup.acme.test'], 'down'],
  ])('compares MX records %j as what they mean', async (equals, status) => {
    expect(await judged(zone, { record: 'MX', expect: { equals } })).toMatchObject({ status });
  });

  it('names ten records in a message, and says how many more there are', async () => {
    const many = { 'A acme.test': { answers: manyA('acme.test', 15) } };
    const { message } = await judged(many, { expect: { includes: '192.0.2.200' } });
    expect(message).toMatch(/there is (192\.0\.2\.\d, ){9}192\.0\.2\.9 and 5 more\.$/);
  });

  it('expects no record at all', async () => {
    expect(await judged(zone, { record: 'TXT', expect: { equals: [] } })).toMatchObject({
      status: 'up',
      facts: { answers: [], ttl: null, rcode: 'NOERROR' },
    });
  });

  it.each(['NXDOMAIN', 'SERVFAIL', 'REFUSED'] as const)('expects %s', async (rcode) => {
    expect(await judged(() => ({ rcode }), { expect: { rcode } })).toMatchObject({
      status: 'up',
      facts: { rcode },
    });
  });

  it('names the failure when another one was expected', async () => {
    const finding = await judged(() => ({ rcode: 'SERVFAIL' }), { expect: { rcode: 'NXDOMAIN' } });
    expect(finding).toMatchObject({ status: 'down', reasons: ['dns_servfail'] });
  });
});

const refusal =
  (rcode: NonNullable<Reply['rcode']>): Script =>
  () => ({ rcode });

/** Answers of a name server that are no help: the case of the catalogue, the reason, and the message. */
const failures: readonly [string, Script, string, string][] = [
  ['A13 NXDOMAIN', refusal('NXDOMAIN'), 'dns_nxdomain', 'acme.test does not exist.'],
  ['A13 SERVFAIL', refusal('SERVFAIL'), 'dns_servfail', 'The name server answered SERVFAIL for acme.test.'],
  ['A13 REFUSED', refusal('REFUSED'), 'dns_refused', 'The name server answered REFUSED for acme.test.'],
  ['A13 NODATA', () => ({}), 'dns_nodata', 'acme.test has no A record.'],
  [
    'A13 NODATA behind an alias',
    () => ({ answers: [cname('acme.test', 'web.test')] }),
    'dns_nodata',
    'acme.test has no A record.',
  ],
  ['A13 FORMERR', refusal('FORMERR'), 'dns_error', 'The name server answered FORMERR for acme.test.'],
  [
    'A16 a circle of aliases',
    () => ({ answers: [cname('acme.test', 'emca.test'), cname('emca.test', 'acme.test')] }),
    'dns_error',
    'acme.test has more than 16 aliases in a row.',
  ],
  [
    'A16 an alias of itself',
    () => ({ answers: [cname('acme.test', 'acme.test')] }),
    'dns_error',
    'acme.test has more than 16 aliases in a row.',
  ],
  [
    'A16 a chain of 20 aliases',
    () => ({ answers: [...cnameChain('acme.test', 20), a('20.acme.test', '192.0.2.10')] }),
    'dns_error',
    'acme.test has more than 16 aliases in a row.',
  ],
];

describe('a resolver of its own is what the check judges', () => {
  it.each(failures)('%s is its failure', async (_, script, reason, message) => {
    expect(await judged(script)).toMatchObject({ status: 'down', reasons: [reason], message });
  });

  it('A16 a chain of 16 aliases is fine', async () => {
    const answers = [...cnameChain('acme.test', 16), a('16.acme.test', '192.0.2.10')];
    expect(await judged(() => ({ answers }))).toMatchObject({ status: 'up' });
  });

  it('A14 its silence is dns_timeout at the time-out of the check, which 50 other probes do not feel', async () => {
    const silent = await serve(() => []);
    const server = await serve(({ name }) => ({ answers: [a(name, '192.0.2.10')] }));
    const clock = new VirtualClock();
    const hung = run(check({ resolver: silent.address, timeout: '3s' }), { clock });
    await silent.received(1);
    const healthy = check({ resolver: server.address });
    const others = Array.from({ length: 50 }, () => run(healthy, { clock }));
    expect((await Promise.all(others)).every(({ status }) => status === 'up')).toBe(true);
    expect(clock.monotonic()).toBe(0);
    await clock.advance(3_000);
    expect(await hung).toMatchObject({
      status: 'down',
      reasons: ['dns_timeout'],
      message: `The name server ${silent.address} did not answer in time.`,
      latencyMs: 3_000,
      phases: { dns: 3_000 },
      facts: { server: silent.address },
    });
    expect(clock.pending).toBe(0);
  });

  it('A14 50 checks of a silent resolver end together', async () => {
    const silent = await serve(() => []);
    const clock = new VirtualClock();
    const one = check({ resolver: silent.address, timeout: '3s' });
    const hung = Array.from({ length: 50 }, () => run(one, { clock }));
    await silent.received(50);
    await clock.advance(3_000);
    const findings = await Promise.all(hung);
    expect(new Set(findings.map(({ reasons, latencyMs }) => `${reasons} ${latencyMs}`))).toEqual(
      new Set(['dns_timeout 3000']),
    );
    await silent.received(100);
    expect(clock.pending).toBe(0);
  });

  it('A15 a truncated answer is dns_error when TCP is refused', async () => {
    const server = await serve(() => ({ truncated: true }), { tcp: 'refused' });
    expect(await run(check({ resolver: server.address }))).toMatchObject({
      status: 'down',
      reasons: ['dns_error'],
    });
  });

  it('A18 forged answers are not what the check sees', async () => {
    const lie: Reply = { answers: [a('acme.test', '203.0.113.66')] };
    const right: Reply = { answers: [a('acme.test', '192.0.2.10')] };
    const lies = [
      { ...lie, idOffset: 1 },
      { ...lie, forged: true },
      { ...lie, questions: [] },
    ];
    expect(await judged(() => [...lies, right, lie], { expect: { equals: ['192.0.2.10'] } })).toMatchObject({
      status: 'up',
      facts: { answers: ['192.0.2.10'] },
    });
  });

  it('a closed port is connect_refused', async () => {
    const closed = await startDnsServer({});
    await closed.close();
    expect(await run(check({ resolver: closed.address }))).toMatchObject({
      status: 'down',
      reasons: ['connect_refused'],
    });
  });
});

describe("the system's name servers are not what the check judges", () => {
  /** What a check finds on a system whose name servers answer like this. */
  async function found(script: Script): Promise<Finding> {
    const server = await serve(script);
    const clock = new VirtualClock();
    const finding = run(check({}), { clock, system: [server.address] });
    await server.received(1);
    if (script(server.asked[0] as Asked) === SILENCE) {
      await clock.advance(5_000); // half of the ten seconds, in which it was asked twice
      await server.received(3);
      await clock.advance(2_500); // half of what was left, for the control question
    }
    return finding;
  }

  const SILENCE: readonly Reply[] = [];
  const silence = ['A14 silence', () => SILENCE, 'dns_timeout', 'did not answer in time.'] as const;

  it.each([...failures, silence])(
    '%s is the failure of the name while they answer others',
    async (_, script, reason, message) => {
      const finding = await found((asked) => (asked.name === '.' ? root : script(asked)));
      expect(finding).toMatchObject({
        status: 'down',
        reasons: [reason],
        message: expect.stringContaining(message),
      });
    },
  );

  it.each([...failures.filter(([title]) => title.startsWith('A13') && !title.includes('alias')), silence])(
    '%s is our own fault when they say it to everything',
    async (_, script) => {
      expect(await found(script)).toMatchObject({
        status: 'unknown',
        reasons: ['self_dns'],
        message: 'Our name servers fail for this name and for everything else.',
      });
    },
  );

  it('A13 NXDOMAIN is not believed of name servers that say it to everything, even where it is expected', async () => {
    const server = await serve(() => ({ rcode: 'NXDOMAIN' }));
    const finding = await run(check({ expect: { rcode: 'NXDOMAIN' } }), { system: [server.address] });
    expect(finding).toMatchObject({ status: 'unknown', reasons: ['self_dns'] });
  });

  it('A14 closed ones are our own fault', async () => {
    const closed = await startDnsServer({});
    await closed.close();
    const finding = await run(check({}), { system: [closed.address] });
    expect(finding).toMatchObject({ status: 'unknown', reasons: ['self_dns'] });
  });

  it('are asked in turn, until one helps', async () => {
    const failing = await serve(() => ({ rcode: 'SERVFAIL' }));
    const silent = await serve(() => []);
    const working = await serve({ 'A acme.test': { answers: [a('acme.test', '192.0.2.10')] } });
    const clock = new VirtualClock();
    const system = [failing, silent, working].map(({ address }) => address);
    const finding = run(check({}), { clock, system });
    await silent.received(1);
    await clock.advance(2_500); // half of the five seconds for the two that are left
    expect(await finding).toMatchObject({ status: 'up', facts: { server: working.address } });
  });

  it('are passed over where they are closed', async () => {
    const closed = await startDnsServer({});
    await closed.close();
    const working = await serve({ 'A acme.test': { answers: [a('acme.test', '192.0.2.10')] } });
    const finding = await run(check({}), { system: [closed.address, working.address] });
    expect(finding).toMatchObject({ status: 'up', facts: { server: working.address } });
  });

  it('need no entry in network.allow', async () => {
    const server = await serve({ 'A acme.test': { answers: [a('acme.test', '192.0.2.10')] } });
    const finding = await run(check({}), { system: [server.address], allow: [] });
    expect(finding).toMatchObject({ status: 'up' });
  });
});

describe('the config of a dns check', () => {
  const label = (length: number) => 'a'.repeat(length);
  const long = `${`${label(49)}.`.repeat(5)}abc`; // 253 characters

  it.each([
    ['acme.test', 'acme.test'],
    ['ACME.Test', 'acme.test'],
    ['acme.test.', 'acme.test'],
    ['bücher.test', 'xn--bcher-kva.test'],
    ['xn--bcher-kva.test', 'xn--bcher-kva.test'],
    ['_dmarc.acme.test', '_dmarc.acme.test'],
    ['_sip._tcp.acme.test', '_sip._tcp.acme.test'],
    ['10.2.0.192.in-addr.arpa', '10.2.0.192.in-addr.arpa'],
    ['r3---sn.acme.test', 'r3---sn.acme.test'],
    [`${label(63)}.test`, `${label(63)}.test`],
    [long, long],
    [`${long}.`, long],
  ])('A21 accepts the name %j', async (name, asked) => {
    const server = await serve(({ name }) => ({ answers: [a(name, '192.0.2.10')] }));
    const one = check({ name, resolver: server.address });
    expect(one.name).toBe(asked);
    expect(await run(one)).toMatchObject({ status: 'up' });
    expect(server.asked.map((question) => question.name)).toEqual([asked]);
  });

  it.each([
    '',
    '.',
    'acme..test',
    '.acme.test',
    'acme.test..',
    'acme test',
    'acme.test/path',
    'acme.test:53',
    '192.0.2.10',
    '127.1',
    '[::1]',
    '2001:db8::1',
    '*.acme.test',
    'a%2eb.test',
    'acme\u0000.test',
    `${label(64)}.test`,
    `${long}d`,
    `${'ü'.repeat(60)}.test`,
  ])('A21 refuses the name %j', async (name) => {
    const [mistake] = mistakes({ name });
    expect(mistake).toContain('checks[0].name: ');
    const server = await serve({});
    const finding = await run({ ...check({ resolver: server.address }), name });
    expect(finding).toMatchObject({ status: 'down', reasons: ['dns_error'] });
    expect(server.asked).toEqual([]);
  });

  it.each<[object, unknown]>([
    [{ record: 'PTR' }, expect.stringContaining('checks[0].record: "PTR" is not "A", "AAAA"')],
    [
      { expect: { includes: 'acme.test' } },
      'checks[0].expect.includes: "acme.test" is not what a record of type A looks like',
    ],
    [
      { record: 'MX', expect: { equals: ['10 mail.acme.test', 'mail.acme.test'] } },
      'checks[0].expect.equals: "mail.acme.test" is not what a record of type MX looks like',
    ],
    [
      { expect: { rcode: 'NXDOMAIN', includes: '192.0.2.10' } },
      'checks[0].expect.rcode: with NXDOMAIN there are no records to expect',
    ],
    [
      { expect: { rcode: 'NXDOMAIN', equals: [] } },
      'checks[0].expect.rcode: with NXDOMAIN there are no records to expect',
    ],
    [
      { expect: { rcode: 'NXDOMAIN', ttlAtMost: '0s' } },
      'checks[0].expect.rcode: with NXDOMAIN there are no records to expect',
    ],
  ])('%j is a mistake', (fields, message) => {
    expect(mistakes(fields)).toEqual([message]);
  });

  it('refuses a private resolver that network.allow does not list', () => {
    expect(mistakes({ resolver: '127.0.0.1:5353' }, [])).toEqual([
      expect.stringContaining('checks[0].resolver: '),
    ]);
    expect(mistakes({ resolver: '127.0.0.1:5353' }, ['127.0.0.0/8'])).toEqual([]);
  });
});
