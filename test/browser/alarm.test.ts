import { writeFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toEvent } from '../../lib/notifiers/pagerduty.ts';
import { toBlocks } from '../../lib/notifiers/slack.ts';
import { SECRETS } from '../kit/notice.ts';
import { PagerDutyLedger } from '../kit/pagerduty.ts';
import { alarmNotice } from '../notifiers/alarm.ts';
import { pagerDutyView, slackView } from './alarm-views.ts';
import { launch } from './browser.ts';

/** What a person sees of an alarm of CloudWatch. WATCHBILL_UPDATE=1 makes the pictures of docs/alarms.md anew. */

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
}, 60_000);
afterAll(() => browser.close());

/** As PagerDuty has understood it. */
function accepted() {
  const ledger = new PagerDutyLedger();
  ledger.accept(JSON.parse(JSON.stringify(toEvent(alarmNotice(), SECRETS.PD_KEY))), 0);
  const [one] = ledger.accepted;
  if (!one) throw new Error(JSON.stringify(ledger.refused));
  return one.event;
}

const seen = [
  'checkout-5xx',
  'Threshold Crossed: 1 datapoint [12.0',
  'https://wiki.acme.test/checkout',
  'https://status.acme.test/',
  'console.aws.amazon.com/cloudwatch',
];

it.each([
  ['slack', () => slackView(toBlocks(alarmNotice()))],
  ['pagerduty', () => pagerDutyView(accepted())],
])('%s shows what is wrong, why, and where to go on', async (name, view) => {
  const context = await browser.newContext({
    viewport: { width: 700, height: 900 },
    deviceScaleFactor: 1.25,
  });
  try {
    const page = await context.newPage();
    await page.setContent(view());
    const hrefs = await page
      .locator('a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    const shown = [await page.locator('body').innerText(), ...hrefs].join('\n');
    for (const words of seen) expect(shown).toContain(words);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(700);
    if (process.env.WATCHBILL_UPDATE !== '1') return;
    const bytes = await page.locator('body').screenshot();
    expect(bytes.length).toBeLessThan(150_000);
    await writeFile(new URL(`../../docs/alarm-${name}.png`, import.meta.url), bytes);
  } finally {
    await context.close();
  }
});
