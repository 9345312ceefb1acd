import type { Template } from './kit.ts';

/** A template with one thing wrong in it. */
export interface Mutant {
  /** Which: the type and the way to it. */
  readonly name: string;
  readonly template: Template;
}

/** What may be written otherwise without harm: it is for people, or only a name among ourselves. */
export const HARMLESS: readonly RegExp[] = [
  /^AWS::\w+::\w+ (?:.*\.)?(?:Description|Comment) /,
  /^Output \w+\.Description changed$/,
  // Of the words of an alarm the check looks only at the last.
  / AlarmDescription\.Fn::Join\.(?:0|1\.0) changed$/,
  /^AWS::CloudWatch::Alarm AlarmDescription changed$/,
  // Names by which CloudFront tells a policy from others.
  /^AWS::CloudFront::(?:CachePolicy|OriginAccessControl|ResponseHeadersPolicy) \w+\.Name /,
  // A policy inside a role is called by nobody.
  /\.PolicyName /,
  // What a dashboard shows.
  /^AWS::CloudWatch::Dashboard DashboardBody/,
  // Whatever it is after besides, it refers to. What decide has for calls that fail is no part of it that writes.
  / after (?!BlobsEmptiedBucket)\w+$/,
  /^AWS::Lambda::EventInvokeConfig after /,
  // The folder that is staged: test/stack/bundles.test.ts looks into it.
  /^AWS::Lambda::Function Code\.S3Key changed$/,
  // The same, in the words of CloudFormation.
  / (?:DeletionPolicy|UpdateReplacePolicy) "Delete" removed$/,
];

type Path = readonly (string | number)[];

/** Everything that can be taken away or changed in a template, or be there twice, each alone. */
export function* mutantsOf(template: Template): Generator<Mutant> {
  for (const [id, resource] of Object.entries(template.Resources)) {
    const at = (path: Path, copy = ''): Path => ['Resources', id + copy, ...path];
    yield { name: `${resource.Type} removed (${id})`, template: without(template, at([])) };
    yield { name: `${resource.Type} twice (${id})`, template: replaced(template, at([], 'Copy'), resource) };
    yield* withIn(template, at(['Properties']), resource.Properties, (path) => `${resource.Type} ${path}`);
    for (const key of ['DeletionPolicy', 'UpdateReplacePolicy'] as const) {
      const value = resource[key];
      if (value === undefined) continue;
      const other = value === 'Delete' ? 'Retain' : 'Delete';
      yield { name: `${resource.Type} ${key} "${value}" removed`, template: without(template, at([key])) };
      yield { name: `${resource.Type} ${key} ${other}`, template: replaced(template, at([key]), other) };
    }
    for (const [index, other] of (resource.DependsOn ?? []).entries())
      yield {
        name: `${resource.Type} after ${other}`,
        template: without(template, at(['DependsOn', index])),
      };
  }
  for (const Type of ['AWS::IAM::User', 'AWS::IAM::Policy', 'AWS::SNS::Subscription'])
    yield { name: `${Type} added`, template: replaced(template, ['Resources', 'Added'], { Type }) };
  yield* withIn(template, ['Outputs'], template.Outputs, (path) => `Output ${path}`);
}

function* withIn(
  template: Template,
  root: Path,
  value: unknown,
  nameOf: (path: string) => string,
  below: Path = [],
): Generator<Mutant> {
  for (const [key, inner] of Object.entries(value ?? {})) {
    const index = Array.isArray(value) ? Number(key) : key;
    const path = [...below, index];
    const at = [...root, ...path];
    const name = nameOf(path.join('.'));
    yield { name: `${name} removed`, template: without(template, at) };
    for (const other of otherThan(inner))
      yield { name: `${name} changed`, template: replaced(template, at, other) };
    if (typeof inner === 'object' && inner !== null && !isReference(inner))
      yield* withIn(template, root, inner, nameOf, path);
  }
}

/** Something else in the place of a value. */
function otherThan(value: unknown): unknown[] {
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'number') return [value + 1];
  if (typeof value === 'string') return value === '*' ? [] : [`${value}x`, '*'];
  return [];
}

const isReference = (value: object): boolean => {
  const [key, ...others] = Object.keys(value);
  return others.length === 0 && (key === 'Ref' || key === 'Fn::GetAtt');
};

const without = (template: Template, path: Path): Template => changed(template, path, undefined) as Template;
const replaced = (template: Template, path: Path, value: unknown): Template =>
  changed(template, path, value) as Template;

/** A copy in which only what lies on the way is new; undefined: it is left out. */
function changed(container: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const copy = Array.isArray(container) ? [...container] : { ...(container as object) };
  const inner = changed((container as Record<string | number, unknown>)[key], rest, value);
  if (inner !== undefined) (copy as Record<string | number, unknown>)[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete (copy as Record<string | number, unknown>)[key];
  return copy;
}
