import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { localSecrets } from '../adapters/local/secrets.ts';
import { ConfigError } from '../config.ts';
import { StoreError } from '../ports.ts';
import { redact } from '../redact.ts';
import { VERSION } from '../version.ts';
import { drill } from './drill.ts';
import { schema } from './schema.ts';
import { type Started, start } from './start.ts';
import { status } from './status.ts';
import { test } from './test.ts';
import { validate } from './validate.ts';

/** What a command may use of the process. */
export type Shell = Pick<NodeJS.Process, 'cwd' | 'env' | 'stdout' | 'stderr' | 'on' | 'off'>;

/** 0 fine · 1 something is down, or it failed · 2 config or usage · 3 nothing down, something unknown. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Runs the command line. Answers the exit code; one clear line on stderr for what went wrong. */
export async function main(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = commands(shell, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof ConfigError || error instanceof StoreError || isSystemError(error))) throw error;
    shell.stderr.write(`${redact(error.message)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;

function commands(shell: Shell, exit: (code: ExitCode) => void): Command {
  const program = new Command('watchbill');
  const secrets = localSecrets(shell.env);
  const common = () => ({
    cwd: shell.cwd(),
    secrets,
    color: shell.stdout.isTTY === true && !shell.env.NO_COLOR,
  });
  const print = (text: string) => void shell.stdout.write(`${text}\n`);
  const command = (name: string, summary: string) =>
    program
      .command(name)
      .description(summary)
      .option('--config <file>', 'the config; default: watchbill.config.{ts,js,json,yaml,yml}');
  const data: [string, string, string] = [
    '--data <dir>',
    'where history and incidents are kept',
    '.watchbill',
  ];

  program
    .description('Watches a service and its bill.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void shell.stdout.write(text),
      writeErr: (text) => void shell.stderr.write(text),
    });
  command('start', 'watch what the config says, and serve the status page')
    .option('--port <number>', 'of the status page; 0: any free one', port, 8080)
    .option('--host <address>', 'where the status page listens', '127.0.0.1')
    .option(...data)
    .action(async ({ config, ...options }) => {
      const { cwd, env, stdout, stderr } = shell;
      const stopAsked = firstSignal(shell);
      const started = await start({
        cwd: cwd.call(shell),
        named: config,
        env,
        out: stdout,
        err: stderr,
        ...options,
      });
      await untilStopped(shell, started, stopAsked);
    });
  command('validate', 'check the config without running anything')
    .option('--json', 'for machines')
    .action(async ({ config, json = false }) => {
      const { text, exitCode } = await validate({ ...common(), named: config, json });
      print(text);
      exit(exitCode);
    });
  command('test', 'run every check once, now')
    .option('--only <ids...>', 'only these checks')
    .option('--confirm', 'retry a failing check as a running Watchbill would')
    .option('--json', 'for machines')
    .action(async ({ config, ...options }) => {
      const { text, exitCode } = await test({
        ...common(),
        ...options,
        named: config,
        progress: shell.stderr,
      });
      print(text);
      exit(exitCode);
    });
  command('status', 'what a running Watchbill knows: checks, open incidents, what is undelivered')
    .option(...data)
    .option('--json', 'for machines')
    .action(async ({ config, ...options }) => {
      const { text, exitCode } = await status({ ...common(), ...options, named: config, err: shell.stderr });
      print(text);
      exit(exitCode);
    });
  command('drill', 'open a synthetic incident, page every notifier, and resolve it')
    .option(...data)
    .option('--json', 'for machines')
    .action(async ({ config, ...options }) => {
      const { text, exitCode } = await drill({ ...common(), ...options, named: config, err: shell.stderr });
      print(text);
      exit(exitCode);
    });
  command('schema', 'print the JSON Schema of the config, for editors').action(() => print(schema()));
  return program;
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return value;
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as it would by itself. */
function firstSignal(shell: Shell): Promise<void> {
  return new Promise((resolve) => {
    const names = ['SIGTERM', 'SIGINT'] as const;
    const heard = () => {
      for (const name of names) shell.off(name, heard);
      resolve();
    };
    for (const name of names) shell.on(name, heard);
  });
}

/** Goes on until the signal; SIGHUP reads the config again. */
async function untilStopped(shell: Shell, started: Started, stopAsked: Promise<void>): Promise<void> {
  const reload = () => void started.reload();
  shell.on('SIGHUP', reload);
  const keepAlive = setInterval(() => {}, 2 ** 30);
  await stopAsked;
  clearInterval(keepAlive);
  shell.off('SIGHUP', reload);
  await started.stop();
}
