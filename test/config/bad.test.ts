import { describe, expect, it } from 'vitest';
import { acme, checking, mistakesIn, tcp } from './kit.ts';

const NOT_TWICE = 'a try must be over before the next run is due';
const EVERY = 'must be at least "5s" and at most "30d"';
const SECRET = 'must be a reference to a secret, { "secret": "NAME" }; its value never stands in the config';
const DURATION = 'is not a duration: write a whole number and a unit (ms, s, m, h, d), such as "30s"';
const PORT = 'must be a port: a whole number from 1 to 65535, without quotes';
const HTTP = 'must be a URL that starts with "https://" or "http://"';
const NOT_PUBLIC = 'is not a public address; list its network in "network.allow" to permit it';
const IN_TIME = 'must be an existing time with its zone, such as "2026-12-01T02:00:00Z"';

type Row = readonly [title: string, config: unknown, ...lines: string[]];

const table = (rows: readonly Row[]) =>
  it.each(rows.map(([title, config, ...lines]) => ({ title, config, lines })))(
    '$title',
    ({ config, lines }) => {
      expect(mistakesIn(config)).toEqual(lines);
    },
  );

const http = (more: object) =>
  acme({ checks: [{ id: 'api', type: 'http', url: 'https://api.example.test/', ...more }] });
const tls = (more: object) =>
  acme({ checks: [{ id: 'cert', type: 'tls', host: 'api.example.test', ...more }] });
const dns = (more: object) => acme({ checks: [{ id: 'apex', type: 'dns', name: 'example.test', ...more }] });
const named = (...ids: string[]) => acme({ checks: ids.map((id) => tcp({ id })) });
const chain = (links: Record<string, string[]>, more: Record<string, object> = {}) =>
  acme({ checks: Object.entries(links).map(([id, dependsOn]) => tcp({ id, dependsOn, ...more[id] })) });
const maintained = (more: object) => acme({ maintenance: [{ checks: '*', ...more }] });

describe('what is missing, of the wrong kind or unknown (D02)', () => {
  table([
    ['nothing at all', {}, 'name: required', 'checks: required'],
    ['no id', acme({ checks: [{ type: 'tcp', host: 'h.test', port: 1 }] }), 'checks[0].id: required'],
    [
      'no type',
      acme({ checks: [{ id: 'a' }] }),
      'checks[0].type: required: "http", "tls", "tcp", "dns", "auth-expiry", "key-rotation", "backup-freshness" or "heartbeat"',
    ],
    ['no url', acme({ checks: [{ id: 'a', type: 'http' }] }), 'checks[0].url: required'],
    [
      'no host and no port',
      acme({ checks: [{ id: 'a', type: 'tcp' }] }),
      'checks[0].host: required',
      'checks[0].port: required',
    ],
    ['no routing key', acme({ notify: { pagerduty: {} } }), 'notify.pagerduty.routingKey: required'],
    ['a list instead of an object', acme({ judge: [] }), 'judge: must be an object, not a list'],
    ['an object instead of a list', { name: 'x', checks: {} }, 'checks: must be a list, not an object'],
    ['a list of words', { name: 'x', checks: ['api'] }, 'checks[0]: must be an object, not a string'],
    [
      'a number for an id',
      checking({ id: 5 }),
      'checks[0].id: must be a string, not a number; put it in quotes',
    ],
    [
      'a word for a yes',
      checking({ public: 'true' }),
      'checks[0].public: must be true or false, not a string; leave out the quotes',
    ],
    [
      'a fraction of a try',
      acme({ judge: { tries: 1.5 } }),
      'judge.tries: must be a whole number, not a fraction',
    ],
    ['no try', acme({ judge: { tries: 0 } }), 'judge.tries: must be at least 1'],
    ['a port in quotes', checking({ port: '80' }), `checks[0].port: ${PORT}`],
    ['port 0', checking({ port: 0 }), `checks[0].port: ${PORT}`],
    ['port 65536', checking({ port: 65_536 }), `checks[0].port: ${PORT}`],
    [
      'an unknown type',
      checking({ type: 'https' }),
      'checks[0].type: "https" is not "http", "tls", "tcp", "dns", "auth-expiry", "key-rotation", "backup-freshness" or "heartbeat"; did you mean "http"?',
    ],
    [
      'letters that change places',
      checking({ type: 'tpc' }),
      'checks[0].type: "tpc" is not "http", "tls", "tcp", "dns", "auth-expiry", "key-rotation", "backup-freshness" or "heartbeat"; did you mean "tcp"?',
    ],
    [
      'a misspelt choice',
      checking({ severity: 'pgae' }),
      'checks[0].severity: "pgae" is not "page" or "ticket"; did you mean "page"?',
    ],
    ['a misspelt field', checking({ intervall: '1m' }), 'checks[0].intervall: unknown key'],
    [
      'a field that was nearly right',
      checking({ timeot: '3s' }),
      'checks[0].timeot: unknown key; did you mean "timeout"?',
    ],
    [
      'a field in another case',
      checking({ dependson: [] }),
      'checks[0].dependson: unknown key; did you mean "dependsOn"?',
    ],
    [
      'a misspelt field hides what its default would break',
      checking({ every: '5s', timeot: '2s' }),
      'checks[0].timeot: unknown key; did you mean "timeout"?',
    ],
    [
      'another misspelt field that a rule looks at',
      checking({ evry: '90s', timeout: '30s', every: undefined }),
      'checks[0].evry: unknown key; did you mean "every"?',
    ],
    [
      'a misspelt field that the rules of its type look at',
      dns({ recrod: 'MX', expect: { includes: '10 mail.example.test' } }),
      'checks[0].recrod: unknown key; did you mean "record"?',
    ],
    [
      'a misspelt field hides nothing else',
      checking({ every: '5s', timeout: '5s', publc: true }),
      'checks[0].publc: unknown key; did you mean "public"?',
      `checks[0].timeout: 5s is not less than "every" (5s): ${NOT_TWICE}`,
    ],
    [
      'a required field misspelt is one mistake',
      acme({ checks: [{ id: 'a', type: 'http', ulr: 'https://a.test' }] }),
      'checks[0].ulr: unknown key; did you mean "url"?',
    ],
    [
      'the type misspelt is one mistake',
      acme({ checks: [{ id: 'a', typ: 'tcp' }] }),
      'checks[0].typ: unknown key; did you mean "type"?',
    ],
    ['an unknown field at the top', acme({ notfy: {} }), 'notfy: unknown key; did you mean "notify"?'],
    [
      'an unknown notifier',
      acme({ notify: { pagerdty: {} } }),
      'notify.pagerdty: unknown key; did you mean "pagerduty"?',
    ],
    [
      'an unknown field inside',
      http({ expect: { stauts: [200] } }),
      'checks[0].expect.stauts: unknown key; did you mean "status"?',
    ],
    [
      'an unknown condition',
      http({ expect: { json: { '$.a': { less: 5 } } } }),
      'checks[0].expect.json["$.a"].less: unknown key',
    ],
    [
      'something that cannot be turned into a text',
      http({ expect: { json: { '$.a': { lt: { toString: 'x' } } } } }),
      'checks[0].expect.json["$.a"].lt: must be a number, not an object',
    ],
    ['a name of a prototype', acme({ constructor: 1 }), 'constructor: unknown key'],
    [
      'a secret next to another key',
      acme({ notify: { webhook: { url: 'https://h.test', signingKey: { secret: 'K', key: 1 } } } }),
      'notify.webhook.signingKey.key: unknown key',
    ],
    ['fields of another type', tls({ record: 'A' }), 'checks[0].record: unknown key'],
  ]);
});

describe('ids that are not what tells checks apart (D03)', () => {
  table([
    ['empty', named(''), 'checks[0].id: must not be empty'],
    ['blank', named(' '), 'checks[0].id: must not be empty'],
    ['a space at the end', named('a '), 'checks[0].id: must not start or end with a space'],
    ['a space inside', named('e f'), 'checks[0].id: must not hold a space; "name" is for people and may'],
    ['a line break', named('a\nb'), 'checks[0].id: must not hold a control character or line break'],
    [
      'half a character',
      named('\ud800'),
      'checks[0].id: must be whole Unicode: it holds half of a surrogate pair',
    ],
    [
      '101 characters',
      named('x'.repeat(101)),
      'checks[0].id: must have at most 100 characters; these are 101',
    ],
    ['100 characters, each of two units', named('😀'.repeat(100))],
    ['twice', named('api', 'db', 'api'), 'checks[2].id: is also the id of checks[0]'],
    [
      'in another case',
      named('api', 'API'),
      'checks[1].id: differs from the id of checks[0], "api", only in case or form',
    ],
    [
      'in another case of another alphabet',
      named('straße', 'STRASSE'),
      'checks[1].id: differs from the id of checks[0], "straße", only in case or form',
    ],
    [
      'composed otherwise',
      named('caf\u00e9', 'cafe\u0301'),
      'checks[1].id: differs from the id of checks[0], "café", only in case or form',
    ],
    [
      'in wide letters',
      named('api', 'ａｐｉ'),
      'checks[1].id: differs from the id of checks[0], "api", only in case or form',
    ],
    [
      'with something invisible',
      named('api', 'a\u200bpi'),
      'checks[1].id: differs from the id of checks[0], "api", only in case or form',
    ],
    [
      'of the same hash',
      named('check-579599', 'check-762382'),
      'checks[1].id: has by chance the same 32-bit hash as "check-579599"; change one of them a little',
    ],
  ]);
});

describe('intervals and time-outs (D04, D05)', () => {
  table([
    ['no time', checking({ every: '0s' }), `checks[0].every: ${EVERY}, not "0s"`],
    ['too often', checking({ every: '4s', timeout: '1s' }), `checks[0].every: ${EVERY}, not "4s"`],
    ['too rarely', checking({ every: '31d' }), `checks[0].every: ${EVERY}, not "31d"`],
    ['the shortest', checking({ every: '5s', timeout: '4999ms' })],
    ['the longest', checking({ every: '30d' })],
    ['negative', checking({ every: '-5s' }), `checks[0].every: "-5s" ${DURATION}`],
    ['NaN', checking({ every: Number.NaN }), 'checks[0].every: NaN is not a number to work with'],
    [
      'a number',
      checking({ every: 1e9 }),
      'checks[0].every: must be a duration in quotes, such as "30s" or "5m"',
    ],
    ['a number in quotes', checking({ every: '1e9' }), `checks[0].every: "1e9" ${DURATION}`],
    ['spelt out', checking({ every: '5 min' }), 'checks[0].every: "5 min" is not a duration: write "5m"'],
    ['in big letters', checking({ every: '5M' }), 'checks[0].every: "5M" is not a duration: write "5m"'],
    ['a fraction', checking({ every: '1.5h' }), 'checks[0].every: "1.5h" is not a duration: write "90m"'],
    ['two units', checking({ every: '1h30m' }), `checks[0].every: "1h30m" ${DURATION}`],
    ['no number', checking({ every: 'm' }), `checks[0].every: "m" ${DURATION}`],
    [
      'no time for an answer',
      http({ expect: { within: '0s' } }),
      'checks[0].expect.within: must be more than "0s"',
    ],
    ['more than a life', checking({ every: '999999999999d' }), 'checks[0].every: must be at most "3650d"'],
    [
      'a time-out as long as the interval',
      checking({ every: '10s', timeout: '10s' }),
      `checks[0].timeout: 10s is not less than "every" (10s): ${NOT_TWICE}`,
    ],
    [
      'a time-out longer than the interval',
      checking({ every: '10s', timeout: '20s' }),
      `checks[0].timeout: 20s is not less than "every" (10s): ${NOT_TWICE}`,
    ],
    [
      'the usual time-out in a short interval',
      checking({ every: '5s' }),
      `checks[0].timeout: 10s (the default) is not less than "every" (5s): ${NOT_TWICE}`,
    ],
    [
      'over 30 s',
      checking({ timeout: '31s' }),
      'checks[0].timeout: must be at least "1ms" and at most "30s", not "31s"',
    ],
    [
      'no time for a try',
      checking({ timeout: '0s' }),
      'checks[0].timeout: must be at least "1ms" and at most "30s", not "0s"',
    ],
    [
      'a retry after the alarm',
      acme({ judge: { over: '6m' } }),
      'judge.over: must be at least "0s" and at most "5m", not "6m"',
    ],
  ]);
});

describe('where nothing may be dialled (D07)', () => {
  const canary = (url: string) => acme({ observer: { canaries: [url] } });
  table([
    ...[
      'http://127.0.0.1/',
      'http://127.1/',
      'http://2130706433/',
      'http://0x7f000001/',
      'http://①②⑦.0.0.1/',
    ].map((url): Row => [url, canary(url), `observer.canaries[0]: 127.0.0.1 ${NOT_PUBLIC}`]),
    ...['http://localhost/', 'http://LOCALHOST./', 'http://foo.localhost:8080/'].map(
      (url): Row => [url, canary(url), `observer.canaries[0]: 127.0.0.1 ${NOT_PUBLIC}`],
    ),
    ...['::1', 'fe80::1', '::ffff:a00:1', 'fd00::1'].map(
      (ip): Row => [ip, canary(`http://[${ip}]/`), `observer.canaries[0]: ${ip} ${NOT_PUBLIC}`],
    ),
    [
      'a metadata service, whatever is allowed',
      { ...canary('http://169.254.169.254/'), network: { allow: ['169.254.0.0/16'] } },
      'observer.canaries[0]: 169.254.169.254 is a metadata service and is never dialled',
    ],
    [
      'its name',
      canary('http://metadata.google.internal./'),
      'observer.canaries[0]: metadata.google.internal is a metadata service and is never dialled',
    ],
    ['a network that is allowed', { ...canary('http://127.0.0.1/'), network: { allow: ['127.0.0.0/8'] } }],
    [
      'as long as the networks are wrong, no address is judged by them',
      { ...canary('http://127.0.0.1/'), network: { allow: ['127.0.0.1'] } },
      'network.allow[0]: must be a network in CIDR form, such as "127.0.0.1/32"',
    ],
    ...[
      'file:///etc/passwd',
      'gopher://h.test',
      'javascript:alert(1)',
      'data:,x',
      'ws://h.test',
      'http:h.test',
      'http:\\\\h.test',
      '//h.test',
    ].map((url): Row => [url, canary(url), `observer.canaries[0]: ${HTTP}`]),
    [
      'no host',
      canary('http:///path'),
      'observer.canaries[0]: "http:///path" is not a URL: its host or port is wrong',
    ],
    [
      'a port that is none',
      canary('http://h.test:65536/'),
      'observer.canaries[0]: "http://h.test:65536/" is not a URL: its host or port is wrong',
    ],
    ['port 0', canary('http://127.0.0.1:0/'), 'observer.canaries[0]: Port 0 cannot be dialled'],
    [
      'credentials',
      canary('http://user:pass@h.test/'),
      'observer.canaries[0]: must be a URL without credentials; put them in a header, as a secret',
    ],
    [
      'a line break',
      canary('http://h.test/\r\nHost: x'),
      'observer.canaries[0]: must be a URL without spaces, "\\" and control characters',
    ],
    ['a host in a check', checking({ host: '10.0.0.1' }), `checks[0].host: 10.0.0.1 ${NOT_PUBLIC}`],
    [
      'an address in place of it',
      checking({ connectTo: '10.0.0.1:80' }),
      `checks[0].connectTo: 10.0.0.1 ${NOT_PUBLIC}`,
    ],
    ['a name server', dns({ resolver: '10.0.0.1' }), `checks[0].resolver: 10.0.0.1 ${NOT_PUBLIC}`],
    [
      'a webhook',
      acme({ notify: { webhook: { url: 'http://10.0.0.1/', signingKey: { secret: 'K' } } } }),
      `notify.webhook.url: 10.0.0.1 ${NOT_PUBLIC}`,
    ],
    ['a runbook is never dialled', checking({ runbook: 'https://10.0.0.1/wiki' })],
    ['a runbook is a link', checking({ runbook: 'javascript:alert(1)' }), `checks[0].runbook: ${HTTP}`],
    [
      'a host with a space',
      checking({ host: 'my host' }),
      'checks[0].host: "my host" is neither a host name nor an IP address',
    ],
    [
      'a host with a port',
      checking({ host: 'h.test:80' }),
      'checks[0].host: "h.test:80" is neither a host name nor an IP address',
    ],
    [
      'a label of 64',
      checking({ host: `${'x'.repeat(64)}.test` }),
      `checks[0].host: "${'x'.repeat(57)}…" is neither a host name nor an IP address`,
    ],
    ['a name in letters of its own', checking({ host: 'bücher.example' })],
    [
      'an address with a bad port',
      checking({ connectTo: 'h.test:99999' }),
      'checks[0].connectTo: "h.test:99999" is not an address: write "192.0.2.1:8443", "[2001:db8::1]:8443" or a host alone',
    ],
  ]);
});

describe('maintenance (D08)', () => {
  table([
    [
      'neither once nor again and again',
      maintained({}),
      'maintenance[0]: needs "from" and "to", or "cron" and "for"',
    ],
    ['no end', maintained({ from: '2026-12-01T02:00:00Z' }), 'maintenance[0].to: required'],
    ['no length', maintained({ cron: '0 3 * * *' }), 'maintenance[0].for: required'],
    [
      'backwards',
      maintained({ from: '2026-12-01T02:00:00Z', to: '2026-12-01T03:00:00+01:00' }),
      'maintenance[0].to: must be after "from"',
    ],
    [
      'the 30th of February',
      maintained({ from: '2026-02-30T00:00:00Z', to: '2026-03-02T00:00:00Z' }),
      `maintenance[0].from: ${IN_TIME}`,
    ],
    [
      'the 29th of February in a leap year',
      maintained({ from: '2028-02-29T00:00:00Z', to: '2028-03-01T00:00:00Z' }),
    ],
    [
      'a time without its zone',
      maintained({ from: '2026-12-01T02:00:00', to: '2026-12-01T04:00:00' }),
      `maintenance[0].from: ${IN_TIME}`,
      `maintenance[0].to: ${IN_TIME}`,
    ],
    [
      'four fields',
      maintained({ cron: '0 3 * *', for: '1h' }),
      'maintenance[0].cron: "0 3 * *" must have five fields: minute, hour, day, month, weekday',
    ],
    [
      'seconds',
      maintained({ cron: '0 0 3 * * *', for: '1h' }),
      'maintenance[0].cron: "0 0 3 * * *" must have five fields: minute, hour, day, month, weekday',
    ],
    [
      'minute 61',
      maintained({ cron: '61 3 * * *', for: '1h' }),
      'maintenance[0].cron: "61 3 * * *" is no cron expression: Invalid value for minute: 61',
    ],
    [
      'a rate',
      maintained({ cron: 'rate(5 minutes)', for: '1h' }),
      'maintenance[0].cron: "rate(5 minutes)" must have five fields: minute, hour, day, month, weekday',
    ],
    [
      'a cron that never comes',
      maintained({ cron: '0 3 30 2 *', for: '1h' }),
      'maintenance[0].cron: "0 3 30 2 *" never comes: there is no such day',
    ],
    [
      'a misspelt zone',
      maintained({ cron: '0 3 * * *', for: '1h', timeZone: 'Europe/Berlni' }),
      'maintenance[0].timeZone: "Europe/Berlni" is not an IANA time zone; did you mean "Europe/Berlin"?',
    ],
    [
      'an offset is no zone',
      maintained({ cron: '0 3 * * *', for: '1h', timeZone: '+01:00' }),
      'maintenance[0].timeZone: "+01:00" is not an IANA time zone; write one as in "Europe/Berlin" or "UTC"',
    ],
    [
      'too short',
      maintained({ cron: '0 3 * * *', for: '1s' }),
      'maintenance[0].for: must be at least "1m" and at most "30d", not "1s"',
    ],
    [
      'of no check',
      acme({ maintenance: [{ checks: [], cron: '0 3 * * *', for: '1h' }] }),
      'maintenance[0].checks: must not be empty',
    ],
    [
      'of an unknown check',
      acme({ maintenance: [{ checks: ['dbb'], cron: '0 3 * * *', for: '1h' }] }),
      'maintenance[0].checks[0]: no check has the id "dbb"; did you mean "db"?',
    ],
    [
      'an id alone',
      acme({ maintenance: [{ checks: 'db', cron: '0 3 * * *', for: '1h' }] }),
      'maintenance[0].checks: must be "*" or a list',
    ],
    [
      'both kinds in one',
      maintained({ from: '2026-12-01T02:00:00Z', to: '2026-12-02T02:00:00Z', for: '1h' }),
      'maintenance[0].for: unknown key',
    ],
  ]);
});

describe('secrets in clear (D09)', () => {
  const key = (routingKey: unknown) => acme({ notify: { pagerduty: { routingKey } } });
  table([
    ['a text instead of a reference', key('R0UT1NGK3Y'), `notify.pagerduty.routingKey: ${SECRET}`],
    ['a number', key(12345), `notify.pagerduty.routingKey: ${SECRET}`],
    [
      'no name',
      key({ secret: '' }),
      'notify.pagerduty.routingKey.secret: must be the name of a secret: letters, digits and _ . + = @ -',
    ],
    [
      'a way out of the directory',
      key({ secret: '../shadow' }),
      'notify.pagerduty.routingKey.secret: must be the name of a secret: letters, digits and _ . + = @ -',
    ],
    [
      'a header that is neither',
      http({ headers: { authorization: 5 } }),
      `checks[0].headers.authorization: must be a string or ${SECRET.slice(8)}`,
    ],
  ]);

  it('are not repeated in the message', () => {
    for (const config of [key('R0UT1NGK3Y'), key({ secret: 'R0UT 1NGK3Y' }), key(['R0UT1NGK3Y'])]) {
      expect(mistakesIn(config).join()).not.toMatch(/R0UT|1NGK3Y/);
    }
  });
});

describe('dependencies', () => {
  table([
    [
      'on nothing that is there',
      chain({ api: ['apexx'], apex: [] }),
      'checks[0].dependsOn[0]: no check has the id "apexx"; did you mean "apex"?',
    ],
    ['on itself', chain({ api: ['api'] }), 'checks[0].dependsOn[0]: a check cannot depend on itself'],
    [
      'twice on the same',
      chain({ api: ['apex', 'apex'], apex: [] }),
      'checks[0].dependsOn[1]: "apex" is listed twice',
    ],
    [
      'in a circle',
      chain({ a: ['b'], b: ['c'], c: ['a'] }),
      'checks[2].dependsOn[0]: goes in a circle: a → b → c → a',
    ],
    [
      'in two circles',
      chain({ a: ['b'], b: ['a', 'c'], c: ['b'] }),
      'checks[1].dependsOn[0]: goes in a circle: a → b → a',
      'checks[2].dependsOn[0]: goes in a circle: b → c → b',
    ],
    ['on the same by two ways', chain({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })],
    [
      'on something less urgent',
      chain({ api: ['apex'], apex: [] }, { apex: { severity: 'ticket' } }),
      'checks[0].dependsOn[0]: "apex" is only a "ticket" and would hold back the "page" of this check; make it a "page", too',
    ],
    ['on something more urgent', chain({ api: ['apex'], apex: [] }, { api: { severity: 'ticket' } })],
  ]);
});

describe('what only the type of a check can tell', () => {
  table([
    ['a body in a GET', http({ body: 'x' }), 'checks[0].body: a GET request has no body'],
    [
      'a regular expression that is none',
      http({ expect: { body: { matches: '(' } } }),
      'checks[0].expect.body.matches: is not a regular expression: Unterminated group',
    ],
    [
      'one that can take forever',
      http({ expect: { body: { matches: '(a+)+$' } } }),
      'checks[0].expect.body.matches: repeats a group in which something repeats, as in "(a+)+": that can take forever',
    ],
    [
      'a record of another type',
      dns({ record: 'A', expect: { includes: 'mail.example.test' } }),
      'checks[0].expect.includes: "mail.example.test" is not what a record of type A looks like',
    ],
    [
      'an old protocol',
      tls({ minVersion: 'TLSv1.1' }),
      'checks[0].minVersion: "TLSv1.1" is not "TLSv1.2" or "TLSv1.3"; did you mean "TLSv1.2"?',
    ],
  ]);
});

describe('all mistakes at once, each once', () => {
  table([
    [
      'in several places',
      {
        name: '',
        network: { allow: ['lan'] },
        checks: [
          tcp({ every: '5 min', timeot: '3s', dependsOn: ['dbb'] }),
          { id: 'db', type: 'tcp', port: 1, dependsOn: ['db'] },
          tcp({ id: 'x', every: '10s' }),
        ],
        maintenance: [{ checks: ['nope'], from: 'now', to: 'then' }],
        notify: { webhook: { url: 'h.test', signingKey: 'abc' } },
        statusPage: { titel: 'x' },
      },
      'name: must not be empty',
      'network.allow[0]: must be a network in CIDR form, such as "10.0.0.0/8"',
      `notify.webhook.url: ${HTTP}`,
      `notify.webhook.signingKey: ${SECRET}`,
      'statusPage.titel: unknown key; did you mean "title"?',
      'checks[0].every: "5 min" is not a duration: write "5m"',
      'checks[0].timeot: unknown key; did you mean "timeout"?',
      'checks[1].host: required',
      `maintenance[0].from: ${IN_TIME}`,
      `maintenance[0].to: ${IN_TIME}`,
      `checks[2].timeout: 10s (the default) is not less than "every" (10s): ${NOT_TWICE}`,
      'checks[1].id: is also the id of checks[0]',
      'checks[0].dependsOn[0]: no check has the id "dbb"; did you mean "db"?',
      'checks[1].dependsOn[0]: a check cannot depend on itself',
      'maintenance[0].checks[0]: no check has the id "nope"',
    ],
    [
      'a bad entry hides no other entry of its list',
      chain({ a: ['b', 'b', 'zzz'], b: [] }),
      'checks[0].dependsOn[1]: "b" is listed twice',
      'checks[0].dependsOn[2]: no check has the id "zzz"',
    ],
    [
      'a severity that is wrong makes no second mistake',
      chain({ a: ['b'], b: [] }, { a: { severity: 'pager' }, b: { severity: 'ticket' } }),
      'checks[0].severity: "pager" is not "page" or "ticket"; did you mean "page"?',
    ],
  ]);
});

describe('values that only a module can export', () => {
  const loop: Record<string, unknown> = { name: 'x' };
  loop.checks = [loop];
  table([
    [
      'a function',
      checking({ host: () => 'h' }),
      'checks[0].host: a function where only plain values can be',
    ],
    ['a date', checking({ every: new Date(0) }), 'checks[0].every: a Date where only plain values can be'],
    ['a big number', checking({ port: 1n }), 'checks[0].port: a bigint where only plain values can be'],
    ['a map', acme({ judge: new Map() }), 'judge: a Map where only plain values can be'],
    ['itself', loop, 'checks[0]: refers back to what it is part of'],
    [
      'something that throws',
      {
        name: 'x',
        get checks() {
          throw new Error('no\nstack');
        },
      },
      'checks: cannot be read: no',
    ],
    ['undefined is as good as nothing', checking({ group: undefined })],
  ]);
});

const costing = (cost: object, more: object = {}) => acme({ cost, ...more });
const budgeting = (...budgets: object[]) =>
  costing({ budgets: budgets.map((budget) => ({ name: 'total', amount: 100, ...budget })) });
const monitoring = (...monitors: object[]) => costing({ anomalies: { monitors } });
const banding = (band: object, more: object = {}) =>
  costing(
    {
      bands: [
        { name: 'calls', namespace: 'AWS/Lambda', metric: 'Invocations', region: 'eu-west-1', ...band },
      ],
    },
    more,
  );

describe('what watches the bill', () => {
  table([
    ['nothing may be spent', budgeting({ amount: 0 }), 'cost.budgets[0].amount: must be at least 0.01'],
    ['a budget that is owed', budgeting({ amount: -5 }), 'cost.budgets[0].amount: must be at least 0.01'],
    [
      'an amount in words',
      budgeting({ amount: '100' }),
      'cost.budgets[0].amount: must be a number, not a string; leave out the quotes',
    ],
    [
      'no amount, and nothing that finds one',
      budgeting({ amount: undefined }),
      'cost.budgets[0].amount: needs "amount" or "autoAdjust", and one of them',
    ],
    [
      'an amount, and what finds one',
      budgeting({ autoAdjust: 'forecast' }),
      'cost.budgets[0].amount: needs "amount" or "autoAdjust", and one of them',
    ],
    [
      'more months than AWS looks back',
      budgeting({ amount: undefined, autoAdjust: { periods: 13 } }),
      'cost.budgets[0].autoAdjust.periods: must be at most 12 for "monthly"',
    ],
    [
      'a name that AWS does not take',
      budgeting({ name: 'team:shop' }),
      'cost.budgets[0].name: must not hold ":" or "\\": AWS takes no such name of a budget',
    ],
    ['two of one name', budgeting({}, {}), 'cost.budgets[1].name: "total" is there twice'],
    [
      'a service of an account',
      budgeting({ service: 'AWS Lambda', account: '210987654321' }),
      'cost.budgets[0]: may name one of "service", "tag" and "account"',
    ],
    [
      'an account without zeros before it',
      budgeting({ account: '123' }),
      'cost.budgets[0].account: must be the number of an account: 12 digits',
    ],
    [
      'the same alert twice',
      budgeting({
        alerts: [
          { percent: 80, severity: 'page' },
          { of: 'actual', percent: 80, severity: 'ticket' },
        ],
      }),
      'cost.budgets[0].alerts[1]: is there twice: 80 % actual',
    ],
    [
      'a forecast of a day',
      budgeting({ period: 'daily', alerts: [{ of: 'forecast', percent: 100, severity: 'page' }] }),
      'cost.budgets[0].alerts[0].of: cannot be "forecast" for a "daily" budget',
    ],
    [
      'a share that no alert could name again',
      budgeting({ alerts: [{ percent: 33.33, severity: 'page' }] }),
      'cost.budgets[0].alerts[0].percent: must have one decimal at most',
    ],
    [
      'a monitor of nothing',
      monitoring({ name: 'shop' }),
      'cost.anomalies.monitors[0]: needs "tag" or "account", and one of them',
    ],
    [
      'a band where there is no topic',
      banding({ region: 'eu-west-2' }, { aws: { home: 'eu-west-1', locations: ['us-east-1'] } }),
      'cost.bands[0].region: "eu-west-2" is neither home nor one of "aws.locations": there is no topic for its alarm',
    ],
    [
      'a band of two minutes',
      banding({ period: '2m' }),
      'cost.bands[0].period: must be "1m", "5m", "15m" or "1h"',
    ],
    [
      'a band with a name that is none of an alarm',
      banding({ name: 'calls of checkout' }),
      'cost.bands[0].name: may hold letters, digits and _ . - only',
    ],
    [
      'a monitor that is no ARN',
      costing({ anomalies: { services: 'Default-Services-Monitor' } }),
      expect.stringMatching(/^cost\.anomalies\.services: /) as unknown as string,
    ],
  ]);
});
