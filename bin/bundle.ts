import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { builtInRunbooks } from '../lib/cli/runbooks.ts';
import { FUNCTIONS } from '../lib/deployment.ts';
import { packageRoot } from '../lib/package-root.ts';

/**
 * Bundles each function into a folder of its own below dist/functions: `index.mjs`, and beside it, loaded when they are
 * wanted, the clients of the SDK. What the stack adds when it stages them is config.json. What went into which file is
 * kept in dist/functions.json.
 */

/** Some of what is bundled is CommonJS and asks for Node's own modules. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const root = packageRoot();
const out = join('dist', 'functions');
rmSync(join(root, out), { recursive: true, force: true });

const metafiles: Record<string, Metafile> = {};
for (const name of Object.keys(FUNCTIONS)) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { index: join('functions', `${name}.ts`) },
    outdir: join(out, name),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  metafiles[name] = metafile;
}
writeFileSync(join(root, out, 'show', 'runbooks.json'), JSON.stringify(builtInRunbooks()));
writeFileSync(join(root, 'dist', 'functions.json'), JSON.stringify(metafiles));
