/** The yardstick: bare requests with node:http(s), each on a new socket: `node plain.ts PER_SECOND URL [CA]`. */
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { createSecureContext } from 'node:tls';
import { pace } from './pace.ts';

const [, , perSecond, url = '', ca] = process.argv;
const secureContext = ca === undefined ? undefined : createSecureContext({ ca });
const options = { agent: false, ...(secureContext && { secureContext }) };
const get = secureContext ? getSecure : getPlain;

pace(Number(perSecond), () => get(url, options, (response) => response.resume()));
