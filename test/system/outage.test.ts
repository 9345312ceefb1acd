import { expect } from 'vitest';
import { broken, well } from '../kit/service.ts';
import { headline, told } from './shown.ts';
import { CONFIRMED, onCloud } from './suite.ts';

onCloud(
  'an outage is one incident: one trigger, one resolve, and the page shows it',
  async ({ cloud, service }) => {
    await cloud.run(3);
    expect(await told(cloud)).toEqual({ checks: ['api up'], over: [] });
    expect(await headline(cloud)).toBe('All systems operational');
    expect(cloud.ledger.alerts).toEqual([]);

    service.answer = broken;
    const began = cloud.account.time.now();
    await cloud.run(5);
    const [alert] = cloud.ledger.open;
    expect(cloud.ledger.totals).toMatchObject({ opened: 1, merged: 0, alerts: 1 });
    expect((alert?.openedAt ?? 0) - began).toBeLessThan(60_000);
    const asked = cloud.calls.filter(({ resource }) => resource.endsWith(':watchbill-beats'));
    expect(JSON.stringify(asked), 'the others, when the first one fails').toContain('confirm-');
    expect(await told(cloud)).toEqual({ checks: ['api down'], over: [false] });
    expect(await headline(cloud)).not.toContain('operational');

    service.answer = well;
    await cloud.run(5);
    expect(cloud.ledger.actions(alert?.dedupKey ?? '')).toEqual(['trigger', 'resolve']);
    // What is dropped is the watchdog's: every ten minutes it says that home lives.
    expect(cloud.ledger.totals).toMatchObject({ opened: 1, merged: 0, resolved: 1, refused: 0, alerts: 1 });
    expect(await told(cloud)).toEqual({ checks: ['api up'], over: [true] });
    expect(await headline(cloud)).toBe('All systems operational');

    expect(cloud.account.runs.filter(({ outcome }) => outcome.failure)).toEqual([]);
    expect(await cloud.deadLetters()).toEqual([]);
  },
  { config: CONFIRMED },
);
