import { expect } from 'vitest';
import { openAcme } from '../kit/acme.ts';
import { onMoto } from '../kit/aws.ts';
import { Run } from '../kit/cli.ts';

const CONFIG = ['--config', 'examples/every-source/watchbill.config.ts'];

onMoto('every source in one table: what, how old, how long it has left, what to do', async (endpoint) => {
  const acme = await openAcme(endpoint);
  try {
    const run = async (...args: string[]) => new Run([...args, ...CONFIG], process.cwd(), acme.env).ended;
    const [table, json, due] = await Promise.all([run('test'), run('test', '--json'), run('expiries')]);
    expect([table.code, json.code, due.code]).toEqual([1, 1, 1]);

    const readings: { check: string; status: string; reasons: string[] }[] = JSON.parse(json.stdout).readings;
    const wrong = readings.filter(({ status }) => status !== 'up');
    expect(Object.fromEntries(wrong.map(({ check, reasons }) => [check, reasons]))).toEqual({
      'github-token': ['token_expires_soon'],
      'client-certificate': ['token_expires_soon'],
      'database-password': ['rotation_disabled'],
      'load-balancer': ['key_missing'],
      'signing-key': ['key_too_old'],
      'host-key': ['key_due_soon'],
      files: ['restore_untested'],
      dumps: ['backup_too_old'],
      'restore-drill': ['heartbeat_awaited'],
    });
    expect(readings).toHaveLength(22);

    const line = (text: string, start: RegExp) => text.split('\n').find((one) => start.test(one));
    expect(line(table.stdout, /^up +access-keys /)).toMatch(
      /access key AK\w+ of acme-deploy: \d+ s old, (89 d 23 h|90 d) left$/,
    );
    expect(line(table.stdout, /^down +signing-key /)).toMatch(
      /is 41 d old, more than the 30 d that are allowed\.$/,
    );
    const [, advice = ''] = table.stdout.split('WHAT TO DO\n');
    for (const { check } of wrong.slice(0, -1)) expect(line(advice, new RegExp(`^${check} `))).toBeDefined();

    expect(line(due.stdout, /signing-key/)).toMatch(/^down +(11 d|10 d 23 h) ago .+ is 30 d old$/);
    const { SESSION_JWT = '', IMPORT_TOKEN = '', PARTNER_SECRET = '', DRILL_TOKEN = '' } = acme.env;
    const said = [table, json, due].map(({ stdout, stderr }) => stdout + stderr).join();
    for (const secret of [
      SESSION_JWT,
      IMPORT_TOKEN,
      PARTNER_SECRET,
      DRILL_TOKEN,
      'token-in-a-secret',
      'of-the-',
    ])
      expect(said).not.toContain(secret);
  } finally {
    await acme.close();
  }
});
