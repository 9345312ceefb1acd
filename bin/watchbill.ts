#!/usr/bin/env node
import { main } from '../lib/cli/main.ts';

const code = await main(process.argv, process);
// Who reads a pipe slowly gets all of it: an exit would cut off what is still to be written.
const written = [process.stdout, process.stderr].map(
  (stream) => new Promise((resolve) => stream.write('', resolve)),
);
await Promise.all(written);
process.exit(code);
