import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS, HOME_STACK, probesStack, QUEUES, TABLE_NAME, TOPIC_NAME } from '../../lib/deployment.ts';

/** What the pages call the parts of a deployment. */

const functions = Object.values(FUNCTIONS).map(({ name }) => name);
const inDiagrams = [...functions, ...Object.values(QUEUES)];

const diagramsOf = (page: string): string =>
  [...readFileSync(page, 'utf8').matchAll(/^```mermaid\n([\s\S]*?)^```/gm)].map(([, text]) => text).join('');

describe.each(['docs/architecture.md', 'docs/deploy.md'])('the diagrams of %s', (page) => {
  it('have every function and every queue, and no others', () => {
    const named = diagramsOf(page).match(/watchbill-[a-z]+/g) ?? [];
    expect(new Set(named)).toEqual(new Set(inDiagrams));
  });
});

it('docs/deploy.md names stacks, table and topic as they are', () => {
  const text = readFileSync('docs/deploy.md', 'utf8');
  const stacks = text.match(/Watchbill-(?:Home|Probes-[\w-]+)/g) ?? [];
  expect(new Set(stacks)).toEqual(new Set([HOME_STACK, probesStack('us-east-1'), probesStack('REGION')]));
  for (const [, table = ''] of text.matchAll(/--(?:source-)?table-name ([\w-]+)/g))
    expect([TABLE_NAME, `${TABLE_NAME}-copy`]).toContain(table);
  expect(text).toContain(`:${TOPIC_NAME} --protocol email`);
});
