import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { HOME_STACK, TABLE_NAME } from '../deployment.ts';
import { TABLE } from '../table.ts';
import { tagPart } from './tags.ts';

/**
 * The one table, of the shape that lib/table.ts says. It outlives its stack. A plain table, no global one: there is one
 * home, and a replica would only be one more thing to pay and to restore.
 */
export class ItemsTable extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const table = new Table(this, 'Table', {
      tableName: TABLE_NAME,
      partitionKey: { name: TABLE.partition, type: AttributeType.STRING },
      sortKey: { name: TABLE.sort, type: AttributeType.STRING },
      timeToLiveAttribute: TABLE.timeToLive,
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    table.addGlobalSecondaryIndex({
      indexName: TABLE.due.index,
      partitionKey: { name: TABLE.due.partition, type: AttributeType.STRING },
      sortKey: { name: TABLE.due.sort, type: AttributeType.NUMBER },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    tagPart(this, 'store');
    new CfnOutput(Stack.of(this), 'RemovalKeeps', {
      value: table.tableName,
      description: `Removing ${HOME_STACK} leaves this table, and nothing else; "cdk deploy --import-existing-resources" takes it up again`,
    });
  }
}
