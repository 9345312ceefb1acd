import type { AwsCall } from './calls.ts';

/** What a policy says, as far as ours say it. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Conditions;
}

/** Operator, key, values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** Whether a role with these statements may make a call. What nothing allows is denied. */
export const allows = (policy: readonly Statement[], call: AwsCall): boolean =>
  policy.some((statement) => covers(statement, call));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
export const covers = ({ actions, resources, conditions }: Statement, call: AwsCall): boolean =>
  actions.some((action) => isLike(action.toLowerCase(), call.action.toLowerCase())) &&
  resources.some((resource) => isLike(resource, call.resource)) &&
  Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => holds(operator, valuesOf(key, call), [values].flat())),
  );

/** `*` is any text, `?` any character. */
function isLike(pattern: string, text: string): boolean {
  const parts = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${parts.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html */
function holds(operator: string, values: readonly string[], wanted: readonly string[]): boolean {
  const isWanted = (value: string) => wanted.includes(value);
  if (operator === 'StringEquals') return values.length === 1 && values.every(isWanted);
  if (operator === 'ForAllValues:StringEquals') return values.every(isWanted);
  throw new Error(`a condition of a kind that is not known: ${operator}`);
}

/** What a call says of a condition's key. */
function valuesOf(key: string, { body }: AwsCall): string[] {
  if (key === 's3:prefix')
    return [body.prefix].flatMap((prefix) => (typeof prefix === 'string' ? prefix : []));
  if (key !== 'dynamodb:LeadingKeys') throw new Error(`a condition on what is not known: ${key}`);
  const { Key } = body as { readonly Key?: { readonly partition?: { readonly S?: string } } };
  return [Key?.partition?.S].flatMap((partition) => partition ?? []);
}
