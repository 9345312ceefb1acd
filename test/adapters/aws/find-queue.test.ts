import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { findQueue } from '../../../lib/adapters/aws/find-queue.ts';
import { systemClock } from '../../../lib/adapters/local/clock.ts';
import { StoreError } from '../../../lib/ports.ts';
import { CREDENTIALS, failed, onMoto, REGION } from '../../kit/aws.ts';

onMoto('a queue of moto is found by its name, and takes what is sent', async (endpoint) => {
  const name = `found-${process.pid}-${Date.now()}`;
  const client = { endpoint, credentials: CREDENTIALS };
  const raw = new SQSClient({ ...client, region: REGION });
  await raw.send(new CreateQueueCommand({ QueueName: name }));
  raw.destroy();
  const options = { region: REGION, clock: systemClock, client };
  const queue = await findQueue<string>({ ...options, name });
  await queue.send('here');
  expect((await queue.receive(1)).map(({ message }) => message)).toEqual(['here']);
  queue.close();
  expect(await failed(findQueue({ ...options, name: `${name}-none` }), StoreError)).toMatch(
    /^SQS GetQueueUrl on the queue found-[\d-]+-none in eu-west-1: not there \([\w.]+\)$/,
  );
});
