import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { Service } from '../kit/service.ts';
import { modes } from '../kit/stand-in.ts';
import { Webhook } from '../kit/webhook.ts';
import { placeOf } from './kit.ts';

/** One for each field that bears a secret; with characters that JSON, URLs and forms write in other ways. */
const CANARIES = {
  TOKEN: 'Bearer cnry"Tk7/q+W2=zX&9%vLm\\pR',
  PD_KEY: 'CnRyPd8fJ3kQz0VbN6tXw1LsYh5GmRa2',
  HOOK_KEY: 'cnryHk"4u/Zt8+Rw=1&7%Bq\\Ne',
  HOOK_TOKEN: 'cnryHt5g/Pb2+Ud=6&3%Jx',
} as const;

const PIECE = 8;

/** A secret as it is, and as others write it; base64 wherever it may stand in something longer. */
function spellings(value: string): string[] {
  const bytes = (before: number) => Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
  const inside = [0, 1, 2].map((before) =>
    bytes(before)
      .toString('base64')
      .slice(before + 1, -4),
  );
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    new URLSearchParams({ '': value }).toString().slice(1),
    bytes(0).toString('hex'),
    ...inside,
    ...inside.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** The pieces of secrets that a text holds. */
function leaks(text: string): string[] {
  return Object.entries(CANARIES).flatMap(([name, value]) =>
    spellings(value.replace('Bearer ', '')).flatMap((spelling) =>
      Array.from({ length: spelling.length - PIECE + 1 }, (_, at) => spelling.slice(at, at + PIECE))
        .filter((piece) => text.includes(piece))
        .map((piece) => `${name}: ${piece}`),
    ),
  );
}

/** Says back what it was sent, in every part of an answer. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const token = request.headers.authorization ?? '';
  const spoken: Record<string, () => void> = {
    '/redirect': () =>
      response.writeHead(302, { location: `/other?token=${encodeURIComponent(token)}` }).end(),
    '/garbage': () => request.socket.end(`${token} is no HTTP\r\n\r\n`),
    '/status': () => response.writeHead(500, token, { 'x-echo': token }).end(token),
  };
  const say =
    spoken[request.url ?? ''] ?? (() => response.setHeader('x-echo', token).end(JSON.stringify({ token })));
  say();
}

const EXPECTED: Readonly<Record<string, unknown>> = {
  body: { body: { matches: '^never$' } },
  json: { json: { '$.token': 'never' } },
  header: { headers: { 'x-echo': 'never' } },
  redirect: { body: { contains: 'never' } },
  garbage: {},
  status: {},
};

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
}

test('no secret is in any output, file, page, answer or message, whatever fails', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await using webhook = await Webhook.start(systemClock, CANARIES.HOOK_KEY);
  service.answer = (response) => echo(response.req, response);
  const says = (status: number) => modes.status(status, {}, JSON.stringify(CANARIES));
  pagerDuty.next(says(500), says(400));
  webhook.next(says(500), says(401));
  const checks = Object.entries(EXPECTED).map(([id, expectation]) => ({
    id,
    type: 'http',
    url: service.url + id,
    headers: { authorization: { secret: 'TOKEN' } },
    expect: expectation,
    every: '5s',
    timeout: '1s',
    public: true,
  }));
  const config = {
    name: 'Acme',
    network: { allow: ['127.0.0.0/8'] },
    judge: { tries: 2, over: '1s' },
    checks,
    notify: {
      pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url },
      webhook: {
        url: webhook.url,
        signingKey: { secret: 'HOOK_KEY' },
        headers: { authorization: { secret: 'HOOK_TOKEN' } },
      },
    },
  };
  await using place = await placeOf(config, CANARIES);
  const run = await place.start();
  await until(
    () => Math.min(pagerDuty.requests.length, webhook.requests.length),
    (told) => told > checks.length,
  );
  const commands = [
    ['validate'],
    ['test'],
    ['test', '--confirm', '--json'],
    ['status'],
    ['status', '--json'],
    ['drill'],
  ];
  const ended = await Promise.all(commands.map((args) => place.run(...args).ended));
  const paths = ['/', '/operator', '/api/v1/summary', '/api/v1/operator', '/nowhere', '/runbooks/http'];
  const pages = await Promise.all(paths.map(async (path) => (await fetch(run.url + path)).text()));
  const events = pagerDuty.requests.map(({ bytes }) => bytes.toString().replace(CANARIES.PD_KEY, ''));
  const messages = webhook.requests.map(({ bytes }) => bytes.toString());
  const files = await filesIn(join(place.dir, '.watchbill'));
  ended.push(await run.kill('SIGTERM'));
  files.push(...(await filesIn(join(place.dir, '.watchbill'))));

  expect(events.join()).toContain('is down');
  expect(ended.map(({ stdout }) => stdout).join()).toContain('[redacted]');
  const outputs = ended.flatMap(({ stdout, stderr }) => [stdout, stderr]);
  expect(
    Object.entries({ outputs, files, pages, events, messages }).map(([what, texts]) => [
      what,
      leaks(texts.join('\n')),
    ]),
  ).toEqual(['outputs', 'files', 'pages', 'events', 'messages'].map((what) => [what, []]));
});
