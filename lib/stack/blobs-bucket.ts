import { Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BLOBS, bucketName } from '../deployment.ts';
import { ASSETS } from '../status/assets.ts';
import { acknowledge } from './acknowledge.ts';
import { Emptied } from './emptied.ts';
import { tagPart } from './tags.ts';

/** Everything that CloudFront may fetch: the page as it was last, and what belongs to it. */
const SERVED = [BLOBS.page, ...ASSETS.map(({ path }) => path.slice(1))];

/** What `show` reads, and the page as it was last. All of it can be made again within a minute, so nothing keeps old versions. */
export class BlobsBucket extends Construct {
  readonly bucket: Bucket;
  /** What writes into the bucket must depend on this, so that it is removed first. */
  readonly emptied: Emptied;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      bucketName: bucketName(Aws.ACCOUNT_ID, Stack.of(this).region),
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.emptied = new Emptied(this, 'Emptied', this.bucket);
    tagPart(this, 'page');
    acknowledge(this.bucket, {
      'AwsSolutions-S1':
        'It holds what everybody may see, one function writes it, and CloudFront and one function read it. Logs of that would only grow, in a second bucket that outlives the stack.',
    });
  }

  /** Lets one distribution fetch what the public may see, and nothing else. */
  serveTo(distributionArn: string): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'PageInBadTimes',
        principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
        actions: ['s3:GetObject'],
        resources: SERVED.map((name) => this.bucket.arnForObjects(name)),
        conditions: { StringEquals: { 'aws:SourceArn': distributionArn } },
      }),
    );
  }
}
