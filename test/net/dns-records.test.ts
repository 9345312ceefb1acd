import type { Answer } from 'dns-packet';
import * as dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../lib/net/dns-message.ts';
import { parseRecord, RECORD_TYPES, type RecordType } from '../../lib/net/dns-records.ts';

const RUNS = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 300) };

const name = 'acme.test';
const ttl = 60;
const message = (answers: Answer[]): Buffer => dnsPacket.encode({ type: 'response', answers });
const textOf = (answer: Answer): string | undefined => readAnswer(message([answer])).records[0]?.text;

describe('a record', () => {
  const soa = {
    mname: 'ns1.acme.test',
    rname: 'host.master.acme.test',
    serial: 2026112501,
    refresh: 7200,
    retry: 3600,
    expire: 1209600,
    minimum: 300,
  };
  const caa = (tag: 'issue' | 'issuewild' | 'iodef', value: string, flags = 0) => ({ flags, tag, value });

  it.each<[Answer, string]>([
    [{ type: 'A', name, ttl, data: '192.0.2.10' }, '192.0.2.10'],
    [{ type: 'AAAA', name, ttl, data: '2001:db8:0:0:1:0:0:1' }, '2001:db8::1:0:0:1'],
    [{ type: 'AAAA', name, ttl, data: '::' }, '::'],
    [{ type: 'CNAME', name, ttl, data: 'Web.Acme.TEST.' }, 'web.acme.test'],
    [{ type: 'MX', name, ttl, data: { preference: 10, exchange: 'mail.acme.test' } }, '10 mail.acme.test'],
    [{ type: 'MX', name, ttl, data: { preference: 0, exchange: '.' } }, '0 .'],
    [{ type: 'NS', name, ttl, data: 'ns1.acme.test' }, 'ns1.acme.test'],
    [{ type: 'TXT', name, ttl, data: 'v=spf1 -all' }, 'v=spf1 -all'],
    [{ type: 'TXT', name, ttl, data: ['v=DKIM1; p=MIIB', 'IjAN'] }, 'v=DKIM1; p=MIIBIjAN'],
    [{ type: 'TXT', name, ttl, data: 'grüße ☃ "x" \\' }, 'grüße ☃ "x" \\'],
    [{ type: 'TXT', name, ttl, data: '' }, ''],
    [{ type: 'TXT', name, ttl, data: 'a\u001b[31m\u202eb\n' }, 'a\\027[31m\\226\\128\\174b\\010'],
    [
      { type: 'SRV', name, ttl, data: { priority: 10, weight: 60, port: 443, target: 'sip.acme.test' } },
      '10 60 443 sip.acme.test',
    ],
    [{ type: 'CAA', name, ttl, data: caa('issue', 'ca.test; account=1') }, '0 issue "ca.test; account=1"'],
    [{ type: 'CAA', name, ttl, data: caa('iodef', '', 128) }, '128 iodef ""'],
    [
      { type: 'SOA', name, ttl, data: soa },
      'ns1.acme.test host.master.acme.test 2026112501 7200 3600 1209600 300',
    ],
  ])('%j reads %j', (answer, text) => {
    expect(textOf(answer)).toBe(text);
  });

  it('covers every type that can be asked for', () => {
    expect(RECORD_TYPES).toEqual(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SRV', 'CAA', 'SOA']);
  });

  it('has its name in lower case, and no TTL above 2^31 - 1', () => {
    const answers: Answer[] = [{ type: 'A', name: 'ACME.test', data: '192.0.2.1', ttl: 2 ** 31 }];
    expect(readAnswer(message(answers)).records).toEqual([
      { name: 'acme.test', type: 'A', text: '192.0.2.1', ttl: 0 },
    ]);
  });

  it('is passed over when its type or its class is another', () => {
    const answers: Answer[] = [
      { type: 'HINFO', name, data: { cpu: 'x', os: 'y' } },
      { type: 'A', name, class: 'CH', data: '192.0.2.1' },
      { type: 'A', name, data: '192.0.2.2' },
    ];
    expect(readAnswer(message(answers)).records).toMatchObject([{ text: '192.0.2.2' }]);
  });

  it('shows a dot inside of a label, and bytes that are no letters, escaped', () => {
    const bytes = message([{ type: 'NS', name, data: 'abcd.test' }]);
    bytes.write('a.\\\u00ff', bytes.length - 10, 'latin1');
    expect(readAnswer(bytes).records).toMatchObject([{ text: 'a\\.\\\\\\255.test' }]);
  });
});

describe('a record as people write it', () => {
  it.each<[RecordType, string, string | undefined]>([
    ['A', '192.0.2.10', '192.0.2.10'],
    ['A', '127.1', undefined],
    ['A', '2001:db8::1', undefined],
    ['A', '', undefined],
    ['AAAA', '2001:DB8:0::1', '2001:db8::1'],
    ['AAAA', '::ffff:192.0.2.1', '::ffff:c000:201'],
    ['AAAA', 'fe80::1%eth0', undefined],
    ['AAAA', '192.0.2.10', undefined],
    ['CNAME', 'Web.Acme.test.', 'web.acme.test'],
    ['CNAME', 'bücher.test', 'xn--bcher-kva.test'],
    ['CNAME', 'two words', undefined],
    ['NS', '192.0.2.10', undefined],
    ['MX', '010  Mail.acme.test.', '10 mail.acme.test'],
    ['MX', '0 .', '0 .'],
    ['MX', 'mail.acme.test', undefined],
    ['MX', '65536 mail.acme.test', undefined],
    ['MX', '-1 mail.acme.test', undefined],
    ['TXT', ' any "text"  at all ', ' any "text"  at all '],
    ['TXT', '', ''],
    ['SRV', '10 60 443 sip.acme.test', '10 60 443 sip.acme.test'],
    ['SRV', '10 60 sip.acme.test', undefined],
    ['CAA', '0 issue "ca.test"', '0 issue "ca.test"'],
    ['CAA', '0 ISSUE ca.test; account=1', '0 issue "ca.test; account=1"'],
    ['CAA', '256 issue ca.test', undefined],
    ['CAA', '0 is-sue ca.test', undefined],
    ['SOA', 'ns1.acme.test. h.acme.test. 1 2 3 4 5', 'ns1.acme.test h.acme.test 1 2 3 4 5'],
    ['SOA', 'ns1.acme.test. h.acme.test. 1 2 3 4 4294967296', undefined],
  ])('%s %j is %j', (type, text, parsed) => {
    expect(parseRecord(type, text)).toBe(parsed);
  });
});

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
const host = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => [...labels, 'test'].join('.'));
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const visible = fc.string({ unit: fc.constantFrom(...'aZ09 =;:/+"\\ü☃'), maxLength: 60 });

/** A record of any type, as dns-packet takes it. */
const record: fc.Arbitrary<Answer> = fc
  .oneof(
    fc.record({ type: fc.constant('A' as const), data: fc.ipV4() }),
    fc.record({ type: fc.constant('AAAA' as const), data: fc.ipV6() }),
    fc.record({ type: fc.constantFrom('CNAME' as const, 'NS' as const), data: host }),
    fc.record({ type: fc.constant('MX' as const), data: fc.record({ preference: u16, exchange: host }) }),
    fc.record({ type: fc.constant('TXT' as const), data: fc.array(visible, { maxLength: 5 }) }),
    fc.record({
      type: fc.constant('SRV' as const),
      data: fc.record({ priority: u16, weight: u16, port: u16, target: host }),
    }),
    fc.record({
      type: fc.constant('CAA' as const),
      data: fc.record({
        flags: fc.constantFrom(0, 128),
        tag: fc.constantFrom('issue' as const, 'issuewild' as const, 'iodef' as const),
        value: visible,
      }),
    }),
    fc.record({
      type: fc.constant('SOA' as const),
      data: fc.record({
        mname: host,
        rname: host,
        serial: u32,
        refresh: u32,
        retry: u32,
        expire: u32,
        minimum: u32,
      }),
    }),
  )
  .map((fields) => ({ name, ttl, ...fields }));

it('what is read of a record, written by a person, is the same record', () => {
  fc.assert(
    fc.property(record, (answer) => {
      const text = textOf(answer);
      expect(text).toBeDefined();
      expect(parseRecord(answer.type as RecordType, text ?? '')).toBe(text);
    }),
    RUNS,
  );
});

it('many records of all types are read as each one alone', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (answers) => {
      const together = readAnswer(message(answers)).records.map(({ text }) => text);
      expect(together).toEqual(answers.map(textOf));
    }),
    RUNS,
  );
});
