import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../lib/config/compile.ts';
import { parseYaml } from '../../lib/config/yaml.ts';
import { PROBES } from '../../lib/probes/index.ts';
import { checksPage, fieldsOutsideChecks, namesIn, reasonsPage } from './reference.ts';

const CONFIG_PAGE = readFileSync('docs/config.md', 'utf8');

describe('pages made from the code are up to date (WATCHBILL_UPDATE=1 writes them anew)', () => {
  it.each([
    ['docs/reasons.md', reasonsPage()],
    ['docs/checks.md', checksPage()],
  ])('%s', (file, page) => {
    if (process.env.WATCHBILL_UPDATE === '1') writeFileSync(file, page);
    expect(readFileSync(file, 'utf8')).toBe(page);
  });

  it('every field of every check has a description', () => {
    expect(checksPage()).not.toMatch(/^\| `\w+` .*\| {2}\|$/m);
  });
});

describe('the complete example of docs/config.md', () => {
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(CONFIG_PAGE) ?? [];
  const { value } = parseYaml(yaml);

  it('is valid', () => {
    expect(compile(value, () => '')).not.toHaveProperty('mistakes');
  });

  it('has every type of check, and every field that is not of one type alone', () => {
    const { checks, ...rest } = value as { readonly checks: readonly { readonly type: string }[] };
    const shown = [...namesIn(rest), ...namesIn(checks[0])];
    expect(fieldsOutsideChecks().filter((name) => !shown.includes(name))).toEqual([]);
    expect(new Set(checks.map(({ type }) => type))).toEqual(new Set(PROBES.keys()));
  });
});

describe('the built-in runbooks', () => {
  const names = readdirSync('runbooks').map((file) => file.replace(/\.md$/, ''));

  it('are there for every type of check, for a location, for Watchbill itself and for a drill', () => {
    expect(names).toEqual(expect.arrayContaining([...PROBES.keys(), 'location', 'watchbill', 'drill']));
  });

  it.each(names)('%s says on one page what to do, in the same order as all of them', (name) => {
    const text = readFileSync(`runbooks/${name}.md`, 'utf8');
    const headings = [...text.matchAll(/^## (\w+)/gm)].map(([, word]) => word);
    expect(headings).toEqual(['The', 'Confirm', 'Mitigate', 'Diagnose', 'Roll', 'Escalate']);
    expect(text.split(/\s+/).length).toBeLessThan(450);
  });
});
