// The package ships built JavaScript; a clone runs its TypeScript as it is.
import { existsSync } from 'node:fs';

const source = new URL('./lib/index.ts', import.meta.url);
const { defineConfig, secret } = await import(
  existsSync(source) ? source.href : new URL('./dist/lib/index.js', import.meta.url).href
);

export { defineConfig, secret };
