import type { Secrets } from '../lib/ports.ts';
import { clock, here, once } from './place.ts';

const managed = once(async () => {
  const { ManagedSecrets } = await import('../lib/adapters/aws/secrets.ts');
  return new ManagedSecrets({ region: here().region, clock });
});

/** Secrets Manager in this region; its client is loaded once a secret is wanted. */
export const secrets: Secrets = {
  get: async (ref) => (await managed()).get(ref),
  renew: async (ref, refused) => (await managed()).renew(ref, refused),
};
