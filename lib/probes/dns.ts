import type { DnsAnswer } from '../net/dns.ts';
import { type DnsRecord, reasonOf } from '../net/dns-message.ts';
import { parseRecord, RECORD_TYPES, type RecordType } from '../net/dns-records.ts';
import { hostPort, parseName } from '../net/host.ts';
import { DNS_PORT } from '../net/name-servers.ts';
import { ALIASES_MAX } from '../net/resolver.ts';
import type { Facts, Finding } from '../reading.ts';
import type { Reason } from '../reasons.ts';
import { defineProbe } from './define.ts';
import { cut, failed, found, type Issue } from './finding.ts';

/** Records named in the facts and in a message, and how much of each. */
const SHOWN_MAX = 10;
const SHOWN_CHARACTERS = 255;

interface Expect {
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
  readonly equals?: readonly string[] | undefined;
  readonly ttlAtMost?: number | undefined;
  readonly rcode?: string | undefined;
}

/** Whether DNS says of a name what it should. */
export const dns = defineProbe({
  type: 'dns',
  summary: 'A name has the DNS records that it should have.',
  shape: (z, fields) => {
    const records = z.union([z.string().transform((record) => [record]), z.array(z.string())]);
    return {
      name: z
        .string()
        .transform((text, context) => {
          const name = parseName(text);
          if (name === undefined) context.addIssue(`${quoted(text)} is not a name that DNS can be asked for`);
          return name ?? z.NEVER;
        })
        .describe('The name that is asked for'),
      record: z.enum(RECORD_TYPES).default('A').describe('The type of record that is asked for'),
      resolver: fields.address
        .optional()
        .describe('Name server that is asked, and judged; without it, those of the system'),
      expect: z
        .strictObject({
          includes: records.default([]).describe('Records that must be there, among others'),
          equals: z.array(z.string()).optional().describe('All records that must be there, and no others'),
          excludes: records.default([]).describe('Records that must not be there'),
          ttlAtMost: fields.duration.optional().describe('How long the records may be cached at the most'),
          rcode: z
            .enum(['NXDOMAIN', 'SERVFAIL', 'REFUSED'])
            .optional()
            .describe('The failure that is expected: "NXDOMAIN" for a name that must not exist'),
        })
        .prefault({})
        .describe('What the answer must be; without it, any record of the type'),
    };
  },

  refine({ record, expect }) {
    const { rcode, equals = [], includes, excludes, ttlAtMost } = expect;
    const wrong = Object.entries({ includes, equals, excludes }).flatMap(([field, records]) =>
      records
        .filter((text) => parseRecord(record, text) === undefined)
        .map((text) => ({
          path: ['expect', field],
          message: `${quoted(text)} is not what a record of type ${record} looks like`,
        })),
    );
    const others = expect.equals ?? ttlAtMost ?? includes[0] ?? excludes[0];
    if (rcode === undefined || others === undefined) return wrong;
    return [...wrong, { path: ['expect', 'rcode'], message: `with ${rcode} there are no records to expect` }];
  },

  target: ({ name, record, resolver }) =>
    `${record} ${name}${resolver ? ` at ${hostPort(resolver.host, resolver.port ?? DNS_PORT)}` : ''}`,

  async run({ name, record, resolver, expect }, { net, clock, signal, deadline }): Promise<Finding> {
    const started = clock.monotonic();
    const elapsed = () => clock.monotonic() - started;
    try {
      const answer = await net.ask({ name, type: record }, resolver, { deadline, signal });
      const latencyMs = elapsed();
      const records = follow(answer.records, name, record);
      const issues = records
        ? issuesOf({ rcode: answer.rcode, records }, canonical(expect, record), name, record)
        : [endless(name)];
      return found(issues, { latencyMs, phases: { dns: latencyMs }, facts: factsOf(answer, records ?? []) });
    } catch (error) {
      const latencyMs = elapsed();
      return { ...failed(error, latencyMs), phases: { dns: latencyMs } };
    }
  },
});

/** What a user wrote, for a message about it. */
const quoted = (text: string): string => JSON.stringify(cut(text, 60));

/** The records that the name has itself or by its aliases; `undefined`: the aliases have no end. */
function follow(all: readonly DnsRecord[], name: string, type: RecordType): readonly DnsRecord[] | undefined {
  const aliases = new Map(all.filter((one) => one.type === 'CNAME').map((one) => [one.name, one.text]));
  let owner = name;
  for (let hops = 0; hops <= ALIASES_MAX; hops++) {
    const own = all.filter((one) => one.type === type && one.name === owner);
    const alias = aliases.get(owner);
    if (own.length > 0 || alias === undefined) return own;
    owner = alias;
  }
  return undefined;
}

const endless = (name: string): Issue => ({
  reason: 'dns_error',
  message: `${name} has more than ${ALIASES_MAX} aliases in a row.`,
});

interface Got {
  readonly rcode: string;
  readonly records: readonly DnsRecord[];
}

/** Everything that isn't as expected. */
function issuesOf(got: Got, expect: Expect, name: string, type: RecordType): Issue[] {
  if (expect.rcode !== undefined && got.rcode === expect.rcode) return [];
  const failure = reasonOf(got);
  if (failure === 'dns_nodata' && expect.equals?.length === 0) return [];
  if (failure) return [{ reason: failure, message: sayFailure(failure, got.rcode, name, type) }];
  if (expect.rcode !== undefined)
    return [mismatch(`${name} should be answered with ${expect.rcode} and has ${list(textsOf(got))}`)];
  return [...recordIssues(textsOf(got), expect, type), ...ttlIssues(ttlOf(got.records), expect)];
}

function recordIssues(
  texts: readonly string[],
  { includes, equals, excludes }: Expect,
  type: RecordType,
): Issue[] {
  const missing = [...new Set([...includes, ...(equals ?? [])])].filter((text) => !texts.includes(text));
  const unwanted = texts.filter((text) => excludes.includes(text) || (equals && !equals.includes(text)));
  return [
    ...(missing.length > 0 ? [mismatch(`${type} ${list(missing)} is missing; there is ${list(texts)}`)] : []),
    ...(unwanted.length > 0 ? [mismatch(`${type} ${list(unwanted)} should not be there`)] : []),
  ];
}

function ttlIssues(ttl: number, { ttlAtMost }: Expect): Issue[] {
  if (ttlAtMost === undefined || ttl * 1_000 <= ttlAtMost) return [];
  return [{ reason: 'ttl_too_long', message: `The TTL is ${ttl} s, more than ${ttlAtMost / 1_000} s.` }];
}

const mismatch = (words: string): Issue => ({ reason: 'dns_mismatch', message: `${words}.` });

function sayFailure(failure: Reason, rcode: string, name: string, type: RecordType): string {
  if (failure === 'dns_nxdomain') return `${name} does not exist.`;
  if (failure === 'dns_nodata') return `${name} has no ${type} record.`;
  return `The name server answered ${rcode} for ${name}.`;
}

/** What the config expects, in the form in which records are read. */
function canonical(expect: Expect, type: RecordType): Expect {
  const parsed = (records: readonly string[]) => records.map((text) => parseRecord(type, text) ?? text);
  const { includes, excludes, equals } = expect;
  return {
    ...expect,
    includes: parsed(includes),
    excludes: parsed(excludes),
    equals: equals && parsed(equals),
  };
}

function factsOf(
  { rcode, server, authoritative, transport }: DnsAnswer,
  records: readonly DnsRecord[],
): Facts {
  const answers = textsOf({ records }).slice(0, SHOWN_MAX);
  return {
    answers: answers.map((text) => cut(text, SHOWN_CHARACTERS)),
    ttl: records.length > 0 ? ttlOf(records) : null,
    rcode,
    server,
    authoritative,
    transport,
  };
}

function list(texts: readonly string[]): string {
  const some = texts.slice(0, SHOWN_MAX).map((text) => cut(text, SHOWN_CHARACTERS));
  return `${some.join(', ')}${texts.length > some.length ? ` and ${texts.length - some.length} more` : ''}`;
}

const textsOf = ({ records }: Pick<Got, 'records'>): string[] => records.map(({ text }) => text);

/** All records of a name and type should have one TTL (RFC 2181, 5.2); where they don't, the longest counts. */
const ttlOf = (records: readonly DnsRecord[]): number =>
  records.reduce((max, { ttl }) => Math.max(max, ttl), 0);
