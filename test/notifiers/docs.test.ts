import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { SECRETS } from '../kit/notice.ts';
import { notifications, outage } from './docs.ts';

const FILE = new URL('../../docs/notifications.md', import.meta.url);

test('docs/notifications.md says what is really sent (WATCHBILL_UPDATE=1 makes it anew)', async () => {
  const made = await notifications();
  if (process.env.WATCHBILL_UPDATE === '1') await writeFile(FILE, made);
  expect(await readFile(FILE, 'utf8')).toBe(made);
});

test('its way to verify a webhook takes what we send, and nothing else', async () => {
  const code = /```js\n([\s\S]*?)```/.exec(await readFile(FILE, 'utf8'))?.[1] ?? '';
  const { verify } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const [message] = (await outage()).messages;
  const { headers, bytes, at } = message ?? { headers: {}, bytes: Buffer.alloc(0), at: 0 };
  const key = Buffer.from(SECRETS.HOOK_KEY.slice('whsec_'.length), 'base64');
  expect(verify(headers, bytes, key, at)).toBe(true);
  expect(verify(headers, `${bytes} `, key, at)).toBe(false);
  expect(verify(headers, bytes, Buffer.from('another'), at)).toBe(false);
  expect(verify(headers, bytes, key, at + 301_000)).toBe(false);
  expect(verify({ ...headers, 'webhook-timestamp': undefined }, bytes, key, at)).toBe(false);
  expect(verify({ ...headers, 'webhook-signature': undefined }, bytes, key, at)).toBe(false);
});
