import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EMPTY_BUCKET } from '../../lib/stack/emptied.ts';
import { onLoopback } from '../kit/front.ts';

/** What the bucket's own function does when CloudFormation calls it, against a bucket that lists one object at a time. */

type Handler = (event: object) => Promise<void>;

function load(): Handler {
  const exports: { handler?: Handler } = {};
  new Function('require', 'exports', EMPTY_BUCKET)(createRequire(import.meta.url), exports);
  if (!exports.handler) throw new Error('no handler');
  return exports.handler;
}

interface Answer {
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown>;
}

async function start() {
  const objects = new Set(['public.json', 'index.html', 'static/a&b.css']);
  const answers: Answer[] = [];
  const trouble = { denied: false, answer: 200 };
  const server = createServer(async (req, res) => {
    const body = await text(req);
    const url = new URL(req.url ?? '', 'http://bucket');
    if (url.pathname === '/answer') {
      answers.push({ headers: req.headers, body: JSON.parse(body) });
      return res.writeHead(trouble.answer).end();
    }
    if (req.method === 'GET') {
      const [key] = objects;
      const contents = key ? `<Contents><Key>${key.replace('&', '&amp;')}</Key></Contents>` : '';
      return res.end(`<ListBucketResult><Name>b</Name>${contents}</ListBucketResult>`);
    }
    const [, key = ''] = /<Key>(.*)<\/Key>/.exec(body) ?? [];
    const name = key.replace('&amp;', '&');
    if (trouble.denied)
      return res.end(
        `<DeleteResult><Error><Key>${key}</Key><Code>AccessDenied</Code></Error></DeleteResult>`,
      );
    objects.delete(name);
    return res.end('<DeleteResult></DeleteResult>');
  });
  return { objects, answers, trouble, ...(await onLoopback(server)) };
}

let stage: Awaited<ReturnType<typeof start>>;
beforeEach(async () => {
  stage = await start();
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL: stage.endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  }))
    vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await stage.close();
});

const IDS = { StackId: 's', RequestId: 'r', LogicalResourceId: 'l' };
const event = (RequestType: string) => ({
  ...IDS,
  RequestType,
  ResponseURL: `${stage.endpoint}/answer`,
  // A name that can't stand in a host name: the client puts it into the path.
  ResourceProperties: { Bucket: 'under_score' },
});

it.each(['Create', 'Update'])('%s leaves the bucket as it is', async (type) => {
  await load()(event(type));
  expect(stage.objects.size).toBe(3);
  expect(stage.answers.map(({ body }) => body)).toEqual([
    { ...IDS, PhysicalResourceId: 'under_score', Status: 'SUCCESS' },
  ]);
});

it('Delete empties it, however often it must ask, and tells CloudFormation in the form that it wants', async () => {
  await load()(event('Delete'));
  expect([...stage.objects]).toEqual([]);
  const [{ headers, body } = { headers: {}, body: {} }] = stage.answers;
  expect(body).toEqual({ ...IDS, PhysicalResourceId: 'under_score', Status: 'SUCCESS' });
  expect(headers['content-type'] ?? '').toBe('');
});

it('what can’t be deleted is told with its name, and nothing goes on for ever', async () => {
  stage.trouble.denied = true;
  await load()(event('Delete'));
  expect(stage.answers.map(({ body }) => [body.Status, body.Reason])).toEqual([
    ['FAILED', 'Error: public.json could not be deleted: AccessDenied'],
  ]);
});

it('an answer that CloudFormation doesn’t take is an error, which its log shows', async () => {
  stage.trouble.answer = 403;
  await expect(load()(event('Create'))).rejects.toThrow('CloudFormation answered 403');
});

it('fits in a template', () => {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-function-code.html
  expect(Buffer.byteLength(EMPTY_BUCKET)).toBeLessThan(4_096);
});
