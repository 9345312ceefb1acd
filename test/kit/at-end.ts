import { afterEach } from 'vitest';

/** What a test has started and must end. */
interface Ending {
  close(): unknown;
}

/** To be called once in a test file: what is started through it is closed after each test. */
export function closesAtEnd(): <T extends Ending>(starting: T | Promise<T>) => Promise<T> {
  const open: Ending[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  return async (starting) => {
    const one = await starting;
    open.push(one);
    return one;
  };
}
