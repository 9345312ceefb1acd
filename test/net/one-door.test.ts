import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { countSections } from '../kit/sections.ts';

countSections();

/** What a file imports, by name, from the modules of Node that reach the network (and from undici). */
function networkImports(path: string): string[] {
  const imports =
    /import \{([^}]*)\} from '(?:node:)?(net|tls|http|https|http2|dgram|dns|dns\/promises|undici)'/g;
  return [...readFileSync(path, 'utf8').matchAll(imports)].flatMap(([, names = '', module]) =>
    names.split(',').map((name) => `${module}.${name.trim()}`),
  );
}

/** Those that neither open a connection nor send a packet. */
const HARMLESS = /\.(type .*|isIP|isIPv4|isIPv6|STATUS_CODES|createServer|rootCertificates|)$/;
/** Keeps the connections that AWS's own client opens to AWS, by agents of its own. */
const OF_THE_SDK = 'lib/adapters/aws/connections.ts';
const AGENTS = /\.Agent as \w+$/;
const OPENS_TCP = /^net\.(connect|createConnection|Socket|Stream)$/;

it('J19 only lib/net can open a connection, so whatever is dialled passes the same guard', () => {
  const others = globSync('lib/**/*.ts').filter((path) => !path.startsWith('lib/net/'));
  expect(others.length).toBeGreaterThan(20);
  const harmful = (path: string) => networkImports(path).filter((name) => !HARMLESS.test(name));
  expect(others.filter((path) => path !== OF_THE_SDK && harmful(path).length > 0)).toEqual([]);
  expect(harmful(OF_THE_SDK).filter((name) => !AGENTS.test(name))).toEqual([]);
});

it('J19 within lib/net only two files open a TCP connection, both to an address that was checked', () => {
  const openers = globSync('lib/net/*.ts').filter((path) =>
    networkImports(path).some((name) => OPENS_TCP.test(name)),
  );
  expect(openers.sort()).toEqual(['lib/net/dns.ts', 'lib/net/race.ts']);
});
