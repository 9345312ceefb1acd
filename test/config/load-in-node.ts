// Loads config files as Node does it: Vitest would compile modules itself. Steps come as JSON in argv[3].
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../lib/config.ts';

const [dir = '', steps = ''] = process.argv.slice(2);
const answers: string[][] = [];
for (const { name, text } of JSON.parse(steps) as { name: string; text: string }[]) {
  writeFileSync(join(dir, name), text);
  const printed = await loadConfig({ cwd: dir, named: name }).then(
    ({ config }) => [JSON.stringify(config.name), JSON.stringify(config.notify)],
    (error) => (error instanceof ConfigError ? error.message.split('\n') : [`not a ConfigError: ${error}`]),
  );
  answers.push(printed);
}
process.stdout.write(JSON.stringify(answers));
