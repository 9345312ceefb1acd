import { existsSync } from 'node:fs';
import { join } from 'node:path';

const here = (path: string): string => join(import.meta.dirname, path);

/** What install.sh makes. */
export const TOOLS = {
  python: here('.tools/venv/bin/python'),
  moto: here('.tools/moto-5.2.5'),
  awscli: here('.tools/awscli-1.46.3'),
  dynamodb: here('.tools/dynamodb-2.6.1'),
  runtimeClient: here('node_modules/aws-lambda-ric/index.mjs'),
} as const;

/** Why the suite can't run here; nothing: it can. */
export function whatIsMissing(): string | undefined {
  const missing = Object.values(TOOLS).filter((path) => !existsSync(path));
  return missing.length > 0 ? 'its tools are not installed: run test/system/install.sh' : undefined;
}
