import { ManagedSecrets } from '../adapters/aws/secrets.ts';
import { loadForAws } from '../config.ts';
import { type ChangeOptions, change } from './change.ts';

/** `change` with the secrets of the deployment on AWS, by the credentials of the environment. */
export async function stackChange(options: Omit<ChangeOptions, 'secrets'>): ReturnType<typeof change> {
  const { aws } = await loadForAws(options);
  const secrets = new ManagedSecrets({ region: aws.home, clock: options.clock });
  try {
    return await change({ ...options, secrets });
  } finally {
    secrets.close();
  }
}
