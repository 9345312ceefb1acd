import type { Made, RawResource } from './kit.ts';

/** A template as it comes out in account 123456789012: with names and ARNs in the place of references. */

export const ACCOUNT = '123456789012';

export interface Resource {
  readonly id: string;
  readonly type: string;
  /** Its name, where it has one. */
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletion: string | undefined;
  readonly replacement: string | undefined;
  readonly after: readonly string[];
}

export interface Flat extends Omit<Made, 'template'> {
  readonly resources: readonly Resource[];
  readonly outputs: Readonly<Record<string, { readonly value: unknown; readonly description: string }>>;
}

const NAMES = [
  'QueueName',
  'FunctionName',
  'RoleName',
  'TopicName',
  'TableName',
  'BucketName',
  'LogGroupName',
  'AlarmName',
  'Name',
];

const ARNS: Readonly<Record<string, (region: string, name: string) => string>> = {
  'AWS::SQS::Queue': (region, name) => `arn:aws:sqs:${region}:${ACCOUNT}:${name}`,
  'AWS::SNS::Topic': (region, name) => `arn:aws:sns:${region}:${ACCOUNT}:${name}`,
  'AWS::Lambda::Function': (region, name) => `arn:aws:lambda:${region}:${ACCOUNT}:function:${name}`,
  'AWS::IAM::Role': (_, name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
  'AWS::S3::Bucket': (_, name) => `arn:aws:s3:::${name}`,
  'AWS::Logs::LogGroup': (region, name) => `arn:aws:logs:${region}:${ACCOUNT}:log-group:${name}:*`,
  'AWS::Scheduler::ScheduleGroup': (region, name) =>
    `arn:aws:scheduler:${region}:${ACCOUNT}:schedule-group/${name}`,
};

export function flatten({ template, region, ...made }: Made): Flat {
  const { Resources, Outputs } = template;
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[key, argument] = []] = entries;
    if (entries.length === 1 && key === 'Ref') return referred(String(argument));
    if (entries.length === 1 && key?.startsWith('Fn::')) return called(key, resolve(argument));
    return Object.fromEntries(entries.map(([name, inner]) => [name, resolve(inner)]));
  };
  const referred = (id: string): string => {
    if (id === 'AWS::AccountId') return ACCOUNT;
    if (id === 'AWS::Region') return region;
    if (id === 'AWS::Partition') return 'aws';
    const resource = Resources[id];
    if (!resource) return `<nothing: ${id}>`;
    return resource.Type === 'AWS::SNS::Topic' ? arnOf(id) : nameOf(id, resource);
  };
  const called = (name: string, argument: unknown): unknown => {
    const list = Array.isArray(argument) ? argument : [argument];
    if (name === 'Fn::Join' && Array.isArray(list[1])) return list[1].join(String(list[0]));
    if (name === 'Fn::Sub') return String(list[0]).replaceAll(`\${AWS::AccountId}`, ACCOUNT);
    if (name === 'Fn::GetAtt' && list[1] === 'Arn') return arnOf(String(list[0]));
    if (name === 'Fn::GetAtt') return `<${referred(String(list[0]))}.${list[1]}>`;
    return `<${name} ${JSON.stringify(argument)}>`;
  };
  const nameOf = (id: string, { Properties = {} }: RawResource): string => {
    const key = NAMES.find((one) => Properties[one] !== undefined);
    return key === undefined ? id : String(resolve(Properties[key]));
  };
  const arnOf = (id: string): string => {
    const resource = Resources[id];
    if (!resource) return `<nothing: ${id}>`;
    return ARNS[resource.Type]?.(region, nameOf(id, resource)) ?? `<${id}.Arn>`;
  };
  return {
    ...made,
    region,
    resources: Object.entries(Resources).map(([id, resource]) => ({
      id,
      type: resource.Type,
      name: nameOf(id, resource),
      properties: resolve(resource.Properties ?? {}) as Record<string, unknown>,
      deletion: resource.DeletionPolicy,
      replacement: resource.UpdateReplacePolicy,
      after: resource.DependsOn ?? [],
    })),
    outputs: Object.fromEntries(
      Object.entries(Outputs ?? {}).map(([id, { Value, Description }]) => [
        id,
        { value: resolve(Value), description: Description },
      ]),
    ),
  };
}

export const ofType = ({ resources }: Flat, type: string): Resource[] =>
  resources.filter((resource) => resource.type === type);

/** Where two values differ, as paths. */
export function differences(actual: unknown, expected: unknown, path = ''): string[] {
  if (Object.is(actual, expected)) return [];
  const isBoth = [actual, expected].every((value) => typeof value === 'object' && value !== null);
  if (!isBoth || Array.isArray(actual) !== Array.isArray(expected))
    return [`${path || 'it'} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
  const [is, should] = [actual, expected] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(is ?? {}), ...Object.keys(should ?? {})]);
  return [...keys].flatMap((key) => differences(is?.[key], should?.[key], path ? `${path}.${key}` : key));
}

/** Compares the properties of all resources of a type with what they should be, by name; tags have a check of their own. */
export function expectAll(
  flat: Flat,
  type: string,
  expected: Readonly<Record<string, object>>,
  ignored: readonly string[] = [],
): string[] {
  const actual = ofType(flat, type).map(({ name, properties }) => {
    const kept = Object.entries(properties).filter(([key]) => key !== 'Tags' && !ignored.includes(key));
    return [name, Object.fromEntries(kept)] as const;
  });
  const names = new Set([...actual.map(([name]) => name), ...Object.keys(expected)]);
  if (actual.length !== new Set(actual.map(([name]) => name)).size) return [`two of ${type} have one name`];
  const found = Object.fromEntries(actual);
  return [...names].flatMap((name) => differences(found[name], expected[name], `${type} ${name}`));
}
