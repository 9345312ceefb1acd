import { TABLE_NAME } from '../deployment.ts';
import { INSTALLATION } from '../items.ts';
import { type Store, StoreError } from '../ports.ts';
import { CommandError } from './failure.ts';

/** What an operator does about the ways in which AWS refuses, by the words of lib/adapters/aws/explain.ts for them. */
const REMEDIES = [
  ['we have no credentials', () => 'sign in, or name a profile in AWS_PROFILE'],
  ['our credentials are not taken', () => 'sign in again'],
  ['access denied', (needs: string) => `these credentials may not ${needs}`],
  ['not there', () => 'deploy first, or take the credentials of the account where it is deployed'],
] as const;

/** What a person has to mend is said as a `CommandError`. `needs`: what the credentials must allow. */
export async function withRemedy<T>(home: string, needs: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const remedy = error instanceof StoreError && REMEDIES.find(([words]) => error.message.includes(words));
    if (!remedy) throw error;
    const where = error.message.includes(` in ${home}:`) ? '' : ` in ${home}`;
    throw new CommandError(`${error.message}${where}: ${remedy[1](needs)}`, 2);
  }
}

/** Asks the deployed table once, so that what a person has to mend is said at once. */
export async function firstLook(table: Store, home: string, needs: string): Promise<void> {
  const installed = await withRemedy(home, needs, table.get(INSTALLATION));
  if (!installed)
    throw new CommandError(
      `the table ${TABLE_NAME} in ${home} is empty: nothing has run yet, which takes two minutes after a deployment`,
      2,
    );
}
