import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncidentView, LineKind, Snapshot } from '../../lib/snapshot.ts';
import { project } from '../../lib/status/project.ts';
import { check, incident, NOW, SCENES, snapshot } from '../kit/scenes.ts';
import { hidden, shown, weave } from './arbitraries.ts';
import { visit } from './kit.ts';

const RUNS = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 150) };

/** Everything the public can get: bodies and headers of every public path. */
async function everythingPublic(whole: Snapshot): Promise<string> {
  const { get } = visit(async () => whole);
  const answers = await Promise.all(
    ['/', '/api/v1/summary', '/operator', '/api/v1/operator', '/nowhere', '/healthz'].map((path) =>
      get(path),
    ),
  );
  return JSON.stringify(
    await Promise.all(
      answers.map(async (answer) => [answer.status, [...answer.headers], await answer.text()]),
    ),
  );
}

describe('what is private never shows', () => {
  it('snapshots that differ only in what is private give the same bytes: page, API, ETag', async () => {
    await fc.assert(
      fc.asyncProperty(shown, hidden, hidden, async (open, one, other) => {
        expect(await everythingPublic(weave(open, one))).toBe(await everythingPublic(weave(open, other)));
      }),
      RUNS,
    );
  });

  it('and the same projection, which on AWS is all that the page is given', () => {
    fc.assert(
      fc.property(shown, hidden, hidden, (open, one, other) => {
        expect(project(weave(open, one))).toEqual(project(weave(open, other)));
      }),
      RUNS,
    );
  });

  it('and snapshots that differ in what is public don’t', async () => {
    const calm = await everythingPublic(SCENES.up());
    expect(await everythingPublic({ ...SCENES.up(), title: 'Other' })).not.toBe(calm);
    expect(await everythingPublic(SCENES.incident())).not.toBe(calm);
  });

  it('no private text is in the projection, wherever it stood', () => {
    const [about, ...others] = SCENES.up().checks;
    const marked = {
      type: 'MARK',
      target: 'MARK',
      reason: 'MARK',
      message: 'MARK',
      severity: 'page' as const,
    };
    const told: IncidentView = {
      ...incident(check('Public API'), 60_000),
      title: 'MARK',
      runbook: 'MARK',
      timeline: [
        { at: NOW, kind: 'opened', text: 'MARK' },
        { at: NOW, kind: 'update', text: 'MARK' },
        { at: NOW, text: 'MARK' },
      ],
    };
    const secret = check('MARK', { public: false, group: 'MARK' });
    const projected = project(
      snapshot([{ ...about, ...marked } as never, secret, ...others], {
        incidents: [
          told,
          incident(secret, 1_000),
          { ...told, check: undefined },
          { ...told, class: 'config' },
          { ...told, class: '__proto__' },
          { ...told, check: 'gone' },
        ],
        maintenance: [{ checkIds: [secret.id], title: 'MARK', from: NOW, to: NOW + 1 }],
        platform: {
          banners: ['MARK'],
          undelivered: 1,
          skipped: 1,
          locations: [{ name: 'MARK', lastTickAt: NOW }],
        },
      }),
    );
    expect(JSON.stringify(projected)).not.toMatch(/mark/i);
    expect(projected.incidents).toHaveLength(1);
    expect(projected.maintenance).toEqual([]);
  });

  it('projecting twice changes nothing', () => {
    fc.assert(
      fc.property(shown, hidden, (open, secret) => {
        const once = project(weave(open, secret));
        expect(project(once)).toEqual(once);
      }),
      RUNS,
    );
  });
});

describe('what is public is told in fixed words', () => {
  const api = check('Public API');
  it.each([
    ['down', 'Public API is down'],
    ['degraded', 'Public API is degraded'],
    ['unknown', 'The state of Public API is unknown'],
  ])('%s', (kind, title) => {
    expect(
      project(snapshot([api], { incidents: [incident(api, 60_000, undefined, kind)] })).incidents[0]?.title,
    ).toBe(title);
  });

  it('an incident from its opening to its end', () => {
    const at = (minute: number) => NOW - 3_600_000 + minute * 60_000;
    const whole: IncidentView = {
      ...incident(api, 3_600_000, 1_800_000),
      timeline: [
        { at: at(0), kind: 'opened', text: 'x' },
        { at: at(0), kind: 'held', text: 'x' },
        { at: at(1), kind: 'page', text: 'x' },
        { at: at(2), kind: 'paged', text: 'x' },
        { at: at(3), kind: 'paged', text: 'x' },
        { at: at(4), kind: 'update', text: 'x' },
        { at: at(20), kind: 'reminder', text: 'x' },
        { at: at(21), kind: 'quiet', text: 'x' },
        { at: at(30), kind: 'resolved', text: 'x' },
      ],
    };
    expect(
      project(snapshot([api], { incidents: [whole] })).incidents[0]?.timeline.map(({ at, text }) => [
        (at - (NOW - 3_600_000)) / 60_000,
        text,
      ]),
    ).toEqual([
      [0, 'Automated checks confirm that it does not work.'],
      [2, 'The team on call has been alerted.'],
      [20, 'Not over yet.'],
      [
        21,
        'Well again. It is watched for ten minutes before this is called resolved, because it came back before.',
      ],
      [30, 'It works again.'],
    ]);
  });

  it.each<[string, LineKind[], string[]]>([
    ['nobody has accepted the page', ['opened', 'page', 'waiting', 'update'], []],
    ['nobody hears of it', ['opened', 'ticket'], []],
    ['a receiver has accepted the page', ['opened', 'page', 'paged'], ['The team on call has been alerted.']],
    ['a receiver has accepted the ticket', ['opened', 'ticket', 'ticketed'], ['The team has been told.']],
    ['only its end was accepted', ['opened', 'page', 'resolved', 'accepted'], []],
  ])('where %s', (_, kinds, words) => {
    const timeline = kinds.map((kind) => ({ at: NOW, kind, text: 'x' }));
    const [told] = project(snapshot([api], { incidents: [{ ...incident(api, 0), timeline }] })).incidents;
    expect(told?.timeline.map(({ text }) => text)).toEqual([
      'Automated checks confirm that it does not work.',
      ...words,
    ]);
  });

  it('nothing of what maintenance holds back, open or over', () => {
    const held = { ...incident(api, 60_000), heldBy: 'maintenance' };
    const incidents = [held, { ...held, resolvedAt: NOW }];
    expect(project(snapshot([api], { incidents })).incidents).toEqual([]);
    const child = { ...held, heldBy: 'depends on DNS' };
    expect(JSON.stringify(project(snapshot([api], { incidents: [child] })).incidents)).not.toContain('DNS');
    expect(project(snapshot([api], { incidents: [child] })).incidents).toHaveLength(1);
  });

  it.each([
    [
      'the worst of the public checks',
      [check('a', { status: 'degraded' }), check('b', { status: 'up' })],
      'degraded',
    ],
    [
      'not that of a private one',
      [check('a', { status: 'down', public: false }), check('b', { status: 'up' })],
      'up',
    ],
    ['maintenance before up', [check('a', { status: 'maintenance' }), check('b')], 'maintenance'],
    [
      'unknown before degraded',
      [check('a', { status: 'degraded' }), check('b', { status: 'unknown' })],
      'unknown',
    ],
    ['unknown of nothing', [check('a', { public: false })], 'unknown'],
  ] as const)('the status of the whole is %s', (_, checks, status) => {
    expect(project(snapshot(checks)).status).toBe(status);
  });

  it('maintenance of everything concerns the public only while there is something public', () => {
    const window = { checkIds: undefined, title: 'All of it', from: NOW, to: NOW + 1 };
    expect(project(snapshot([api], { maintenance: [window] })).maintenance).toEqual([window]);
    expect(project(snapshot([check('a', { public: false })], { maintenance: [window] })).maintenance).toEqual(
      [],
    );
  });
});
