import { main } from '../lib/cli/main.ts';
import { startService } from './service.ts';

/** `npm start`: a small service on loopback, and Watchbill watching it as watchbill.config.ts says. */
const stop = await startService(process.stdout).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  process.stderr.write(
    `The demo needs a port that is taken: ${error.message}. Is another "npm start" running?\n`,
  );
  process.exit(1);
});
const exitCode = await main(['node', 'watchbill', 'start', ...process.argv.slice(2)], process);
stop();
process.exit(exitCode);
