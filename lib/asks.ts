import type { Ask } from './reading.ts';
import { hashOf } from './schedule.ts';

/** An order to run checks now, named by why and for which: given twice, it is one. `checks`: their ids; `at`: epoch ms. */
export const askFor = (
  location: string,
  why: 'confirm' | 'renew',
  checks: readonly string[],
  at: number,
): Ask => ({ location, cause: `${why}-${hashOf(checks.join('\n')).toString(16)}`, at, checks });
