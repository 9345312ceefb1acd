import { findQueue } from '../adapters/aws/find-queue.ts';
import type { SqsQueue } from '../adapters/aws/sqs.ts';
import type { Aws, Config } from '../config/compiled.ts';
import { objectIn } from '../config/plain.ts';
import { loadForAws } from '../config.ts';
import {
  BILLING_REGION,
  BILLING_STACK,
  deadLettersOf,
  HOME_STACK,
  hasInspections,
  probesStack,
  QUEUES,
  watchesBill,
} from '../deployment.ts';
import type { Clock } from '../ports.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { progressOn, type Screen } from './progress.ts';
import { withRemedy } from './remedies.ts';
import { table } from './table.ts';

export interface RedriveOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly color: boolean;
  readonly json?: boolean;
  readonly err: Screen;
  readonly clock: Clock;
}

interface Place {
  readonly name: string;
  readonly region: string;
}

/** Where dead letters lie, and where they go back to. */
interface Way {
  readonly from: Place;
  readonly to: Place;
  /** Of what else lies there, nothing is sent back. */
  readonly isMeant: (text: string) => boolean;
}

interface Moved extends Way {
  readonly moved: number;
  readonly left: number;
}

const NEEDS = 'do that: it takes GetQueueUrl, ReceiveMessage, DeleteMessage and SendMessage on the queues';

/** So many empty answers in a row say that nothing is there: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html */
const EMPTY_ANSWERS = 3;
const AT_ONCE = 10;

/**
 * Sends what nobody could handle back to where it came from, once the cause is mended: what fails again comes back to the
 * dead letters. A letter is deleted after it was sent: one that is there twice changes nothing. Throws `ConfigError`,
 * `CommandError`, `StoreError`.
 */
export async function redrive(options: RedriveOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { clock, err, color, json } = options;
  const { config, aws } = await loadForAws(options);
  const say = progressOn(err);
  const done: Moved[] = [];
  try {
    for (const way of waysOf(config, aws)) {
      say(`looking into ${way.from.name} in ${way.from.region} …`);
      done.push(await withRemedy(way.from.region, NEEDS, move(way, clock)));
    }
  } finally {
    say('');
  }
  return { text: json ? asJson(done) : asText(done, painter(color)), exitCode: 0 };
}

/** Beats are left out: they are over. */
function waysOf(config: Config, { home, locations }: Aws): Way[] {
  const own = (name: string, region: string): Way => ({
    from: { name: deadLettersOf(name), region },
    to: { name, region },
    isMeant: () => true,
  });
  const alerts = { name: QUEUES.alerts, region: home };
  /** What SNS or EventBridge could not bring; a run of the clock that failed was made good by the next one. */
  const undelivered = (stack: string, region: string): Way => ({
    from: { name: deadLettersOf(stack), region },
    to: alerts,
    isMeant: isAlert,
  });
  return [
    own(QUEUES.alerts, home),
    own(QUEUES.ticks, home),
    own(QUEUES.deliver, home),
    ...(hasInspections(config) ? [own(QUEUES.inspections, home)] : []),
    ...locations.map((region) => own(QUEUES.buffer, region)),
    undelivered(HOME_STACK, home),
    ...locations.map((region) => undelivered(probesStack(region), region)),
    ...(watchesBill(config) ? [undelivered(BILLING_STACK, BILLING_REGION)] : []),
  ];
}

function isAlert(text: string): boolean {
  const fields = objectIn(text);
  return fields !== undefined && ('TopicArn' in fields || 'detail-type' in fields);
}

async function move(way: Way, clock: Clock): Promise<Moved> {
  const from = await findQueue<string>({ ...way.from, clock, raw: true });
  let to: SqsQueue<string> | undefined;
  let [moved, left, empty] = [0, 0, 0];
  try {
    while (empty < EMPTY_ANSWERS) {
      const letters = await from.receive(AT_ONCE);
      empty = letters.length === 0 ? empty + 1 : 0;
      const meant = letters.filter(({ message }) => way.isMeant(message));
      left += letters.length - meant.length;
      if (meant.length === 0) continue;
      to ??= await findQueue<string>({ ...way.to, clock, raw: true });
      await to.sendAll(meant.map(({ message }) => ({ message, delay: 0 })));
      await Promise.all(meant.map((letter) => letter.delete()));
      moved += meant.length;
    }
    return { ...way, moved, left };
  } finally {
    from.close();
    to?.close();
  }
}

function asText(done: readonly Moved[], paint: ReturnType<typeof painter>): string {
  const some = done.filter(({ moved, left }) => moved + left > 0);
  if (some.length === 0) return 'No dead letter is there.';
  return table([
    ['DEAD LETTERS', 'REGION', 'SENT BACK', 'TO', ''].map(paint.dim),
    ...some.map(({ from, to, moved, left }) => [
      from.name,
      from.region,
      `${moved}`,
      moved > 0 ? to.name : '–',
      left > 0 ? `${left} left there: runs of the clock, which the next minute made good` : '',
    ]),
  ]);
}

const asJson = (done: readonly Moved[]): string =>
  JSON.stringify(
    done.map(({ from, to, moved, left }) => ({ from, to, moved, left })),
    null,
    2,
  );
