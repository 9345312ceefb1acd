import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { createNet } from '../../lib/net/create.ts';
import { Fault } from '../../lib/net/net.ts';
import { exchangeFollowing } from '../../lib/net/redirects.ts';
import { a, type DnsServer, startDnsServer } from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';
import { listen, resets, type TestServer } from '../kit/sockets.ts';

countSections();

const RUNS = Math.max(100, Number(process.env.WATCHBILL_RUNS ?? 100));
const PERMITTED = '127.0.0.1';
const FORBIDDEN = ['127.0.0.2', '::1'];
const ADDRESSES = [PERMITTED, ...FORBIDDEN, '10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1'];
const LITERALS = [
  '127.0.0.1',
  '127.1',
  '127.0.0.2',
  '2130706434',
  '0x7f000002',
  '[::1]',
  '[::ffff:127.0.0.2]',
  '0',
  'localhost',
];

/** Which addresses a name has, at each look-up others; and where each visit to the server is sent on. */
interface Web {
  readonly answers: readonly (readonly string[])[];
  readonly hops: readonly string[];
}

const web: fc.Arbitrary<Web> = fc.record({
  answers: fc.array(
    fc.oneof(
      fc.constant([PERMITTED]),
      fc.uniqueArray(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 6 },
  ),
  hops: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c') },
      { weight: 1, arbitrary: fc.constantFrom(...LITERALS) },
    ),
    { maxLength: 6 },
  ),
});

let port = 0;
let current: Web = { answers: [], hops: [] };
let run = 0;
let visits = 0;
let allVisits = 0;
let dns: DnsServer;
let permitted: Server;
let forbidden: TestServer[];

/** A name of this run's own, so that its look-ups count from one. */
const hostOf = (hop: string): string => (/^[a-c]$/.test(hop) ? `${hop}.run${run}.test` : hop);

const strayed = (): number[] => forbidden.map(({ count }) => count);

beforeAll(async () => {
  permitted = createServer((_, response) => {
    const hop = current.hops[visits++];
    allVisits += 1;
    if (hop === undefined) response.end('arrived');
    else response.writeHead(302, { location: `http://${hostOf(hop)}:${port}/${visits}` }).end();
  });
  permitted.listen(0, PERMITTED);
  await once(permitted, 'listening');
  port = (permitted.address() as AddressInfo).port;
  forbidden = await Promise.all(FORBIDDEN.map((host) => listen(resets, { host, port })));
  dns = await startDnsServer(({ name, type, nth }) => {
    const addresses = current.answers[(nth - 1) % current.answers.length] ?? [];
    const six = addresses
      .filter((data) => data.includes(':'))
      .map((data) => ({ type: 'AAAA' as const, name, data, ttl: 0 }));
    return {
      answers:
        type === 'AAAA'
          ? six
          : addresses.filter((data) => !data.includes(':')).map((data) => a(name, data, 0)),
    };
  });
});

afterAll(async () => {
  await Promise.all([dns.close(), ...forbidden.map((server) => server.close())]);
  permitted.close();
});

it('J16 no web of redirects and no change of DNS leads to a dial outside of the policy', {
  timeout: 600_000,
}, async () => {
  const net = createNet({ clock: systemClock, allow: [`${PERMITTED}/32`], self: [], servers: [dns.address] });
  const follow = async (one: Web) => {
    const before = strayed();
    current = one;
    visits = 0;
    run += 1;
    const request = { url: new URL(`http://${hostOf('a')}:${port}/`), method: 'GET', headers: {} };
    const limits = { deadline: systemClock.monotonic() + 10_000, signal: new AbortController().signal };
    const end = await exchangeFollowing(net, request, limits, { max: 20, abroad: {} }).catch(
      (error) => error,
    );
    const reason = end instanceof Fault ? end.reason : String(end.body);
    expect(['arrived', 'target_refused', 'redirect_blocked']).toContain(reason);
    expect(strayed()).toEqual(before);
  };
  await fc.assert(fc.asyncProperty(web, follow), { numRuns: RUNS });
  expect(allVisits).toBeGreaterThan(RUNS / 4);
  process.stdout.write(
    `invariant 10: ${RUNS} webs of redirects, ${allVisits} requests, none to a forbidden address\n`,
  );
});
