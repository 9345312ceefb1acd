import { afterAll, beforeAll, expect, inject, onTestFailed, test } from 'vitest';
import type { AcceptedEvent } from '../kit/pagerduty.ts';
import { broken, Service, well } from '../kit/service.ts';
import { modes } from '../kit/stand-in.ts';
import { Cloud, type CloudOptions, type Receivers, SIGNING_KEY } from './cloud.ts';
import type { Emulators } from './emulators.ts';
import { forbidden, sayLast } from './granted.ts';

export const ROUTING_KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
export const [HOME, STANDBY, THIRD] = ['eu-west-1', 'us-east-1', 'ap-southeast-2'] as const;
const LOCATIONS: readonly string[] = [HOME, STANDBY, THIRD];

/** What a story is about: an installation, and the service that it watches. */
export interface Scene {
  readonly cloud: Cloud;
  readonly service: Service;
}

/** The same, among other stories: each has a service and a check of its own. */
export interface SharedScene extends Scene {
  /** The id of the check, which is its name as well. */
  readonly check: string;
  /** Those of all stories, as the config has them. */
  readonly checks: readonly object[];
  /** What PagerDuty was told in this story, and what that did: `trigger: opened`. Not of other checks, nor of home. */
  told(): string[];
  /** What it was told of home. What changes nothing isn't in it: the watchdog pages each minute, and every ten it says that home lives. */
  toldOfHome(): string[];
  /** What the webhook was told in this story, tickets included: `ticket api-1 is degraded`. */
  heard(): string[];
}

export type More = Partial<Pick<CloudOptions, 'seed' | 'start' | 'containers'>> & {
  /** What its config says besides. */
  readonly config?: object;
};

/** A failing run takes so long that others can be asked meanwhile: home hears of it 0.2 s after the first try. */
export const CONFIRMED = { judge: { tries: 2, over: '600ms' } };

/**
 * Watched from three regions and told of to PagerDuty and a webhook. Tries end at once, for time is real while a
 * function runs.
 */
export const configOf = (
  checks: readonly object[],
  { pagerDuty, webhook }: Receivers,
  more: object = {},
) => ({
  name: 'Acme',
  network: { allow: ['127.0.0.0/8'] },
  judge: { tries: 2, over: '100ms' },
  aws: { home: HOME, locations: LOCATIONS },
  checks,
  notify: {
    pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url },
    webhook: { url: webhook.url, signingKey: { secret: 'HOOK_KEY' } },
  },
  statusPage: { url: 'https://status.acme.test/' },
  ...more,
});

/** A check of a service, which is told who asks. */
export const checkOf = ({ url }: Service, id = 'api', more: object = {}) => ({
  id,
  type: 'http',
  url,
  headers: { 'x-region': { secret: 'REGION' } },
  every: '1m',
  timeout: '1s',
  public: true,
  ...more,
});

/** The service fails for who asks from these regions, and for nobody else. */
export const brokenIn =
  (...regions: string[]): Service['answer'] =>
  (response) =>
    (regions.includes(String(response.req.headers['x-region'])) ? broken : well)(response);

/** A story on an installation of its own. Where it fails, what the functions wrote last is printed. */
export function onCloud(title: string, story: (scene: Scene) => Promise<void>, more: More = {}): void {
  const emulators = inject('emulators');
  test.skipIf(!emulators)(title, { timeout: 300_000 }, async () => {
    if (!emulators) return;
    await using service = await Service.start();
    const cloud = await start(emulators, [checkOf(service)], more);
    onTestFailed(() => sayLast(cloud));
    try {
      await story({ cloud, service });
      expect(forbidden(cloud)).toEqual([]);
    } finally {
      await cloud.close();
    }
  });
}

/** How one story of several is told. */
export type Tell = (title: string, story: (scene: SharedScene) => Promise<void>) => void;

/**
 * Stories on one installation, one after the other. Before each, what the one before has broken is whole again, for
 * `calm` minutes. What is left in the dead letters at the end of a story is a failure.
 */
export function onSharedCloud({ calm = 2, ...more }: More & { readonly calm?: number } = {}): Tell {
  const emulators = inject('emulators');
  const scenes: Scene[] = [];
  const checks: object[] = [];
  let [count, next] = [0, 0];
  beforeAll(async () => {
    if (!emulators) return;
    const services = await Promise.all(Array.from({ length: count }, () => Service.start()));
    checks.push(...services.map((service, i) => checkOf(service, `api-${i + 1}`)));
    const cloud = await start(emulators, checks, more);
    scenes.push(...services.map((service) => ({ cloud, service })));
    await cloud.run(2);
  });
  afterAll(async () => {
    await scenes[0]?.cloud.close();
    await Promise.all(scenes.map(({ service }) => service[Symbol.asyncDispose]()));
  });
  return (title, story) => {
    const mine = count++;
    test.skipIf(!emulators)(title, { timeout: 300_000 }, async () => {
      const scene = scenes[mine];
      if (!scene) throw new Error('the installation did not start');
      onTestFailed(() => sayLast(scene.cloud));
      if (next++ > 0) await mend(scenes, calm);
      await story({ ...sharing(scene, `api-${mine + 1}`), checks });
      expect(await scene.cloud.deadLetters()).toEqual([]);
      expect(forbidden(scene.cloud)).toEqual([]);
    });
  };
}

async function start(
  emulators: Emulators,
  checks: readonly object[],
  { config: ours, ...more }: More,
): Promise<Cloud> {
  const config = (receivers: Receivers) => configOf(checks, receivers, ours);
  const secrets = { PD_KEY: ROUTING_KEY, HOOK_KEY: SIGNING_KEY };
  const cloud = await Cloud.start({ emulators, config, secrets, ...more });
  for (const region of LOCATIONS) await cloud.setSecret('REGION', region, [region]);
  return cloud;
}

async function mend(scenes: readonly Scene[], minutes: number): Promise<void> {
  for (const { cloud, service } of scenes) {
    const { account, receivers } = cloud;
    service.answer = well;
    receivers.pagerDuty.mode = modes.accept;
    account.trouble = () => undefined;
    account.dead.clear();
    account.scheduler.lateness = account.scheduler.usual;
    account.mappings.delivery = account.mappings.usual;
  }
  await scenes[0]?.cloud.run(minutes);
}

function sharing(scene: Scene, check: string): Omit<SharedScene, 'checks'> {
  const { ledger, receivers } = scene.cloud;
  const { messages } = receivers.webhook.ledger;
  const [events, heard] = [ledger.accepted.length, messages.length];
  const subjectOf = ({ event: { payload } }: AcceptedEvent) => payload?.component ?? payload?.source ?? '';
  const accepted = () => ledger.accepted.slice(events).map((one) => ({ ...one, subject: subjectOf(one) }));
  const isOfHome = ({ subject }: { readonly subject: string }) => subject.startsWith('watchdog/');
  return {
    ...scene,
    check,
    told: () =>
      accepted()
        .filter((one) => !isOfHome(one) && (one.subject === check || !one.subject.startsWith('api-')))
        .map(
          ({ event, effect, subject }) =>
            `${event.event_action}${subject === check ? '' : ` ${subject}`}: ${effect}`,
        ),
    toldOfHome: () =>
      accepted()
        .filter((one) => isOfHome(one) && (one.effect === 'opened' || one.effect === 'resolved'))
        .map(({ event, effect }) => `${event.event_action}: ${effect}`),
    heard: () =>
      receivers.webhook.ledger.messages
        .slice(heard)
        .map(({ body }) => body as { kind: string; incident: { title: string } })
        .map(({ kind, incident }) => `${kind} ${incident.title}`),
  };
}
