import { exchange } from './net/http.ts';
import { Fault } from './net/net.ts';
import type { ProbeContext } from './probes/define.ts';

/** Whether a canary answers at all: any answer proves that the location can see. */
export async function canaryAnswers(url: string, { net, signal, deadline }: ProbeContext): Promise<boolean> {
  try {
    await exchange(net, { url: new URL(url), method: 'GET', headers: {}, maxBody: 0 }, { signal, deadline });
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
