import { z } from 'zod';

/** A list in which nothing stands twice. */
export function unique<T extends z.ZodType<string>>(entry: T) {
  return z.array(entry).superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach((value, index) => {
      if (seen.has(value))
        context.addIssue({
          code: 'custom',
          path: [index],
          message: `${JSON.stringify(value)} is listed twice`,
        });
      seen.add(value);
    });
  });
}
