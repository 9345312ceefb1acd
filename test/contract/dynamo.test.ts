import { test } from 'vitest';
import { elsewhere, openDynaliteStore } from '../kit/dynamo.ts';
import { storeContract } from './store.ts';

storeContract('G17 DynamoStore on dynalite', openDynaliteStore);

for (const [where, open] of elsewhere) storeContract(`G17 DynamoStore at ${where}`, open);

test.runIf(elsewhere.length === 0)('G17 DynamoStore on DynamoDB Local and moto', ({ skip }) => {
  const why = 'WATCHBILL_DYNAMODB names no endpoint';
  process.stdout.write(`G17 DynamoStore is not tried on DynamoDB Local nor on moto: ${why}\n`);
  skip(why);
});
