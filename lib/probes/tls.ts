import { isIP } from 'node:net';
import { hostPort } from '../net/host.ts';
import type { Finding } from '../reading.ts';
import { defineProbe } from './define.ts';
import { failed } from './finding.ts';
import { lookAtEach, together } from './tls-look.ts';

/** What a certificate is pinned by: SHA-256 of the public key info, base64. */
const PIN = /^[A-Za-z0-9+/]{43}=$/;

/** Whether a server's certificates, protocol and cipher are sound, and how long they stay so. */
export const tls = defineProbe({
  type: 'tls',
  summary:
    'A TLS certificate is valid, trusted, for the right name and not about to expire; protocol and cipher are sound.',
  shape: (z, fields) => ({
    host: fields.host.describe('Host name or IP address'),
    port: fields.port.default(443).describe('Port'),
    connectTo: fields.address
      .optional()
      .describe('Address dialled in place of the one that the name resolves to'),
    servername: fields.host
      .optional()
      .describe('Name to ask for and to find in the certificate; default: the host'),
    ca: fields.file.optional().describe('PEM file of the certificates to trust in place of the public ones'),
    expires: z
      .strictObject({
        warn: fields.duration.prefault('21d').describe('Time left at which it is degraded'),
        fail: fields.duration.prefault('3d').describe('Time left at which it is down'),
      })
      .prefault({})
      .describe('When a certificate of the chain counts as about to expire'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest protocol that will do'),
    revocation: z
      .enum(['off', 'soft', 'hard'])
      .default('soft')
      .describe(
        'Whether revocation is looked up, and whether "cannot tell" is degraded ("hard") or a fact ("soft")',
      ),
    pin: z
      .array(z.string().regex(PIN, 'must be the base64 of a SHA-256'))
      .min(1)
      .optional()
      .describe('SHA-256 of public key infos, base64; one of them must be in the chain'),
  }),
  refine: ({ expires }) =>
    expires.fail > expires.warn
      ? [{ path: ['expires', 'fail'], message: 'must not be longer than "warn"' }]
      : [],
  defaults: { severity: 'ticket' },
  knowsExpiries: true,
  target: (check) => hostPort(check.host, check.port),

  async run(check, { net, clock, signal, deadline }): Promise<Finding> {
    const started = clock.monotonic();
    const { host, port, servername, ca, expires, minVersion, pin: pins, revocation: mode } = check;
    const at = check.connectTo ?? { host, port: undefined };
    const options = { servername, ca, expires, minVersion, pins, revocation: mode };
    const limits = { signal, deadline };
    try {
      const { addresses, ms } = await net.resolve(at.host, limits);
      const looks = await lookAtEach(addresses, net, { host, port, connectTo: at }, options, limits);
      return together(looks, isIP(at.host) ? {} : { dns: ms });
    } catch (error) {
      return failed(error, clock.monotonic() - started);
    }
  },
});
