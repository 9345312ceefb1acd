import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SECRET_PREFIX } from '../../lib/deployment.ts';
import type { Account } from './account.ts';

export type Row = Record<string, AttributeValue>;

/** The table of an installation, as its owner has it. */
export class Table {
  readonly #client: DynamoDBClient;
  readonly #input: CreateTableCommandInput;

  /** `home`: the region where it is. */
  constructor(account: Account, home: string, input: CreateTableCommandInput) {
    this.#client = new DynamoDBClient(account.clientIn(home));
    this.#input = input;
  }

  /** DynamoDB Local has it at once. */
  async create(): Promise<void> {
    await this.#client.send(new CreateTableCommand(this.#input));
  }

  async rows(): Promise<Row[]> {
    const rows: Row[] = [];
    for (let start: Row | undefined, isFirst = true; isFirst || start; isFirst = false) {
      const page = new ScanCommand({ ...this.#target, ...(start && { ExclusiveStartKey: start }) });
      const { Items = [], LastEvaluatedKey } = await this.#client.send(page);
      rows.push(...Items);
      start = LastEvaluatedKey;
    }
    return rows;
  }

  /** It holds these and nothing else, as after a restore. */
  async restore(rows: readonly Row[]): Promise<void> {
    for (const row of await this.rows()) {
      await this.#client.send(new DeleteItemCommand({ ...this.#target, Key: this.#keyOf(row) }));
    }
    for (const Item of rows) await this.#client.send(new PutItemCommand({ ...this.#target, Item }));
  }

  async drop(): Promise<void> {
    await this.#client.send(new DeleteTableCommand(this.#target));
    this.#client.destroy();
  }

  get #target() {
    return { TableName: this.#input.TableName };
  }

  #keyOf(row: Row): Row {
    const names = (this.#input.KeySchema ?? []).map(
      ({ AttributeName = '' }: KeySchemaElement) => AttributeName,
    );
    return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
  }
}

export async function createBucket(account: Account, home: string, name: string): Promise<void> {
  const client = new S3Client(account.clientIn(home));
  const CreateBucketConfiguration = { LocationConstraint: home as 'eu-west-1' };
  const where = home === 'us-east-1' ? {} : { CreateBucketConfiguration };
  await client.send(new CreateBucketCommand({ Bucket: name, ...where }));
  client.destroy();
}

/** `secret("name")` of a config has this value from now on, in this region. */
export async function setSecret(
  account: Account,
  region: string,
  name: string,
  value: string,
): Promise<void> {
  const client = new SecretsManagerClient(account.clientIn(region));
  const Name = SECRET_PREFIX + name;
  const isNew = (error: { readonly name: string }) => {
    if (error.name !== 'ResourceNotFoundException') throw error;
    return client.send(new CreateSecretCommand({ Name, SecretString: value }));
  };
  await client.send(new PutSecretValueCommand({ SecretId: Name, SecretString: value })).catch(isNew);
  client.destroy();
}
