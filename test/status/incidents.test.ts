import { describe, expect, it } from 'vitest';
import type { IncidentView, LineKind } from '../../lib/snapshot.ts';
import { check, incident, NOW, snapshot } from '../kit/scenes.ts';
import { visit } from './kit.ts';

const api = check('Public API');
const open = incident(api, 14 * 60_000);
const over = incident(api, 60 * 60_000, 15 * 60_000);

const operatorPage = (incidents: readonly IncidentView[]): Promise<string> =>
  visit(snapshot([api], { incidents })).text('http://localhost/operator', '127.0.0.1');
const publicPage = (incidents: readonly IncidentView[]): Promise<string> =>
  visit(snapshot([api], { incidents })).text('/');

describe('how loud an incident looks', () => {
  const line = (kind: LineKind) => ({ ...open, timeline: [{ at: NOW, kind, text: 'x' }] });
  it.each<[string, IncidentView, string]>([
    ['an outage', open, 'down'],
    ['a check that is degraded', incident(api, 1_000, undefined, 'degraded'), 'degraded'],
    ['a location that is silent', { ...open, check: undefined, class: 'silent' }, 'down'],
    ['an outage that is over and merely watched', line('quiet'), 'degraded'],
    ['a drill', { ...open, check: undefined, class: 'drill' }, 'maintenance'],
  ])('%s', async (_, one, state) => {
    expect(await operatorPage([one])).toContain(`<article class="card s-${state}">`);
  });

  it.each<[string, IncidentView]>([
    ['an outage', over],
    ['a drill', { ...over, check: undefined, class: 'drill' }],
    ['something that could not be told', { ...over, class: 'unknown' }],
  ])('that is over: %s', async (_, one) => {
    const body = await operatorPage([one]);
    expect(body).toContain('<summary class="s-up"><svg class="icon" aria-hidden="true"><use href="#i-up"/>');
    expect(body).not.toContain('<summary class="s-down">');
  });
});

describe('the times of a timeline', () => {
  it('are to the minute for the public, to the second for the operator', async () => {
    expect(await publicPage([open])).toContain('<time datetime="2026-03-03T11:50:11.000Z">11:50</time>');
    expect(await operatorPage([open])).toContain('<time datetime="2026-03-03T11:50:11.000Z">11:50:11</time>');
  });

  it('say the day where it is another one', async () => {
    const late = {
      ...open,
      timeline: [{ at: open.openedAt + 86_400_000, kind: 'update' as const, text: 'x' }],
    };
    expect(await operatorPage([late])).toContain('>4 Mar 2026, 11:50:10</time>');
  });
});
