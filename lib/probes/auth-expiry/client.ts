import type { z as Zod } from 'zod';
import type { Fields } from '../../config/fields.ts';
import type { SecretRef } from '../../ports.ts';
import { remember } from '../../redact.ts';
import type { AccountContext } from '../define.ts';

/** How a client of an authorization server says who it is: RFC 6749, 2.3.1. */
export const clientShape = (z: typeof Zod, fields: Fields) => ({
  clientId: z.union([z.string().min(1), fields.secret]).describe('The client id'),
  clientSecret: fields.secret.describe('The client secret'),
  auth: z
    .enum(['basic', 'post'])
    .default('basic')
    .describe('Whether they are sent in a header or in the body'),
});

export interface Client {
  readonly clientId: string | SecretRef;
  readonly clientSecret: SecretRef;
  readonly auth: 'basic' | 'post';
}

/** A form with the client in it, or in a header; never in a URL. */
export async function formOf(
  fields: Readonly<Record<string, string | undefined>>,
  client: Client,
  { secret }: AccountContext,
): Promise<{ readonly method: 'POST'; readonly body: string; readonly headers: Record<string, string> }> {
  const id = typeof client.clientId === 'string' ? client.clientId : await secret(client.clientId);
  const value = await secret(client.clientSecret);
  const form = new URLSearchParams();
  for (const [name, text] of Object.entries(fields)) if (text !== undefined) form.set(name, text);
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (client.auth === 'post') {
    form.set('client_id', id);
    form.set('client_secret', value);
  } else {
    const both = Buffer.from(`${encoded(id)}:${encoded(value)}`).toString('base64');
    remember(both);
    headers.authorization = `Basic ${both}`;
  }
  return { method: 'POST', body: form.toString(), headers };
}

/** As a form writes it: RFC 6749, 2.3.1 and appendix B. */
const encoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
