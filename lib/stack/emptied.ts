import { Aws, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { bucketName } from '../deployment.ts';
import { acknowledge } from './acknowledge.ts';
import { LOG_RETENTION } from './function.ts';

/**
 * Runs when CloudFormation creates, changes or removes the bucket's stack. It uses the client that Lambda's own Node.js
 * brings along. CloudFormation wants no content type: it isn't part of the signature of its URL.
 */
export const EMPTY_BUCKET = `
const { S3Client, ListObjectsV2Command, DeleteObjectsCommand } = require('@aws-sdk/client-s3');

async function empty(Bucket) {
  const s3 = new S3Client({});
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    if (Contents.length === 0) return;
    const Objects = Contents.map(({ Key }) => ({ Key }));
    const { Errors: [first] = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    if (first) throw new Error(first.Key + ' could not be deleted: ' + first.Code);
  }
}

exports.handler = async ({ RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, ResourceProperties }) => {
  const answer = { StackId, RequestId, LogicalResourceId, PhysicalResourceId: ResourceProperties.Bucket };
  try {
    if (RequestType === 'Delete') await empty(ResourceProperties.Bucket);
    answer.Status = 'SUCCESS';
  } catch (error) {
    answer.Status = 'FAILED';
    answer.Reason = String(error);
  }
  const { ok, status } = await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body: JSON.stringify(answer) });
  if (!ok) throw new Error('CloudFormation answered ' + status);
};
`.trim();

/**
 * Empties the bucket when its stack is removed: CloudFormation doesn't remove one that holds anything. CDK's own
 * "autoDeleteObjects" would leave a log group of its function behind, and could write to every log.
 */
export class Emptied extends Construct {
  constructor(scope: Construct, id: string, bucket: Bucket) {
    super(scope, id);
    const log = new LogGroup(this, 'Log', { retention: LOG_RETENTION, removalPolicy: RemovalPolicy.DESTROY });
    const role = roleFor(this, bucket, log);
    const lambda = new LambdaFunction(this, 'Function', {
      description: 'Empties the bucket of the status page when its stack is removed',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromInline(EMPTY_BUCKET),
      memorySize: 256,
      timeout: Duration.minutes(1),
      role: role.withoutPolicyUpdates(),
      logGroup: log,
      loggingFormat: LoggingFormat.JSON,
    });
    new CustomResource(this, 'Bucket', {
      resourceType: 'Custom::EmptiedBucket',
      serviceToken: lambda.functionArn,
      serviceTimeout: Duration.minutes(2),
      properties: { Bucket: bucket.bucketName },
    });
    explain(this);
  }
}

function roleFor(scope: Construct, bucket: Bucket, log: LogGroup): Role {
  const name = bucketName(Aws.ACCOUNT_ID, bucket.stack.region);
  const objects = `arn:aws:s3:::${name}/*`;
  acknowledge(scope, {
    [`AwsSolutions-IAM5[Resource::${objects.replace(Aws.ACCOUNT_ID, '<AWS::AccountId>')}]`]:
      'It is there to delete all objects of this one bucket.',
  });
  return new Role(scope, 'Role', {
    description: 'What empties the bucket of the status page may do',
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      allowed: new PolicyDocument({
        statements: [
          new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
          new PolicyStatement({ actions: ['s3:DeleteObject'], resources: [objects] }),
          new PolicyStatement({
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [log.logGroupArn],
          }),
        ],
      }),
    },
  });
}

function explain(scope: Construct): void {
  acknowledge(scope, {
    'Serverless-LambdaDLQ': 'CloudFormation calls it, waits for its answer, and tells who removes the stack.',
    'Serverless-LambdaTracing':
      'It runs when the stack is made, changed or removed, and tells how that went.',
  });
}
