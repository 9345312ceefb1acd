#!/usr/bin/env node
// The package ships built JavaScript; a clone runs its TypeScript as it is.
import { existsSync } from 'node:fs';

const source = new URL('./watchbill.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/bin/watchbill.js', import.meta.url).href);
