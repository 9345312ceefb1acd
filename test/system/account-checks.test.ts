import { expect, inject, onTestFailed, test, vi } from 'vitest';
import { FUNCTIONS, QUEUES } from '../../lib/deployment.ts';
import { type Acme, openAcme } from '../kit/acme.ts';
import { Account } from './account.ts';
import { Cloud, SIGNING_KEY } from './cloud.ts';
import { forbidden, sayLast, unused } from './granted.ts';
import { type PageAnswer, pageEvent } from './page-event.ts';
import { configOf, ROUTING_KEY } from './suite.ts';

const FILE_SYSTEM = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1';

/** What the example hasn't: the other way to look with a source. */
const more = (api: string) => [
  {
    id: 'all-keys',
    type: 'key-rotation',
    source: { kind: 'iam-access-keys', unusedFor: '90d' },
    maxAge: '90d',
  },
  { id: 'vault', type: 'backup-freshness', source: { kind: 'backup', vault: 'main' }, maxAge: '26h' },
  {
    id: 'tested',
    type: 'backup-freshness',
    source: { kind: 'backup', resource: FILE_SYSTEM },
    maxAge: '26h',
    restoreTest: { maxAge: '30d' },
  },
  { id: 'aurora', type: 'backup-freshness', source: { kind: 'rds', cluster: 'aurora', pitr: {} } },
  {
    id: 'shop-pitr',
    type: 'backup-freshness',
    source: { kind: 'rds', instance: 'acme-shop', pitr: {} },
    copyIn: { region: 'eu-central-1' },
    maxAge: '26h',
  },
  {
    id: 'rotated',
    type: 'key-rotation',
    source: { kind: 'secretsmanager', id: 'acme/database' },
    newAccepted: { url: `${api}/key` },
    oldRejected: { url: `${api}/key` },
  },
];

interface Scene {
  readonly cloud: Cloud;
  readonly acme: Acme;
  /** What the webhook was told of a check. */
  toldOf(check: string): Told[];
}

interface Told {
  readonly kind: string;
  readonly incident: {
    readonly check: { readonly id: string } | null;
    readonly message: string;
    readonly runbook: string | null;
  };
}

/** The example with one check of each source, as it is deployed; each is looked at every minute. */
function onAcme(title: string, story: (scene: Scene) => Promise<void>): void {
  const emulators = inject('emulators');
  test.skipIf(!emulators)(title, { timeout: 300_000 }, async () => {
    if (!emulators) return;
    const at = { backup: '' };
    const theirs = {
      ...emulators,
      get backup() {
        return at.backup;
      },
    };
    const account = await Account.open({ emulators: theirs, start: Date.now(), seed: 1 });
    const acme = await openAcme(emulators.moto, () => account.headers);
    at.backup = acme.backup;
    for (const [name, value] of Object.entries(acme.env)) if (name !== 'ACME_FILES') vi.stubEnv(name, value);
    const { default: example } = await import('../../examples/every-source/watchbill.config.ts');
    vi.unstubAllEnvs();
    const checks = [...example.checks, ...more(String(acme.env.ACME_API))];
    const cloud = await Cloud.start({
      emulators: theirs,
      account,
      config: (receivers) =>
        configOf(
          checks.map((check) => ({
            ...check,
            ...(check.type !== 'heartbeat' && { every: '1m' }),
            ...OWN[check.id],
          })),
          receivers,
        ),
      secrets: { ...acme.env, PD_KEY: ROUTING_KEY, HOOK_KEY: SIGNING_KEY },
    });
    onTestFailed(() => sayLast(cloud));
    try {
      const told = () => cloud.receivers.webhook.ledger.messages.map(({ body }) => body as unknown as Told);
      await story({
        cloud,
        acme,
        toldOf: (id) => told().filter(({ incident }) => incident.check?.id === id),
      });
      expect(forbidden(cloud)).toEqual([]);
    } finally {
      await cloud.close();
      await acme.close();
    }
  });
}

/** The restore drill calls, as API Gateway hands that on. */
async function reports({ account, aws }: Cloud, what: string): Promise<void> {
  const event = pageEvent(account.number, aws.home, `/beat/restore-drill${what}`, account.time.now());
  const headers = { ...event.headers, authorization: 'Bearer token-of-the-restore-drill' };
  const { payload } = await account.invoke(FUNCTIONS.hear.name, aws.home, { ...event, headers });
  expect((payload as PageAnswer).statusCode).toBe(200);
}

/** A key gets old within minutes. */
const OWN: Readonly<Record<string, object>> = { 'access-keys': { maxAge: '5m', warn: '4m' } };

onAcme(
  'a key gets too old: a ticket with its age, policy and runbook, until it is rotated; the roles allow what was done, and no more',
  async ({ cloud, acme, toldOf }) => {
    await cloud.run(3);
    expect(toldOf('access-keys')).toEqual([]);
    await cloud.run(5);
    const [ticket, ...others] = toldOf('access-keys');
    expect(others).toEqual([]);
    expect(ticket?.kind).toBe('ticket');
    expect(ticket?.incident.message).toMatch(
      /access key AK\w+ of acme-deploy is 5 min( \d+ s)? old, more than the 5 min that are allowed/,
    );
    expect(ticket?.incident.runbook).toBe('https://status.acme.test/runbooks/key-rotation');
    await acme.rotate('acme-deploy');
    await cloud.run(2);
    expect(toldOf('access-keys').map(({ kind }) => kind)).toEqual(['ticket', 'resolve']);

    await reports(cloud, '/fail?message=checksum+differs');
    await cloud.run(1);
    expect(toldOf('restore-drill').map(({ kind, incident }) => [kind, incident.message])).toEqual([
      ['ticket', expect.stringMatching(/^It reported a failure \d+ s ago: checksum differs/)],
    ]);
    await reports(cloud, '');
    await cloud.run(1);
    expect(toldOf('restore-drill').map(({ kind }) => kind)).toEqual(['ticket', 'resolve']);

    const killed: string[] = [];
    // what the clock calls it for: its queue brings the rest again
    cloud.account.trouble = ({ by, action, resource }) => {
      const isPlanning = action === 'sqs:SendMessage' && resource.endsWith(`:${QUEUES.inspections}`);
      if (by !== FUNCTIONS.inspect.name || !isPlanning || killed.length > 0) return undefined;
      killed.push(by);
      return 'kill';
    };
    await cloud.run(2);
    expect(await cloud.deadLetters()).toHaveLength(1);
    expect(unused(cloud).filter((grant) => /^watchbill-(inspect|hear) /.test(grant))).toEqual([]);
  },
);
