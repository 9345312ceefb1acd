import { Fault } from '../../net/net.ts';
import { timeOf } from '../dates.ts';
import { ask, expectOk, jsonOf, questionShape } from '../http-ask.ts';
import { pathShape } from '../http-shape.ts';
import { valueAt } from '../json-path.ts';
import { defineSource } from '../source.ts';
import type { Keys } from './keys.ts';

/** A date in the JSON of an answer: whatever has an API that tells when its key was made. */
export const http = defineSource<Keys>()({
  kind: 'http',
  summary: 'A date in the JSON answer of an API',
  shape: (z, fields) => ({
    ...questionShape(z, fields),
    path: pathShape(z, '$.key.createdAt').describe('Where in the JSON the date is: "$.key.createdAt"'),
  }),
  target: ({ url, path }) => `${path} of ${new URL(url).host}`,
  async look(source, context) {
    const answer = await ask(source, context);
    expectOk(answer, 'The API');
    const bornAt = timeOf(valueAt(jsonOf(answer), source.path), context.clock.now());
    if (bornAt === undefined)
      throw new Fault('json_mismatch', `There is no date at ${source.path} of the answer.`);
    return { keys: [{ name: 'key', bornAt }], issues: [] };
  },
});
