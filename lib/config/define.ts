import type { SecretRef } from '../ports.ts';
import type { ConfigInput } from './input.ts';

/** Gives a config in TypeScript its types, and changes nothing: `export default defineConfig({ … })`. */
export const defineConfig = (config: ConfigInput): ConfigInput => config;

/** A reference to a secret: locally an environment variable, or a file in WATCHBILL_SECRETS_DIR, of that name. */
export const secret = (name: string): SecretRef => ({ secret: name });

/** What a secret can be called: as a variable or a file can, so there is no path in it. */
export const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+=@-]{0,127}$/;
