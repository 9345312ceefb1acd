#!/usr/bin/env node
// The package ships built JavaScript; a clone runs its TypeScript as it is. In both, an older Node can't read on.
import { existsSync } from 'node:fs';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Watchbill needs Node 24 or newer, and this is ${process.version}. "npm install node@24" puts one beside it, for npx.\n`,
  );
  process.exit(2);
}
const source = new URL('./watchbill.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/bin/watchbill.js', import.meta.url).href);
