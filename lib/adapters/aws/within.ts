import type { Clock } from '../../ports.ts';

/**
 * Gives a call to AWS `ms` of time, connection and credentials included. Then it is aborted, and rejects whether it
 * takes notice or not: the SDK doesn't while it waits for credentials (aws/aws-sdk-js-v3#5810).
 */
export async function within<T>(
  ms: number,
  clock: Clock,
  call: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  let cancel = () => {};
  const end = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => {
      reject(new Error(`no answer within ${ms / 1000} s`));
      late.abort();
    });
  });
  try {
    return await Promise.race([call({ abortSignal: late.signal }), end]);
  } finally {
    cancel();
  }
}
