import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { onLoopback } from './front.ts';

export const CLIENT = { id: 'importer', secret: 'client-secret-of-the-importer' };
export const RESOURCE = 'https://api.acme.test';
export const SCOPE = 'read';

/** An authorization server that others have written: client credentials, introspection, revocation. */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenUrl: string;
  readonly introspectionUrl: string;
  readonly jwksUrl: string;
  /** A token: opaque, or for `RESOURCE` a JWT. */
  token(resource?: string): Promise<string>;
  revoke(token: string): Promise<void>;
  close(): Promise<void>;
}

export async function authorizationServer(lifetimeSeconds = 3_600): Promise<AuthorizationServer> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  // it must know its own address before it is made
  let handle: ReturnType<Provider['callback']> | undefined;
  const { endpoint: issuer, close } = await onLoopback(
    createServer((request, response) => handle?.(request, response)),
  );
  const provider = new Provider(issuer, {
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' } as never],
    },
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: SCOPE,
      },
    ],
    scopes: [SCOPE],
    ttl: { ClientCredentials: lifetimeSeconds },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: SCOPE, audience: RESOURCE, accessTokenFormat: 'jwt' }),
      },
    },
  });
  handle = provider.callback();
  const basic = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
  const post = (path: string, form: Record<string, string>) =>
    fetch(`${issuer}${path}`, {
      method: 'POST',
      headers: { authorization: basic },
      body: new URLSearchParams(form),
    });
  return {
    issuer,
    tokenUrl: `${issuer}/token`,
    introspectionUrl: `${issuer}/token/introspection`,
    jwksUrl: `${issuer}/jwks`,
    async token(resource) {
      const form = { grant_type: 'client_credentials', ...(resource && { resource, scope: SCOPE }) };
      const { access_token } = (await (await post('/token', form)).json()) as { access_token: string };
      return access_token;
    },
    revoke: async (token) => void (await post('/token/revocation', { token })),
    close,
  };
}
