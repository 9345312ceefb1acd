import type { z } from 'zod';

/** A check of a text: `why` says in one line what is wrong with it. */
export const saying =
  (why: (text: string) => string | undefined) =>
  (text: string, context: z.core.$RefinementCtx<string>): void => {
    const message = why(text);
    if (message !== undefined) context.addIssue(message);
  };
