import { timeOf } from '../dates.ts';
import { ask, expectOk, jsonOf, questionShape } from '../http-ask.ts';
import { pathShape } from '../http-shape.ts';
import { valueAt } from '../json-path.ts';
import { defineSource } from '../source.ts';
import { type Credentials, onlyIssue } from './credentials.ts';

/** A header or a JSON field in which an API says when the credential expires that asks it. */
export const http = defineSource<Credentials>()({
  kind: 'http',
  summary: 'A header or JSON field of an answer that says when the credential expires',
  shape: (z, fields) => ({
    ...questionShape(z, fields),
    header: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('The header that says it, "github-authentication-token-expiration"; or "path"'),
    path: pathShape(z, '$.expiresAt').optional().describe('Where in the JSON it is: "$.token.expiresAt"'),
    form: z
      .enum(['date', 'seconds-left'])
      .default('date')
      .describe(
        'Whether it is a time (ISO 8601, HTTP, seconds or ms since 1970), or the seconds that are left',
      ),
  }),
  target: ({ url, header, path }) => `${header ?? path} of ${new URL(url).host}`,
  async look(source, context) {
    const { header, path, form } = source;
    const answer = await ask(source, context);
    expectOk(answer, 'The API');
    const value =
      header === undefined ? valueAt(jsonOf(answer), String(path)) : answer.headers[header.toLowerCase()];
    const expiresAt = timeOf(value, context.clock.now(), form);
    if (expiresAt !== undefined) return { credentials: [{ name: 'credential', expiresAt }], issues: [] };
    const where = header ?? path;
    return onlyIssue({
      reason: 'expiry_missing',
      message:
        value === undefined
          ? `The answer has no ${where}.`
          : `What stands at ${where} of the answer is no time.`,
    });
  },
});
