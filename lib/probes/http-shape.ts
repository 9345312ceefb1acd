import type { z as Zod } from 'zod';
import type { Fields } from '../config/fields.ts';
import { rangeOf } from './expectation.ts';
import { parsePath } from './json-path.ts';

/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

/** They frame the message or belong to the connection, and are ours to say. */
const OWN = /^(connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** What Node sends as a header's value: printable Latin-1 and tabs. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers to send: texts or secrets. */
export function headersShape(z: typeof Zod, { secret }: Fields) {
  const name = headerName(z).refine((text) => !OWN.test(text), 'is a header that Watchbill itself must say');
  const value = z.string().regex(VALUE, 'holds a character that a header cannot have');
  return z.record(name, z.union([value, secret]));
}

/** What is expected of an answer: an `Expectation`. */
export function expectationShape(z: typeof Zod, { span, regex }: Fields) {
  const scalars = [z.string(), z.number(), z.boolean(), z.null()] as const;
  const scalar = z.union(scalars);
  const exists = z.boolean().optional();
  const part = z.string().min(1).optional();
  const matches = regex.optional();
  const limit = z.number().optional();
  const asking = <S extends Zod.ZodRawShape>(shape: S) =>
    z.strictObject(shape).refine((conditions) => Object.keys(conditions).length > 0, {
      error: 'must hold a condition',
      when: ({ issues }) => issues.length === 0,
    });
  const ofValue = {
    ...{ eq: scalar.optional(), ne: scalar.optional(), lt: limit, lte: limit, gt: limit, gte: limit },
    ...{ exists, contains: scalar.optional(), matches },
  };
  return z.strictObject({
    status: z
      .array(statusShape(z))
      .min(1)
      .default(['200-299'])
      .describe('Statuses and ranges of them, "200-299"'),
    body: asking({ contains: part, notContains: part, matches }).optional().describe('The body as text'),
    json: z
      .record(pathShape(z), z.union([...scalars, asking(ofValue)]))
      .optional()
      .describe('Values in a JSON body by path, "$.a.b[0]": what they are, or conditions'),
    headers: z
      .record(headerName(z), z.union([z.string(), asking({ exists, contains: part, matches })]))
      .optional()
      .describe('Headers by name: what they are, or conditions'),
    within: span.optional().describe('It is degraded when it takes longer'),
  });
}

/** The name of a header. */
export const headerName = (z: typeof Zod) => z.string().regex(TOKEN, 'is not the name of a header');

/** The path of one value in JSON. */
export const pathShape = (z: typeof Zod, example = "$.a.b[0]['c']") =>
  z
    .string()
    .refine((text) => parsePath(text) !== undefined, `is not the path of one value, such as "${example}"`);

/** A final status: 1xx announce one. */
function statusShape(z: typeof Zod) {
  const range = z
    .string()
    .regex(/^[2-5]\d\d-[2-5]\d\d$/, 'must be a status, such as 204, or a range, such as "200-299"')
    .refine(
      (text) => rangeOf(text)[0] <= rangeOf(text)[1],
      'must be a range from the lower to the higher status',
    );
  return z.union([z.int().min(200).max(599), range]);
}
