import type { IncomingHttpHeaders } from 'node:http';

/** A call to AWS as IAM sees it. */
export interface AwsCall {
  /** `dynamodb`, as the credential scope of the signature names it. */
  readonly service: string;
  /** Where the call goes, as the same says. */
  readonly region: string;
  /** `dynamodb:PutItem`. */
  readonly action: string;
  /** The ARN of what it is about. */
  readonly resource: string;
  /** As JSON; of S3 what IAM is told besides. */
  readonly body: { readonly [name: string]: unknown };
}

export interface AwsRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a signed request asks for. Throws on what no function of ours should ask for. */
export function callOf(request: AwsRequest, account: string): AwsCall {
  const [, , region = '', service = ''] = scopeOf(request);
  const operation = operationOf(request);
  const place = `${region}:${account}`;
  const look = LOOKS[service];
  if (look) return { service, region, body: {}, ...look(request, place) };
  const body = service === 's3' ? {} : JSON.parse(request.body.toString() || '{}');
  if (service === 'dynamodb') return { service, region, body, ...table(operation, place, body) };
  if (service === 'sqs') return { service, region, body, ...queue(operation, place, body) };
  if (service === 's3') return { service, region, body, ...object(request) };
  if (service !== 'secretsmanager') throw new Error(`a call to ${service} of a kind that is not known`);
  // The six characters at its end are made up until an answer says them.
  const resource = `arn:aws:secretsmanager:${place}:secret:${body.SecretId}-abcdef`;
  return { service, region, body, action: `${service}:${operation}`, resource };
}

/** `AKID/20260101/eu-west-1/sqs/aws4_request`. */
function scopeOf({ headers }: AwsRequest): string[] {
  const scope = /Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1];
  if (!scope) throw new Error('a call without a signature');
  return scope.split('/');
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html */
function table(operation: string, place: string, body: AwsCall['body']) {
  const name = body.TableName ?? Object.keys(body.RequestItems ?? {})[0];
  const index = body.IndexName === undefined ? '' : `/index/${body.IndexName}`;
  // It has none: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
  if (operation === 'ListBackups') return { action: 'dynamodb:ListBackups', resource: '*' };
  return { action: `dynamodb:${operation}`, resource: `arn:aws:dynamodb:${place}:table/${name}${index}` };
}

/** A batch needs the permission of one: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html */
function queue(operation: string, place: string, body: AwsCall['body']) {
  const name = String(body.QueueUrl).split('/').at(-1);
  return { action: `sqs:${operation.replace(/Batch$/, '')}`, resource: `arn:aws:sqs:${place}:${name}` };
}

const METHODS: Readonly<Record<string, string>> = { GET: 'GetObject', HEAD: 'GetObject', PUT: 'PutObject' };

/** With the bucket in the path, where an endpoint is an address. */
function object({ method, url }: AwsRequest) {
  const action = METHODS[method];
  if (!action) throw new Error(`a call to S3 of a kind that is not known: ${method}`);
  const { pathname, searchParams } = new URL(url, 'http://s3');
  if (searchParams.has('list-type')) {
    const resource = `arn:aws:s3:::${pathname.slice(1).replace(/\/$/, '')}`;
    return { action: 's3:ListBucket', resource, body: { prefix: searchParams.get('prefix') } };
  }
  return { action: `s3:${action}`, resource: `arn:aws:s3:::${url.split('?')[0]?.slice(1)}` };
}

/** It is about the snapshots of what it names as well. */
const snapshotsOf = (_: string, kind: string) => (kind === 'db' ? ':snapshot:*' : ':cluster-snapshot:*');

interface Looked {
  readonly action: string;
  readonly resource: string;
}

/** What checks of the account ask: the resource is what the service authorization reference says of the action. */
const LOOKS: Readonly<Record<string, (request: AwsRequest, place: string) => Looked>> = {
  iam({ body }, place) {
    const asked = new URLSearchParams(body.toString());
    const action = `iam:${asked.get('Action')}`;
    const user = `arn:aws:iam::${place.split(':')[1]}:user/${asked.get('UserName') ?? ''}`;
    return { action, resource: action === 'iam:GetAccountSummary' ? '*' : user };
  },
  rds({ body }, place) {
    const asked = new URLSearchParams(body.toString());
    const instance = asked.get('DBInstanceIdentifier');
    const own = instance ? `db:${instance}` : `cluster:${asked.get('DBClusterIdentifier')}`;
    return { action: `rds:${asked.get('Action')}`, resource: `arn:aws:rds:${place}:${own}` };
  },
  ec2: ({ body }) => ({ action: `ec2:${new URLSearchParams(body.toString()).get('Action')}`, resource: '*' }),
  kms: (request, place) => {
    const { KeyId } = JSON.parse(request.body.toString());
    const resource = String(KeyId).startsWith('arn:') ? KeyId : `arn:aws:kms:${place}:key/${KeyId}`;
    return { action: `kms:${operationOf(request)}`, resource };
  },
  ssm: (request) => ({ action: `ssm:${operationOf(request)}`, resource: '*' }),
  acm: (request) => ({
    action: `acm:${operationOf(request)}`,
    resource: JSON.parse(request.body.toString()).CertificateArn,
  }),
  monitoring: (request, place) => {
    const { AlarmNames: [name = '*'] = [] } = JSON.parse(request.body.toString());
    return {
      action: `cloudwatch:${operationOf(request)}`,
      resource: `arn:aws:cloudwatch:${place}:alarm:${name}`,
    };
  },
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
  budgets: (request, place) => {
    const { BudgetName } = JSON.parse(request.body.toString());
    return {
      action: operationOf(request) === 'DescribeBudget' ? 'budgets:ViewBudget' : 'budgets:?',
      resource: `arn:aws:budgets::${place.split(':')[1]}:budget/${BudgetName}`,
    };
  },
  backup({ url }, place) {
    const [, vault] = /^\/backup-vaults\/([^/]+)\//.exec(url) ?? [];
    if (vault) {
      const resource = `arn:aws:backup:${place}:backup-vault:${vault}`;
      return { action: 'backup:ListRecoveryPointsByBackupVault', resource };
    }
    const isJobs = /\/restore-jobs\/?(\?|$)/.test(url);
    const action = isJobs ? 'ListRestoreJobsByProtectedResource' : 'ListRecoveryPointsByResource';
    return { action: `backup:${action}`, resource: '*' };
  },
};

const operationOf = ({ headers }: AwsRequest): string =>
  String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1) ?? '';

/** What a call needed besides, or more exactly, as its answer shows. */
export function callsBehind(call: AwsCall, status: number, answer: string): AwsCall[] {
  const { service, resource } = call;
  if (service === 'secretsmanager' && status === 200)
    return [{ ...call, resource: JSON.parse(answer).ARN ?? resource }];
  if (call.action === 'iam:GetAccessKeyLastUsed') {
    const user = /<UserName>([^<]+)</.exec(answer)?.[1];
    return [{ ...call, resource: `${resource}${user}` }];
  }
  if (/^rds:DescribeDB(Cluster)?Snapshots$/.test(call.action))
    return [call, { ...call, resource: resource.replace(/:(db|cluster):[^:]+$/, snapshotsOf) }];
  // Without it S3 would have said AccessDenied: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
  // It asks as if the name of the object were the prefix.
  const [bucket = '', ...prefix] = resource.split('/');
  if (service === 's3' && status === 404)
    return [call, { ...call, action: 's3:ListBucket', resource: bucket, body: { prefix: prefix.join('/') } }];
  return [call];
}
