import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { peerOf, type Serving, serve } from '../../lib/adapters/local/serve.ts';
import type { CheckView, Snapshot } from '../../lib/snapshot.ts';
import { VirtualClock } from '../kit/clock.ts';
import { NOW, SCENES } from '../kit/scenes.ts';
import { visit } from '../status/kit.ts';
import { launch } from './browser.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const log = { info() {}, warn() {}, error() {} };

const DEVICES = {
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 },
  desktop: { viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1 },
} as const;
const LOOKS = (['phone', 'desktop'] as const).flatMap((device) =>
  (['light', 'dark'] as const).map((scheme) => ({ device, scheme })),
);

let browser: Browser;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  browser = await launch();
}, 60_000);
afterAll(() => browser.close());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Opened {
  readonly page: Page;
  readonly clock: VirtualClock;
  /** What the browser complained of: console errors, policy violations, exceptions. */
  readonly complaints: string[];
}

/** The page over real HTTP, in a browser whose clock stands where the snapshots end. */
async function open(
  snapshot: Snapshot | (() => Promise<Snapshot>),
  options: BrowserContextOptions = DEVICES.desktop,
  path = '/',
  runbooks?: Readonly<Record<string, string>>,
): Promise<Opened> {
  const { app, clock } = visit(snapshot, { operator: { peerOf }, ...(runbooks && { runbooks }) });
  const server: Serving = await serve(app, { host: '127.0.0.1', port: 0, clock: new VirtualClock(), log });
  closing.push(() => server.close());
  const context = await browser.newContext(options);
  closing.push(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on(
    'console',
    (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()),
  );
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective))",
  );
  await page.clock.install({ time: NOW + 20_000 });
  await page.goto(server.url + path);
  return { page, clock, complaints };
}

describe.each(LOOKS)('on a $device, $scheme', ({ device, scheme }) => {
  const look = { ...DEVICES[device], colorScheme: scheme };
  it.each([
    ['all is up', '/', SCENES.up],
    ['an incident is open', '/', SCENES.incident],
    ['something is degraded, something in maintenance', '/', SCENES.mixed],
    ['the news is old', '/', SCENES.stale],
    ['nothing is public', '/', SCENES.empty],
    ['it is new', '/', SCENES.young],
    ['names are long, and of other scripts', '/', SCENES.names],
    ['the operator looks', '/operator', SCENES.operator],
    ['someone reads a runbook', '/runbooks/http', SCENES.up],
  ])(
    'while %s: no complaint, no accessibility fault, nothing wider than the screen',
    async (_, path, scene) => {
      const { page, complaints } = await open(scene(), look, path);
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await faults(page)).toEqual([]);
      expect(
        await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
      ).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
    },
  );
});

/** What axe-core finds, WCAG 2.2 AA and good practice. It is read into the page past its policy. */
async function faults(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | '))))`,
    awaitPromise: true,
  });
  return JSON.parse(result.value);
}

it.each([SCENES.up, SCENES.names, SCENES.hundred])('fits a screen of 320 px', async (scene) => {
  const { page } = await open(scene(), { viewport: { width: 320, height: 640 } });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
});

it('a check takes little of a phone: its name, its state, its bar and its figures fit into 96 px', async () => {
  const heights =
    "[...document.querySelectorAll('.check')].map((row) => Math.round(row.getBoundingClientRect().height))";
  const [first, ...rest] = SCENES.incident().checks;
  const wide = {
    ...first,
    latencyMs: 210,
    uptime: { '24h': 0.9902, '7d': 0.9902, '30d': 0.9902, '90d': 0.9902 },
    record: { since: NOW - 40 * 86_400_000, up: 57_001, known: 57_600 },
  } as CheckView;
  for (const scene of [{ ...SCENES.incident(), checks: [wide, ...rest] }, SCENES.young()]) {
    const { page } = await open(scene, { viewport: { width: 390, height: 844 } });
    expect(Math.max(...(await page.evaluate<number[]>(heights)))).toBeLessThanOrEqual(96);
    expect(await page.locator('.latency').first().innerText()).toMatch(/^Latency (–|\d+ ms)$/);
  }
});

it('a long command of a runbook stands in one line, and is selected whole', async () => {
  const command = 'curl -sS -o /dev/null https://acme.test/health';
  const { page } = await open(SCENES.up(), DEVICES.phone, '/runbooks/http', {
    http: `# HTTP\n\n1. Look: \`${command}\``,
  });
  await page.locator('pre code').click({ position: { x: 5, y: 5 } });
  expect(await page.evaluate('getSelection().toString()')).toBe(command);
  expect(await page.evaluate("document.querySelector('pre code').getClientRects().length")).toBe(1);
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  expect(await faults(page)).toEqual([]);
});

/** How what has the focus shows it: by itself, or, the slider that lies over a bar, by its bar. */
const RING =
  "getComputedStyle(document.activeElement.closest('.bar') ?? document.activeElement).outlineStyle";

describe('the bar', () => {
  const tip = (page: Page) => page.locator('.tip');

  it('is read with the arrow keys, slot by slot', async () => {
    const { page } = await open(SCENES.incident());
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Tab');
    const bar = page.getByRole('slider', { name: 'History of Public API' });
    expect(await bar.and(page.locator(':focus')).count()).toBe(1);
    expect(await tip(page).innerText()).toBe('Tue, 3 Mar 2026\n14 min down');
    await page.keyboard.press('ArrowLeft');
    expect(await tip(page).innerText()).toBe('Mon, 2 Mar 2026\nNo downtime');
    expect(await bar.getAttribute('aria-valuetext')).toBe('Mon, 2 Mar 2026: no downtime');
    await page.keyboard.press('Home');
    expect(await tip(page).innerText()).toBe('Thu, 4 Dec 2025\nNo downtime');
    await page.keyboard.press('Escape');
    expect(await tip(page).count()).toBe(0);
    await page.keyboard.press('Tab');
    expect(
      await page.getByRole('slider', { name: 'History of Webhooks' }).and(page.locator(':focus')).count(),
    ).toBe(1);
    expect(await tip(page).count()).toBe(1);
  });

  it('is read with the mouse, and the note stays on the screen', async () => {
    const { page } = await open(SCENES.incident(), DEVICES.phone);
    const box = await page.locator('.bar').first().boundingBox();
    if (!box) throw new Error('no bar');
    for (const [x, words] of [
      [1, 'No downtime'],
      [box.width * (60.5 / 90), '3 h 4 min down, 30 min degraded'],
      [box.width - 1, '14 min down'],
    ] as const) {
      await page.mouse.move(box.x + x, box.y + 20);
      expect((await tip(page).innerText()).split('\n')[1]).toBe(words);
      const note = await tip(page).boundingBox();
      expect(note && note.x >= 0 && note.x + note.width <= 360).toBe(true);
    }
    await page.mouse.move(5, 5);
    expect(await tip(page).count()).toBe(0);
  });

  it('stands without the script too: its slots have titles, and no dead control is in the way', async () => {
    const { page } = await open(SCENES.incident(), { ...DEVICES.desktop, javaScriptEnabled: false });
    expect(await page.getByRole('slider').count()).toBe(0);
    expect(await page.locator('.slots i[title="3 h 4 min down, 30 min degraded"]').isVisible()).toBe(true);
  });

  it('every link, bar and incident is reached with the tab key, and shows that it is', async () => {
    const { page } = await open(SCENES.operator(), DEVICES.desktop, '/operator');
    for (const summary of await page.locator('summary').all()) await summary.click();
    await page.locator('#main').focus();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    const wanted = await page.locator('a, .bar input, summary').count();
    const seen = new Set<string>();
    for (let i = 0; i < wanted; i += 1) {
      await page.keyboard.press('Tab');
      const ring = await page.evaluate<string>(RING);
      expect(ring).not.toBe('none');
      seen.add(await page.evaluate<string>('document.activeElement.outerHTML'));
    }
    expect(seen.size).toBe(wanted);
  });
});

describe('time passes', () => {
  it('a page that can’t be renewed says that it is old', async () => {
    const { page } = await open(SCENES.up());
    await page.context().setOffline(true);
    expect(await page.locator('h1').innerText()).toBe('All systems operational');
    expect(await page.locator('#stale').isVisible()).toBe(false);
    await page.clock.runFor(170_000);
    expect(await page.locator('h1').innerText()).toBe('Current status unknown');
    expect(await page.locator('#stale').isVisible()).toBe(true);
    expect(await page.locator('body').innerText()).not.toContain('perational');
    expect(await page.title()).toBe('Current status unknown · Acme status');
    expect(await faults(page)).toEqual([]);
  });

  it('a page in a tab renews itself, keeps open what its reader opened, and becomes young again', async () => {
    let now: Snapshot = SCENES.up();
    const { page, clock } = await open(async () => now);
    await page.locator('summary').first().click();
    await page.locator('summary').first().blur();
    now = { ...SCENES.incident(), at: NOW + 30_000 };
    await clock.advance(31_000);
    await page.clock.runFor(30_000);
    await page.getByRole('heading', { name: 'Partial outage' }).waitFor();
    expect(await page.locator('details[open]').count()).toBe(1);
    expect(await page.title()).toBe('Partial outage · Acme status');
  });

  it('a page of what has just been started renews itself every five seconds, and no other does', async () => {
    for (const [ago, words, times] of [
      [60_000, 'Partial outage', 1],
      [3_600_000, 'All systems operational', 0],
    ] as const) {
      const since = (snapshot: Snapshot): Snapshot => ({
        ...snapshot,
        checks: snapshot.checks.map((one) => ({ ...one, record: { since: NOW - ago, up: 1, known: 1 } })),
      });
      let now = since(SCENES.up());
      const { page, clock } = await open(async () => now);
      now = since(SCENES.incident());
      await clock.advance(2_000);
      let asked = 0;
      page.on('request', () => {
        asked += 1;
      });
      await page.clock.runFor(5_100);
      await page.getByRole('heading', { name: words }).waitFor();
      expect(asked).toBe(times);
    }
  });

  it('it waits while someone reads a bar', async () => {
    let now: Snapshot = SCENES.up();
    const { page, clock } = await open(async () => now);
    await page.locator('.bar').first().hover();
    now = SCENES.incident();
    await clock.advance(31_000);
    await page.clock.runFor(30_000);
    expect(await page.locator('h1').innerText()).toBe('All systems operational');
    await page.mouse.move(5, 5);
    await page.clock.runFor(30_000);
    await page.getByRole('heading', { name: 'Partial outage' }).waitFor();
  });
});

describe.runIf(process.env.WATCHBILL_UPDATE === '1')('the pictures of the docs', () => {
  it.each(LOOKS)('$device $scheme', async ({ device, scheme }) => {
    const { page } = await open(SCENES.incident(), { ...DEVICES[device], colorScheme: scheme });
    const bytes = await page.screenshot();
    expect(bytes.length).toBeLessThan(150_000);
    await writeFile(new URL(`../../docs/status-${device}-${scheme}.png`, import.meta.url), bytes);
  });
});
