import { describe, expect, it } from 'vitest';
import { SecretError } from '../../lib/ports.ts';
import { http } from '../../lib/probes/http.ts';
import { remember } from '../../lib/redact.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { answer, httpCheck, type RunOptions, runHttp, says, scripted } from '../kit/http.ts';
import { countSections } from '../kit/sections.ts';
import { httpsServer } from '../kit/tls-server.ts';

countSections();
const started = closesAtEnd();

type Fields = Readonly<Record<string, unknown>>;

/** What a check finds that gets this answer. */
async function finding(bytes: string, fields: Fields = {}, options: RunOptions = {}) {
  const { url } = await started(scripted(says(bytes)));
  return runHttp(httpCheck({ url, ...fields }), options);
}

it('is up when the answer is the right one, and tells what it saw', async () => {
  const found = await finding(answer('{"ok":true}', { headers: { 'x-a': 'b' } }), {
    expect: {
      status: [200, '500-599'],
      body: { contains: 'ok', notContains: 'error', matches: '^\\{.*\\}$' },
      json: { '$.ok': true },
      headers: { 'X-A': 'b' },
      within: '10s',
    },
  });
  expect(found).toMatchObject({ status: 'up', reasons: [], message: '' });
  expect(found.facts).toEqual({ address: '127.0.0.1', httpStatus: 200, protocol: 'HTTP/1.1', bytes: 11 });
});

it('tells of https when the certificates expire', async () => {
  const authority = makeAuthority();
  const to = Date.parse('2099-12-31T00:00:00Z');
  const { cert, key } = authority.issue({ names: ['web.test'], to });
  const { port } = await started(httpsServer({ cert, key }, (_, response) => response.end()));
  const url = `https://web.test:${port}/`;
  const found = await runHttp(httpCheck({ url, connectTo: `127.0.0.1:${port}`, ca: authority.pem }));
  expect(found.status).toBe('up');
  expect(found.facts).toMatchObject({ expiresAt: '2099-12-31T00:00:00Z' });
  expect(Object.keys(found.phases)).toEqual(['connect', 'tls', 'firstByte', 'body']);
});

it.each([
  ['https://a.test', 'GET https://a.test/'],
  ['https://a.test:8443/b?token=secret&c=&token=2&%20=x#d', 'GET https://a.test:8443/b?token=…&c=…&%20=…'],
  ['http://[::1]:80/', 'GET http://[::1]/'],
])('names %s without what may be secret', (url, target) => {
  expect(http.target({ ...httpCheck({ url: 'https://a.test' }), url })).toBe(target);
});

describe('the status', () => {
  it.each([
    [200, 'nothing', 'up', []],
    [299, 'nothing', 'up', []],
    [300, 'nothing', 'down', ['unexpected_status']],
    [404, 'nothing', 'down', ['unexpected_status']],
    [500, 'nothing', 'down', ['unexpected_status']],
    [600, 'nothing', 'down', ['unexpected_status']],
    [401, 'nothing', 'down', ['unauthorized']],
    [403, 'nothing', 'down', ['forbidden']],
    [503, 'nothing', 'down', ['unavailable']],
    [429, 'nothing', 'degraded', ['rate_limited']],
    [401, ['400-403'], 'up', []],
    [503, [200, 503], 'up', []],
    [429, [429], 'up', []],
    [200, [404], 'down', ['unexpected_status']],
  ] as const)('C31 %i where %j is expected makes it %s', async (status, expected, verdict, reasons) => {
    const fields = expected === 'nothing' ? {} : { expect: { status: expected } };
    const found = await finding(answer('', { status }), fields);
    expect(found).toMatchObject({ status: verdict, reasons, facts: { httpStatus: status } });
  });

  it('C31 429 judges nothing else, and says when to come back', async () => {
    const bytes = answer('slow down', { status: 429, headers: { 'retry-after': '120' } });
    const found = await finding(bytes, { expect: { body: { contains: 'hello' } } });
    expect(found).toMatchObject({
      status: 'degraded',
      reasons: ['rate_limited'],
      facts: { retryAfter: '120' },
    });
  });
});

describe('what is expected', () => {
  const doc = {
    s: 'text',
    n: 5,
    t: true,
    z: null,
    list: [1, 'two'],
    'a.b': { "c'd": 'deep' },
    big: '@@',
  };
  const body = JSON.stringify(doc).replace('"@@"', '9007199254740993');

  it.each([
    ['$.s', 'text', true],
    ['$.s', 'tex', false],
    ['$.n', 5, true],
    ['$.n', '5', false],
    ['$.t', true, true],
    ['$.t', 'true', false],
    ['$.z', null, true],
    ['$.z', 0, false],
    ['$.missing', null, false],
    ["$['a.b']['c\\'d']", 'deep', true],
    ['$["a.b"]["c\'d"]', 'deep', true],
    ['$.list[0]', 1, true],
    ['$.list[-1]', 'two', true],
    ['$.list[2]', 1, false],
    ['$.list[-3]', 1, false],
    ['$.list.length', 2, false],
    ['$.s.length', 4, false],
    ['$.s[0]', 't', false],
    ['$.__proto__', { exists: true }, false],
    ['$.constructor', { exists: true }, false],
    ['$.list', { contains: 'two' }, true],
    ['$.list', { contains: '1' }, false],
    ['$.s', { contains: 'ex' }, true],
    ['$.n', { contains: '5' }, false],
    ['$.s', { matches: '^t.{2}t$' }, true],
    ['$.n', { matches: '5' }, false],
    ['$.n', { lt: 5 }, false],
    ['$.n', { lt: 5.1 }, true],
    ['$.n', { lte: 5 }, true],
    ['$.n', { gt: 5 }, false],
    ['$.n', { gt: 4.9, lt: 5.1 }, true],
    ['$.n', { gte: 5, lte: 4 }, false],
    ['$.s', { lt: 100 }, false],
    ['$.t', { gte: 0 }, false],
    ['$.z', { lt: 100 }, false],
    ['$.missing', { lt: 100 }, false],
    ['$.missing', { ne: 1 }, false],
    ['$.n', { ne: 1 }, true],
    ['$.n', { ne: 5 }, false],
    ['$.n', { eq: 5 }, true],
    ['$.z', { exists: true }, true],
    ['$.z', { exists: false }, false],
    ['$.missing', { exists: false }, true],
    ['$.missing', { exists: true }, false],
    ['$', { exists: true }, true],
    ['$.big', { gt: 1 }, false],
    ['$.big', { ne: 1 }, false],
  ])('of JSON: %s is %j → %s', async (path, wanted, holds) => {
    const found = await finding(answer(body), { expect: { json: { [path]: wanted } } });
    expect(found).toMatchObject(
      holds ? { status: 'up', reasons: [] } : { status: 'down', reasons: ['json_mismatch'] },
    );
    if (!holds) expect(found.message).toContain(path);
  });

  it.each([
    ['x-a', 'b', true],
    ['X-A', 'b', true],
    ['x-a', 'c', false],
    ['x-a', { exists: true }, true],
    ['x-a', { exists: false }, false],
    ['x-b', { exists: true }, false],
    ['x-b', { exists: false }, true],
    ['x-b', { contains: 'x' }, false],
    ['x-list', { contains: 'two' }, true],
    ['x-list', { matches: '^one, two$' }, true],
    ['constructor', { exists: true }, false],
  ])('of headers: %s is %j → %s', async (name, wanted, holds) => {
    const bytes = 'HTTP/1.1 204 X\r\nX-a: b\r\nx-list: one\r\nx-list: two\r\n\r\n';
    const found = await finding(bytes, { expect: { headers: { [name]: wanted } } });
    expect(found.reasons).toEqual(holds ? [] : ['header_mismatch']);
  });

  it.each([
    [{ contains: 'grüße' }, true],
    [{ contains: 'GRÜßE' }, false],
    [{ notContains: 'error' }, true],
    [{ notContains: 'grüße' }, false],
    [{ matches: 'gr.{2}e' }, true],
    [{ matches: '^e' }, false],
    [{ contains: 'viele', matches: 'viele$' }, false],
  ])('of the body: %j → %s', async (body, holds) => {
    const found = await finding(answer('viele grüße'), { expect: { body } });
    expect(found.reasons).toEqual(holds ? [] : ['body_mismatch']);
  });

  it.each([
    ['a page', '<html>', 'The body is not JSON.'],
    ['nothing', '', 'The body is empty and not JSON.'],
    ['a member twice', '{"a":1,"a":2}', 'The JSON has two members of the same name.'],
    ['it twice in two spellings', '{"a":1,"\\u0061":2}', 'The JSON has two members of the same name.'],
    [
      'it twice, in different objects',
      '[{"b":{"a":1}},{"a":{"a":"{\\"a\\":1}"}},1]',
      '$.a is missing, expected 1.',
    ],
    ['it below __proto__', '{"__proto__":{"a":1}}', '$.a is missing, expected 1.'],
    ['a huge number', '{"a":1e400}', '$.a is Infinity, expected 1.'],
    [
      'a deep nest',
      `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
      'The JSON is nested more than 512 levels deep.',
    ],
    ['a deep nest without an end', '['.repeat(100_000), 'The body is not JSON.'],
  ])('C28 of JSON, in a body of %s', async (_, text, message) => {
    const found = await finding(answer(text), { expect: { json: { '$.a': 1 } } });
    expect(found).toMatchObject({ status: 'down', reasons: ['json_mismatch'], message });
  });

  it('is told in full, worst first, by name', async () => {
    const clock = new VirtualClock();
    const { url } = await started(
      scripted(async (socket) => {
        await clock.advance(2);
        socket.end(answer('{"status":"bad","queue":120}', { status: 500 }));
      }),
    );
    const wanted = {
      body: { contains: 'fine', matches: 'fine$' },
      json: { '$.status': 'ok', '$.queue': { lt: 100 }, '$.version': { exists: true } },
      headers: { 'strict-transport-security': { exists: true } },
      within: '1ms',
    };
    const found = await runHttp(httpCheck({ url, expect: wanted }), { clock });
    expect(found.reasons).toEqual([
      'unexpected_status',
      'header_mismatch',
      'body_mismatch',
      'json_mismatch',
      'too_slow',
    ]);
    expect(found.message).toContain(
      [
        'The status is 500, expected 200-299.',
        'The header strict-transport-security is missing, expected something.',
        'The body is "{\\"status\\":\\"bad\\",\\"queue\\":120}", expected it to contain "fine".',
        'The body is "{\\"status\\":\\"bad\\",\\"queue\\":120}", expected it to match /fine$/.',
        '$.status is "bad", expected "ok".',
        '$.queue is 120, expected less than 100.',
        '$.version is missing, expected something.',
      ].join(' '),
    );
  });

  it.each([
    ['x.*y.*z', 'x'.repeat(1_000_000)],
    ['^(a|a)*$', `${'a'.repeat(500)}!`],
    ['^(a|a)*$', `${'a'.repeat(50)}!`],
    ['a*a*a*a*a*a*a*a*b', 'a'.repeat(250)],
    ['(.*,){20}x', '1,'.repeat(500)],
  ])('C27 %s never takes as long as a hostile body likes', async (matches, body) => {
    const found = await finding(answer(body), { expect: { body: { matches } } });
    expect(found).toMatchObject({ status: 'down', reasons: ['body_mismatch'] });
  });

  it.each([
    ['of a kind that is none', { bodyContains: 'ok' }],
    ['of the body that is none', { body: { includes: 'ok' } }],
    ['of JSON that is none', { json: { '$.a': { matchs: 'ok' } } }],
    ['of a header that is none', { headers: { a: { equals: 'ok' } } }],
    ['without a condition', { body: {} }],
    ['at a path of many values', { json: { '$..a': 1 } }],
    ['with an expression that is none', { body: { matches: '(' } }],
    ['with an expression that can take forever (C27)', { body: { matches: '(a+)+$' } }],
    ['of a status that is none', { status: [99] }],
  ])('C29 an expectation %s is a mistake of the config, never passed over', (_, expectation) => {
    expect(() => httpCheck({ url: 'http://a.test', expect: expectation })).toThrow(
      '"path":["checks",0,"expect"',
    );
  });

  it.each([
    [799, 'up', []],
    [800, 'up', []],
    [801, 'degraded', ['too_slow']],
  ])('C32 %i ms where 800 are allowed make it %s', async (ms, status, reasons) => {
    const clock = new VirtualClock();
    const { url } = await started(
      scripted(async (socket) => {
        await clock.advance(ms);
        socket.end(answer(''));
      }),
    );
    const found = await runHttp(httpCheck({ url, expect: { within: '800ms' } }), { clock });
    expect(found).toMatchObject({ status, reasons, latencyMs: ms, phases: { firstByte: ms } });
  });
});

describe('a secret', () => {
  it('J23 is sent, and never told, though the target tells it back', async () => {
    remember('tok-1234567890');
    const server = await started(
      scripted((socket, request) => {
        const [, token] = /authorization: (.*)/.exec(request) ?? [];
        socket.end(answer(`{"you":"${token}"}`, { headers: { 'x-you': String(token) } }));
      }),
    );
    const check = httpCheck({
      url: server.url,
      headers: { authorization: { secret: 'TOKEN' } },
      expect: { body: { contains: 'fine' }, json: { '$.you': 'me' }, headers: { 'x-you': 'me' } },
    });
    const found = await runHttp(check, { secrets: { TOKEN: 'tok-1234567890' } });
    expect(server.requests[0]).toContain('authorization: tok-1234567890');
    expect(found.reasons).toEqual(['header_mismatch', 'body_mismatch', 'json_mismatch']);
    expect(JSON.stringify(found)).not.toContain('tok-1234');
    expect(found.message).toContain('[redacted]');
  });

  it.each([
    ['to where we may go', (port: number) => `http://127.0.0.1:${port}/end`, 'up'],
    ['to where we may not', () => 'http://10.0.0.1/', 'down'],
    ['to nothing', () => 'file:///', 'down'],
  ])('J23 is not told either where a redirect takes it along, %s', async (_, where, status) => {
    remember('tok-1234567890');
    const server = await started(
      scripted((socket, request) => {
        const location = `${where(server.port)}?you=tok-1234567890`;
        const isEnd = request.startsWith('GET /end');
        socket.end(isEnd ? answer('') : answer('', { status: 302, headers: { location } }));
      }),
    );
    const check = httpCheck({ url: server.url, headers: { authorization: { secret: 'TOKEN' } } });
    const found = await runHttp(check, { secrets: { TOKEN: 'tok-1234567890' } });
    expect(found.status).toBe(status);
    expect(JSON.stringify(found)).not.toContain('tok-1234');
  });

  it('that cannot be had is told to the caller', async () => {
    const check = httpCheck({ url: 'http://127.0.0.1:1/', headers: { authorization: { secret: 'TOKEN' } } });
    await expect(runHttp(check)).rejects.toThrow(SecretError);
  });
});
