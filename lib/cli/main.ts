import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../adapters/local/clock.ts';
import { localSecrets } from '../adapters/local/secrets.ts';
import { ConfigError } from '../config.ts';
import { StoreError, sleep } from '../ports.ts';
import { redact } from '../redact.ts';
import { VERSION } from '../version.ts';
import { beat } from './beat.ts';
import { type ChangeOptions, change } from './change.ts';
import type { CostOptions } from './cost.ts';
import { drill } from './drill.ts';
import type { StackDrillOptions } from './drill-stack.ts';
import { estimate } from './estimate.ts';
import { expiries } from './expiries.ts';
import { CommandError } from './failure.ts';
import type { IncidentDeed } from './incident.ts';
import { incident } from './incident-local.ts';
import type { StackIncidentOptions } from './incident-stack.ts';
import { init } from './init.ts';
import type { Screen } from './progress.ts';
import type { RedriveOptions } from './redrive.ts';
import { schema } from './schema.ts';
import { type Started, start } from './start.ts';
import { status } from './status.ts';
import type { StackStatusOptions } from './status-stack.ts';
import { test } from './test.ts';
import { validate } from './validate.ts';

/** What a command may use of the process. */
export type Shell = Pick<NodeJS.Process, 'cwd' | 'env' | 'on' | 'off' | 'exit'> & {
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: Screen;
  readonly stderr: Screen;
};

/** 0 fine · 1 something is down, or it failed · 2 config or usage · 3 nothing down, something unknown. */
export type ExitCode = 0 | 1 | 2 | 3;

const STATUS_CODES =
  '\nExit codes: 0 all up or degraded, 1 something down, 2 config or usage, 3 nothing down, something unknown.';
const BEAT_CODES =
  '\nThe token is read from WATCHBILL_TOKEN. The exit code is that of the command; without one: 0 reported, 1 not, 2 usage.';
const EXPIRIES_CODES =
  '\nExit codes: 0 nothing has run out, 1 something has, 2 config or usage, 3 nothing has as far as could be seen.';
const REDRIVE_CODES =
  '\nIt needs credentials of AWS. What fails again comes back to the dead letters. ' +
  'Exit codes: 0 done, 1 AWS could not be asked, 2 config, usage or credentials.';
const COST_CODES =
  '\nIt needs credentials of AWS; each run makes three requests to Cost Explorer, $0.01 each. ' +
  'Exit codes: 0 fine, 1 a threshold that pages is passed, 2 config, usage or credentials, 3 fine as far as could be seen.';
const DRILL_CODES =
  '\nIt needs the secrets in its own environment; with --stack credentials of AWS and no secret. ' +
  'Exit codes: 0 every notifier took the page and the resolve, 1 one of them did not, or there is none, 2 config or usage.';

const CHANGE_CODES =
  '\nIt needs the secrets in its own environment; with --stack credentials of AWS that may read them. ' +
  'Exit codes: 0 taken, 1 not taken within a minute, 2 config or usage.';

/** SIGTERM promises an end within 10 s. What is still under way by then is in the store, and goes on at the next start. */
const STOP_MS = 9_000;
/** npm hands a Ctrl-C on that the terminal has sent to everyone already: that is one signal. */
const SAME_SIGNAL_MS = 500;

/** Runs the command line. Answers the exit code, with which the caller ends the process; what went wrong is one line on stderr. */
export async function main(argv: readonly string[], shell: Shell): Promise<number> {
  // Nobody reads any more: that is no reason to stop watching.
  for (const stream of [shell.stdout, shell.stderr]) stream.on('error', () => {});
  const defect = (error: unknown) => shell.exit(tell(error, shell));
  shell.on('uncaughtException', defect);
  let exitCode = 0;
  try {
    await commands(shell, (code) => {
      exitCode = code;
    }).parseAsync(argv);
    return exitCode;
  } catch (error) {
    return tell(error, shell);
  } finally {
    shell.off('uncaughtException', defect);
  }
}

function tell(error: unknown, { stderr }: Shell): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof ConfigError || error instanceof StoreError || error instanceof CommandError;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  stderr.write(`${redact(known ? message : `Watchbill itself failed: ${stack ?? message}`)}\n`);
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof ConfigError ? 2 : 1;
}

interface Answer {
  readonly text: string;
  readonly exitCode: ExitCode;
}

function commands(shell: Shell, exit: (code: number) => void): Command {
  const { env, stdout, stderr } = shell;
  const common = {
    cwd: shell.cwd(),
    secrets: localSecrets(env),
    color: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb',
    err: stderr,
  };
  const answer = ({ text, exitCode }: Answer): void => {
    stdout.write(`${text}\n`);
    exit(exitCode);
  };
  const program = new Command('watchbill')
    .description('Watches a service and its bill.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(`${text.trim().replaceAll('\n', ' ')}\n`),
    });
  const command = (name: string, summary: string, parent = program) =>
    parent
      .command(name)
      .description(summary)
      .option('--config <file>', 'the config (default: watchbill.config.{ts,js,json,yaml,yml})');
  const data = ['--data <dir>', 'where history and incidents are kept', '.watchbill'] as const;
  const json = ['--json', 'for machines'] as const;

  command('start', 'watch what the config says, and serve the status page')
    .option('--port <number>', 'of the status page; 0: any free one', port, 8080)
    .option('--host <address>', 'where the status page listens', '127.0.0.1')
    .option(...data)
    .action(({ config, ...options }) => {
      const starting = () => start({ ...common, ...options, named: config, out: stdout });
      return untilStopped(starting, shell);
    });
  command('validate', 'check the config without running anything')
    .option(...json)
    .action(async ({ config, ...options }) =>
      answer(await validate({ ...common, ...options, named: config })),
    );
  command('test', 'run every check once, now')
    .option('--only <ids...>', 'only these checks')
    .option('--confirm', 'retry a failing check as a running Watchbill would')
    .option(...json)
    .addHelpText('after', STATUS_CODES)
    .action(async ({ config, ...options }) => answer(await test({ ...common, ...options, named: config })));
  command('expiries', 'look now: what runs out, and when, what comes first at the top')
    .option('--only <ids...>', 'only these checks')
    .option(...json)
    .addHelpText('after', EXPIRIES_CODES)
    .action(async ({ config, ...options }) =>
      answer(await expiries({ ...common, ...options, named: config })),
    );
  command('status', 'what a running Watchbill knows: checks, open incidents, what is undelivered')
    .option(...data)
    .addOption(new Option('--stack', 'of the deployment on AWS that the config describes').conflicts('data'))
    .option(...json)
    .addHelpText('after', STATUS_CODES)
    .action(async ({ config, stack, ...options }) => {
      const asked = { ...common, ...options, named: config };
      answer(await (stack ? ofStack(asked) : status(asked)));
    });
  command('drill', 'open a synthetic incident, page every notifier, and resolve it')
    .option(...data)
    .addOption(new Option('--stack', 'by the deployment on AWS, as it would page').conflicts('data'))
    .option(...json)
    .addHelpText('after', DRILL_CODES)
    .action(async ({ config, stack, ...options }) => {
      const asked = { ...common, ...options, named: config };
      answer(await (stack ? drillStack(asked) : drill(asked)));
    });
  incidentCommands();
  command('change', 'tell PagerDuty of a deployment, or of what else was changed: it pages nobody')
    .argument('<text...>', 'what was changed')
    .option('--link <url>', 'where to read more; may be given again', (url, all: string[] = []) => [
      ...all,
      url,
    ])
    .option('--source <name>', 'where, or by what (default: the name of this machine)')
    .addOption(new Option('--stack', 'with the secrets of the deployment on AWS'))
    .option(...json)
    .addHelpText('after', CHANGE_CODES)
    .action(async (words, { config, link, stack, ...options }) => {
      const said = { summary: words.join(' '), links: link };
      const asked = { ...common, clock: systemClock, ...options, named: config, ...said };
      answer(await (stack ? changeOnStack(asked) : change(asked)));
    });
  command('redrive', 'send what the deployment on AWS gave up back to where it came from')
    .option(...json)
    .addHelpText('after', REDRIVE_CODES)
    .action(async ({ config, ...options }) =>
      answer(await redriveStack({ ...common, ...options, named: config })),
    );
  command('estimate', 'what the deployment on AWS costs in a month, line by line')
    .option(...json)
    .action(async ({ config, ...options }) =>
      answer(await estimate({ ...common, ...options, named: config })),
    );
  command('cost', 'what the account costs: this month, its forecast, budgets, open anomalies')
    .option(...json)
    .addHelpText('after', COST_CODES)
    .action(async ({ config, ...options }) =>
      answer(await costOnAws({ ...common, ...options, named: config })),
    );
  program
    .command('beat')
    .description('report to a heartbeat; with a command: run it, and report how it ended')
    .argument('<id>', 'of the check')
    .argument('[command...]', 'after "--", with its arguments')
    .option('--url <url>', 'of the Watchbill (default: WATCHBILL_URL)')
    .option('--fail', 'without a command: report a failure')
    .option('--message <text>', 'what to say with it')
    .addHelpText('after', BEAT_CODES)
    .action(async (id, command, options) => exit(await beat({ id, command, ...options }, shell)));
  program
    .command('init')
    .description('start a project of your own in a new folder')
    .argument('<dir>', 'a folder that is new, or empty')
    .action((dir) => answer({ text: init({ cwd: common.cwd, dir }), exitCode: 0 }));
  command('schema', 'print the JSON Schema of the config, for editors').action(() =>
    answer({ text: schema(), exitCode: 0 }),
  );
  return program;

  /** Each works on the log of this machine, or of the deployment. */
  function incidentCommands(): void {
    const parent = program
      .command('incident')
      .description('look at incidents, and act on them by hand')
      .addHelpText(
        'after',
        '\nExit codes: 0 done, 1 it could not be done, 2 config or usage, also an unknown id.',
      );
    const sub = (usage: string, summary: string) =>
      command(usage, summary, parent)
        .option(...data)
        .addOption(
          new Option('--stack', 'of the deployment on AWS that the config describes').conflicts('data'),
        )
        .option(...json);
    const run = async (deed: IncidentDeed, { config, stack, ...options }: IncidentFlags): Promise<void> => {
      const asked = { ...common, ...options, named: config, deed };
      answer(await (stack ? incidentStack(asked) : incident(asked)));
    };
    const by = ['--by <name>', 'who does it', env.USER ?? env.USERNAME ?? 'Somebody'] as const;
    sub('list', 'what is open')
      .option('--all', 'what ended lately, too')
      .action(({ all, ...flags }) => run({ kind: 'list', all }, flags));
    sub('show', 'all that is known of one')
      .argument('<id>', 'of the incident, or its beginning')
      .action((id, flags) => run({ kind: 'show', id }, flags));
    sub('ack', 'take one on: its receivers are told, and nobody is reminded any more')
      .argument('<id>', 'of the incident, or its beginning')
      .option(...by)
      .action((id, { by, ...flags }) => run({ kind: 'ack', id, by }, flags));
    sub('note', 'say something of one, for the timeline and whoever hears of changes')
      .argument('<id>', 'of the incident, or its beginning')
      .argument('<text...>', 'what to say')
      .option(...by)
      .action((id, words, { by, ...flags }) => run({ kind: 'note', id, by, text: words.join(' ') }, flags));
    sub('resolve', 'end one that others have told of, and whose end they never told')
      .argument('<id>', 'of the incident, or its beginning')
      .argument('[text...]', 'why')
      .option(...by)
      .action((id, words, { by, ...flags }) =>
        run({ kind: 'resolve', id, by, text: words.join(' ') }, flags),
      );
  }
}

/** What every command about incidents takes. */
interface IncidentFlags {
  readonly config?: string;
  readonly stack?: boolean;
  readonly data: string;
  readonly json?: boolean;
}

async function costOnAws(asked: Omit<CostOptions, 'clock'>): Promise<Answer> {
  const { cost } = await import('./cost.ts');
  return cost({ ...asked, clock: systemClock });
}

async function changeOnStack(asked: Omit<ChangeOptions, 'secrets'>): Promise<Answer> {
  const { stackChange } = await import('./change-stack.ts');
  return stackChange(asked);
}

async function redriveStack(asked: Omit<RedriveOptions, 'clock'>): Promise<Answer> {
  const { redrive } = await import('./redrive.ts');
  return redrive({ ...asked, clock: systemClock });
}

async function incidentStack(asked: Omit<StackIncidentOptions, 'clock'>): Promise<Answer> {
  const { stackIncident } = await import('./incident-stack.ts');
  return stackIncident({ ...asked, clock: systemClock });
}

/** The clients of AWS take their time to load: no other command waits for them. */
async function ofStack(asked: Omit<StackStatusOptions, 'clock'>): Promise<Answer> {
  const { stackStatus } = await import('./status-stack.ts');
  return stackStatus({ ...asked, clock: systemClock });
}

async function drillStack(asked: Omit<StackDrillOptions, 'clock'>): Promise<Answer> {
  const { stackDrill } = await import('./drill-stack.ts');
  return stackDrill({ ...asked, clock: systemClock });
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return value;
}

/** Goes on until SIGTERM or SIGINT; SIGHUP reads the config again. Those that come while it starts count as well. */
async function untilStopped(starting: () => Promise<Started>, shell: Shell): Promise<void> {
  let started: Started | undefined;
  let reloadAsked = false;
  const reload = () => {
    reloadAsked = true;
    void started?.reload();
  };
  shell.on('SIGHUP', reload);
  const stopAsked = firstSignal(shell);
  started = await starting();
  if (reloadAsked) reload();
  await stopAsked;
  await Promise.race([started.stop(), sleep(systemClock, STOP_MS)]);
  shell.off('SIGHUP', reload);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as it would by itself. */
function firstSignal(shell: Shell): Promise<void> {
  return new Promise((resolve) => {
    const names = ['SIGTERM', 'SIGINT'] as const;
    const heard = () => {
      resolve();
      systemClock.after(SAME_SIGNAL_MS, () => {
        for (const name of names) shell.off(name, heard);
      });
    };
    for (const name of names) shell.on(name, heard);
  });
}
