import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';

/** A function for the harness's own tests: it does what it is asked for, `{ "act": … }`. */

const once = { maxAttempts: 1 };
let calls = 0;
let fired;
let firedAt;

const acts = {
  tell: (_, context) => ({
    calls: ++calls,
    now: Date.now(),
    left: context.getRemainingTimeInMillis(),
    context: { ...context, getRemainingTimeInMillis: undefined },
    region: process.env.AWS_REGION,
  }),
  throw: () => {
    throw new TypeError('it was to fail');
  },
  exit: () => process.exit(3),
  wait: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
  timer: ({ ms }) => {
    fired = new Promise((resolve) => {
      setTimeout(() => {
        firedAt = Date.now();
        resolve();
      }, ms);
    });
  },
  fired: async () => {
    await fired;
    return firedAt;
  },
  send: async ({ url, message, delay = 0 }) => {
    const client = new SQSClient({ ...once, region: url.split('.')[1], useQueueUrlAsEndpoint: false });
    const Entries = [{ Id: '0', MessageBody: JSON.stringify(message), DelaySeconds: delay }];
    await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  },
  look: async ({ table, secret, bucket, region }) => {
    const [dynamodb, secrets, s3] = [DynamoDBClient, SecretsManagerClient, S3Client].map(
      (Client) => new Client({ ...once, region }),
    );
    const Key = { partition: { S: 'p' }, sort: { S: 's' } };
    const due = {
      IndexName: 'due',
      KeyConditionExpression: 'listed = :listed',
      ExpressionAttributeValues: { ':listed': { S: 'due' } },
    };
    await dynamodb.send(new GetItemCommand({ TableName: table, Key }));
    await dynamodb.send(new QueryCommand({ TableName: table, ...due }));
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secret }));
    const object = new GetObjectCommand({ Bucket: bucket, Key: 'page' });
    const there = await s3.send(object).catch(({ name }) => name);
    return { secret: SecretString, there };
  },
};

const act = (event, context) => acts[event.act](event, context);

/** Of a batch those fail that do. */
export async function handler(event, context) {
  if (!event.Records) return act(event, context);
  const batchItemFailures = [];
  for (const { messageId, body } of event.Records) {
    try {
      await act(JSON.parse(body), context);
    } catch {
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
}
