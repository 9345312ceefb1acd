import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { endChild, lines, startChild } from './child.ts';
import { TOOLS, whatIsMissing } from './tools.ts';

/** Where what stands in for AWS listens. */
export interface Emulators {
  readonly dynamodb: string;
  readonly moto: string;
  /** AWS Backup, where a test has what stands in for it. */
  readonly backup?: string;
}

/** Starts both; the second answer ends them. */
export async function startEmulators(): Promise<readonly [Emulators, () => Promise<void>]> {
  const started: ChildProcess[] = [];
  const end = async () => void (await Promise.all(started.map(endChild)));
  try {
    const [dynamodb, moto] = await Promise.all([startDynamoDb(started), startMoto(started)]);
    return [{ dynamodb, moto }, end];
  } catch (error) {
    await end();
    throw error;
  }
}

async function startMoto(started: ChildProcess[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: TOOLS.moto };
  const child = startChild(TOOLS.python, [join(import.meta.dirname, 'moto-server.py')], { env });
  started.push(child);
  const said = tail(child);
  if (!child.stdout) throw new Error('moto has no output');
  const port = once(createInterface({ input: child.stdout }), 'line').then(([line]) => Number(line));
  await Promise.race([port, died(child, 'moto', said)]);
  return `http://127.0.0.1:${await port}`;
}

async function startDynamoDb(started: ChildProcess[]): Promise<string> {
  const port = await freePort();
  const main = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';
  const paths = [`-Djava.library.path=${TOOLS.dynamodb}`, '-cp', `${TOOLS.dynamodb}/*`];
  // It lives for minutes: what its second compiler takes never comes back.
  const child = startChild('java', [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    ...paths,
    main,
    '-inMemory',
    '-port',
    `${port}`,
    '-disableTelemetry',
  ]);
  started.push(child);
  await Promise.race([listening(port, child), died(child, 'DynamoDB Local', tail(child))]);
  return `http://127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || !address) throw new Error('no free port');
  return address.port;
}

/** Settles once the child accepts connections there. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await setTimeout(50);
  }
}

/** The last lines that it said. */
function tail(child: ChildProcess): string[] {
  const said: string[] = [];
  lines(child, (line) => void said.splice(0, Math.max(0, said.push(line) - 20)));
  return said;
}

async function died(child: ChildProcess, name: string, said: readonly string[]): Promise<never> {
  await once(child, 'exit');
  throw new Error(`${name} ended:\n${said.join('\n')}`);
}

/** `node test/system/emulators.ts npm test …` runs a command with both at hand, for the suites that ask for them. */
async function main([command, ...args]: readonly string[]): Promise<number> {
  const missing = command ? whatIsMissing() : 'say which command to run';
  if (missing || !command) throw new Error(missing);
  const [{ dynamodb, moto }, end] = await startEmulators();
  try {
    const env = { ...process.env, WATCHBILL_DYNAMODB: `${dynamodb},${moto}`, WATCHBILL_MOTO: moto };
    const [code] = await once(spawn(command, args, { stdio: 'inherit', env }), 'exit');
    return code ?? 1;
  } finally {
    await end();
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
