import { z } from 'zod';
import { DURATION } from '../../lib/config/duration.ts';
import { jsonSchema } from '../../lib/config/json-schema.ts';
import { makeFields } from '../../lib/config/make-fields.ts';
import { commonShape } from '../../lib/config/schema.ts';
import { REASONS } from '../../lib/reasons.ts';

/** The part of a JSON Schema that our shapes use. */
interface Node {
  readonly type?: string;
  /** What stands for a list of values that is too long to be shown. */
  readonly title?: string;
  readonly pattern?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | false;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

const MADE = 'Made from the code; `WATCHBILL_UPDATE=1 npx vitest run test/docs` writes it anew.';

/** docs/reasons.md: every reason code, by the status that it gives. */
export function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(
    ([code, { status, means }]) => `| \`${code}\` | ${status} | ${cell(means)} |`,
  );
  return `# Reason codes

What a reading says is wrong, in one word. The API, the CLI, notifications and tests use the same words, and a code
keeps its meaning. A check's own policy may give another status than the one listed here. ${MADE}

| code | status | means |
|---|---|---|
${rows.join('\n')}
`;
}

/** docs/checks.md: every type of check and its fields. */
export function checksPage(): string {
  const { properties = {} } = jsonSchema() as Node;
  const types = properties.checks?.items?.oneOf ?? [];
  const common = commonSchema();
  return `# Checks

Every field of every type of check. A duration is one whole number and one unit: \`"800ms"\`, \`"30s"\`, \`"5m"\`,
\`"12h"\`, \`"21d"\`. A secret is a reference, \`{ "secret": "NAME" }\`; a file is found next to the config.
${MADE}

## Every check

${table(common, () => true)}
${types.map((type) => typeSection(type, common)).join('\n')}`;
}

function commonSchema(): Node {
  const fields = makeFields({ read: String, locate: String, refuses: () => undefined });
  return z.toJSONSchema(z.object(commonShape(fields)), { io: 'input' }) as Node;
}

/** Every field of a config but those of single types of check: `notify.webhook.url`; those of every check: `every`. */
export function fieldsOutsideChecks(): string[] {
  const { checks: _, ...properties } = (jsonSchema() as Node).properties ?? {};
  return [...fieldsIn({ properties }), ...fieldsIn(commonSchema())];
}

function fieldsIn(node: Node): string[] {
  if (isSecret(node)) return [];
  const own = Object.entries(node.properties ?? {}).flatMap(([name, field]) => [
    name,
    ...fieldsIn(field).map((inner) => `${name}.${inner}`),
  ]);
  return [...own, ...[node.items ?? [], node.anyOf ?? [], node.oneOf ?? []].flat().flatMap(fieldsIn)];
}

/** Every name in a value, as a path without the numbers of lists. */
export function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    name,
    ...namesIn(inner).map((part) => `${name}.${part}`),
  ]);
}

function typeSection(type: Node, common: Node): string {
  const isOwn = (name: string) =>
    name !== 'type' && type.properties?.[name]?.description !== common.properties?.[name]?.description;
  const { severity } = type.properties ?? {};
  const note =
    severity?.default === 'page'
      ? ''
      : `\n\n\`severity\` is ${code(severity?.default)} unless the check says otherwise.`;
  return `## \`${type.properties?.type?.const}\`

${type.description}${note}

${table(type, isOwn)}`;
}

/** A row for each field, those of nested objects included. */
function table(node: Node, shown: (name: string) => boolean): string {
  const rows = Object.entries(node.properties ?? {})
    .filter(([name]) => shown(name))
    .flatMap(([name, field]) => rowsOf(name, field, node.required?.includes(name) ?? false));
  return `| field | value | default | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function rowsOf(path: string, field: Node, required: boolean): string[] {
  const fallback = required
    ? 'required'
    : field.default === undefined || field.properties
      ? ''
      : code(field.default);
  const own = `| \`${path}\` | ${cell(kindOf(field))} | ${fallback} | ${cell(field.description ?? '')} |`;
  const inner = isSecret(field) ? [] : Object.entries(field.properties ?? {});
  return [
    own,
    ...inner.flatMap(([name, node]) =>
      rowsOf(`${path}.${name}`, node, field.required?.includes(name) ?? false),
    ),
  ];
}

function kindOf(field: Node): string {
  if (field.title) return field.title;
  if (field.enum) return field.enum.map(code).join(', ');
  if (field.const !== undefined) return code(field.const);
  const forms = field.anyOf ?? field.oneOf;
  if (forms) return [...new Set(forms.map(kindOf))].join(' or ');
  if (isSecret(field)) return 'secret';
  if (field.pattern === DURATION.source) return 'duration';
  if (field.type === 'array') return `list: ${kindOf(field.items ?? {})}`;
  if (field.type === 'object' && field.additionalProperties)
    return `by name: ${kindOf(field.additionalProperties)}`;
  if (field.type === 'object')
    return field.properties ? `object (${Object.keys(field.properties).join(', ')})` : 'object';
  return field.type ?? 'anything';
}

const isSecret = ({ properties = {} }: Node): boolean => Object.keys(properties).join() === 'secret';

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

const cell = (text: string): string => text.replaceAll('|', '\\|');
