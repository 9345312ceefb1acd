/** The yardstick: a bare loop of requests with node:http(s), a new socket each time, until it is stopped. */
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { createSecureContext } from 'node:tls';

const AT_ONCE = 16;

const [, , url = '', ca] = process.argv;
const secureContext = ca === undefined ? undefined : createSecureContext({ ca });

for (let i = 0; i < AT_ONCE; i += 1) void goOn();

async function goOn(): Promise<never> {
  for (;;) await one();
}

function one(): Promise<void> {
  const options = { agent: false, ...(secureContext && { secureContext }) };
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getSecure : getPlain;
    get(url, options, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}
