import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  type BehaviorOptions,
  CacheCookieBehavior,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  Distribution,
  HttpVersion,
  type IOrigin,
  S3OriginAccessControl,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, OriginGroup, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Aws } from '../config/compiled.ts';
import { BLOBS } from '../deployment.ts';
import { acknowledge } from './acknowledge.ts';
import type { BlobsBucket } from './blobs-bucket.ts';
import type { WatchbillFunction } from './function.ts';
import { pageHeaders } from './page-headers.ts';
import { tagPart } from './tags.ts';

export interface PageProps {
  readonly show: WatchbillFunction;
  readonly blobs: BlobsBucket;
  readonly domain: Aws['domain'];
}

/** For so long CloudFront waits for `show`; then the page as it was last must do. */
const PATIENCE = Duration.seconds(5);

/** What S3 answers for what it doesn't have, since nobody may ask it for a list. `show` itself never does. */
const NOT_THERE = 403;

/**
 * The status page: CloudFront before `show`, which nobody else can call. Where `show` fails, the page as it was last
 * answers in its place, with 503, whatever was asked for.
 */
export class Page extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { show, blobs, domain }: PageProps) {
    super(scope, id);
    const kept = keptPage(this, blobs);
    const behavior = behaviorOf(this);
    const distribution = new Distribution(this, 'Distribution', {
      comment: 'The Watchbill status page',
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: { ...behavior, origin: withFallback(show, kept) },
      additionalBehaviors: { [`/${BLOBS.page}`]: { ...behavior, origin: kept } },
      errorResponses: [
        {
          httpStatus: NOT_THERE,
          responseHttpStatus: 503,
          responsePagePath: `/${BLOBS.page}`,
          ttl: Duration.seconds(15),
        },
      ],
      ...(domain && {
        domainNames: [domain.name],
        certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificate),
      }),
    });
    blobs.serveTo(distribution.distributionArn);
    this.url = `https://${domain?.name ?? distribution.distributionDomainName}/`;
    tagPart(this, 'page');
    tell(this, this.url, domain && distribution.distributionDomainName);
    explain(distribution, domain);
  }
}

/** The bucket, for what it may serve. */
function keptPage(scope: Construct, { bucket }: BlobsBucket): IOrigin {
  const access = new S3OriginAccessControl(scope, 'BucketAccess', {
    originAccessControlName: 'watchbill-bucket',
    description: 'CloudFront reads the last good page of Watchbill',
  });
  return S3BucketOrigin.withBucketDefaults(bucket as IBucket, {
    originAccessControlId: access.originAccessControlId,
    ...ONE_ATTEMPT,
  });
}

/** One attempt: each further one would be waited for as long again, and the page as it was last is there. */
const ONE_ATTEMPT = { connectionAttempts: 1, connectionTimeout: PATIENCE };

/** A failure of `show`, and that CloudFront may not call it, lead to the bucket; a throttled one can't. */
function withFallback({ lambda }: WatchbillFunction, fallback: IOrigin): IOrigin {
  const url = lambda.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  const show = FunctionUrlOrigin.withOriginAccessControl(url, { readTimeout: PATIENCE, ...ONE_ATTEMPT });
  return new OriginGroup({
    primaryOrigin: show,
    fallbackOrigin: fallback,
    fallbackStatusCodes: [403, 500, 502, 503, 504],
  });
}

/** How long an answer is kept it says itself (lib/status/headers.ts), up to a year for what never changes. */
function behaviorOf(scope: Construct): Omit<BehaviorOptions, 'origin'> {
  return {
    allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
    viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    compress: true,
    responseHeadersPolicy: pageHeaders(scope, 'Headers'),
    cachePolicy: new CachePolicy(scope, 'Cache', {
      cachePolicyName: 'watchbill-page',
      comment: 'Each page once, whatever query, header or cookie it is asked for with',
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(365),
      queryStringBehavior: CacheQueryStringBehavior.none(),
      headerBehavior: CacheHeaderBehavior.none(),
      cookieBehavior: CacheCookieBehavior.none(),
      enableAcceptEncodingBrotli: true,
      enableAcceptEncodingGzip: true,
    }),
  };
}

function tell(scope: Construct, url: string, pointTo: string | undefined): void {
  const stack = Stack.of(scope);
  new CfnOutput(stack, 'StatusPage', { value: url, description: 'The status page' });
  if (pointTo !== undefined) {
    new CfnOutput(stack, 'StatusPagePointsTo', {
      value: pointTo,
      description: 'Point the host name of the status page here: a CNAME, or an alias record',
    });
  }
}

function explain(distribution: Distribution, domain: Aws['domain']): void {
  acknowledge(distribution, {
    'AwsSolutions-CFR1': 'A status page is for everybody, wherever they are.',
    'AwsSolutions-CFR2':
      'A web ACL costs $5 a month and more, about as much as all the rest. The page is only read, few requests pass the cache, and behind it is one function that can read one public object.',
    'AwsSolutions-CFR3':
      "Access logs are the addresses of the page's visitors, which nobody needs, in a bucket that outlives the stack; CloudFront counts requests and errors without them.",
    ...(!domain && {
      'AwsSolutions-CFR4':
        'Under CloudFront\'s own host name, which is used without "aws.domain", CloudFront sets the TLS versions itself; with a domain it is TLS 1.2 at least.',
    }),
  });
}
