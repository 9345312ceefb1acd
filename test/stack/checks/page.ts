import { BLOBS, hasHeartbeats } from '../../../lib/deployment.ts';
import { ASSETS } from '../../../lib/status/assets.ts';
import { SECURITY_HEADERS } from '../../../lib/status/headers.ts';
import { ACCOUNT, differences, expectAll, type Flat, ofType } from '../flat.ts';
import { bucketIn, isHome } from './functions.ts';
import { onlyTls } from './queues.ts';

const SHOW = `arn:aws:lambda:REGION:${ACCOUNT}:function:watchbill-show`;
const YEAR = 31_536_000;

const idOf = (flat: Flat, type: string, part = '') =>
  ofType(flat, type).find(({ id }) => id.includes(part))?.name ?? '<none>';
const distribution = (flat: Flat) =>
  `arn:aws:cloudfront::${ACCOUNT}:distribution/${idOf(flat, 'AWS::CloudFront::Distribution')}`;

/** Only GET, only HTTPS; each page once; `show`, and where that fails, the page as it was last. */
export function pageIsServed(flat: Flat): string[] {
  const [found, ...others] = ofType(flat, 'AWS::CloudFront::Distribution');
  if (!isHome(flat)) return found ? ['a status page that is not at home'] : [];
  if (others.length > 0) return ['more than one status page'];
  const { domain } = flat.plan.aws;
  const config = (found?.properties.DistributionConfig ?? {}) as Record<string, unknown>;
  const { Comment, Origins, OriginGroups, CacheBehaviors, DefaultCacheBehavior, ...rest } = config;
  const [show, kept] = Array.isArray(Origins) ? Origins.map(({ Id }) => Id) : [];
  const [group] = (OriginGroups as { Items?: { Id: string }[] } | undefined)?.Items ?? [];
  const behavior = {
    AllowedMethods: ['GET', 'HEAD'],
    CachePolicyId: idOf(flat, 'AWS::CloudFront::CachePolicy'),
    ResponseHeadersPolicyId: idOf(flat, 'AWS::CloudFront::ResponseHeadersPolicy'),
    Compress: true,
    ViewerProtocolPolicy: 'redirect-to-https',
  };
  return [
    ...differences(
      rest,
      {
        Enabled: true,
        HttpVersion: 'http2and3',
        IPV6Enabled: true,
        CustomErrorResponses: [
          { ErrorCode: 403, ErrorCachingMinTTL: 15, ResponseCode: 503, ResponsePagePath: '/index.html' },
        ],
        ...(domain && {
          Aliases: [domain.name],
          ViewerCertificate: {
            AcmCertificateArn: domain.certificate,
            MinimumProtocolVersion: 'TLSv1.2_2021',
            SslSupportMethod: 'sni-only',
          },
        }),
      },
      'distribution',
    ),
    ...differences(
      DefaultCacheBehavior,
      { ...behavior, TargetOriginId: group?.Id ?? '<none>' },
      'default behavior',
    ),
    ...differences(
      CacheBehaviors,
      [{ ...behavior, PathPattern: '/index.html', TargetOriginId: kept }],
      'behavior',
    ),
    ...differences(Origins, originsOf(flat, show, kept), 'origin'),
    ...differences(
      OriginGroups,
      {
        Quantity: 1,
        Items: [
          {
            Id: group?.Id,
            FailoverCriteria: { StatusCodes: { Items: [403, 500, 502, 503, 504], Quantity: 5 } },
            Members: { Items: [{ OriginId: show }, { OriginId: kept }], Quantity: 2 },
          },
        ],
      },
      'origin group',
    ),
  ];
}

function originsOf(flat: Flat, show: unknown, kept: unknown): object[] {
  const attempt = { ConnectionAttempts: 1, ConnectionTimeout: 5 };
  const access = (part: string) => `<${idOf(flat, 'AWS::CloudFront::OriginAccessControl', part)}.Id>`;
  const url = `<${idOf(flat, 'AWS::Lambda::Url')}.FunctionUrl>`;
  return [
    {
      Id: show,
      ...attempt,
      DomainName: `<Fn::Select [2,"<Fn::Split [\\"/\\",\\"${url}\\"]>"]>`,
      OriginAccessControlId: access('FunctionUrl'),
      CustomOriginConfig: {
        OriginProtocolPolicy: 'https-only',
        OriginReadTimeout: 5,
        OriginSSLProtocols: ['TLSv1.2'],
      },
    },
    {
      Id: kept,
      ...attempt,
      DomainName: `<${bucketIn(flat)}.RegionalDomainName>`,
      OriginAccessControlId: access('BucketAccess'),
      S3OriginConfig: { OriginAccessIdentity: '' },
    },
  ];
}

export function onlyCloudFrontCallsThePage(flat: Flat): string[] {
  if (!isHome(flat)) return [];
  const signed = (type: string) => ({
    OriginAccessControlOriginType: type,
    SigningBehavior: 'always',
    SigningProtocol: 'sigv4',
  });
  const controls = ofType(flat, 'AWS::CloudFront::OriginAccessControl').map(({ properties }) => {
    const { Name, Description, ...rest } = (properties.OriginAccessControlConfig ?? {}) as Record<
      string,
      unknown
    >;
    return rest;
  });
  const show = SHOW.replace('REGION', flat.region);
  const called = {
    FunctionName: `<${idOf(flat, 'AWS::Lambda::Url')}.FunctionArn>`,
    Principal: 'cloudfront.amazonaws.com',
    SourceArn: distribution(flat),
  };
  return [
    ...differences(controls, [signed('s3'), signed('lambda')], 'origin access control'),
    ...differences(
      ofType(flat, 'AWS::Lambda::Url').map(({ properties }) => properties),
      [{ AuthType: 'AWS_IAM', TargetFunctionArn: show }],
      'function URL',
    ),
    ...differences(
      ofType(flat, 'AWS::Lambda::Permission')
        .map(({ properties }) => properties)
        .filter(({ Principal }) => Principal !== 'apigateway.amazonaws.com'),
      [
        { ...called, Action: 'lambda:InvokeFunctionUrl' },
        { ...called, Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
      ],
      'permission',
    ),
  ];
}

/** The query, headers and cookies are no part of the key; how long an answer is kept it says itself. */
export function cacheAsksOnce(flat: Flat): string[] {
  if (!isHome(flat)) return [];
  const [policy] = ofType(flat, 'AWS::CloudFront::CachePolicy');
  const { Name, Comment, ...config } = (policy?.properties.CachePolicyConfig ?? {}) as Record<
    string,
    unknown
  >;
  return differences(
    config,
    {
      MinTTL: 0,
      DefaultTTL: 0,
      MaxTTL: YEAR,
      ParametersInCacheKeyAndForwardedToOrigin: {
        CookiesConfig: { CookieBehavior: 'none' },
        HeadersConfig: { HeaderBehavior: 'none' },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
        EnableAcceptEncodingBrotli: true,
        EnableAcceptEncodingGzip: true,
      },
    },
    'cache policy',
  );
}

interface HeadersConfig {
  readonly CustomHeadersConfig?: { readonly Items?: readonly Header[] };
  readonly SecurityHeadersConfig?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly RemoveHeadersConfig?: unknown;
}
interface Header {
  readonly Header: string;
  readonly Value: string;
  readonly Override: boolean;
}

/** On whatever CloudFront answers are the headers of lib/status/headers.ts, all of them, with their values. */
export function pageHasItsHeaders(flat: Flat): string[] {
  if (!isHome(flat)) return [];
  const [policy] = ofType(flat, 'AWS::CloudFront::ResponseHeadersPolicy');
  const config = (policy?.properties.ResponseHeadersPolicyConfig ?? {}) as HeadersConfig;
  const {
    ContentSecurityPolicy,
    ContentTypeOptions,
    FrameOptions,
    ReferrerPolicy,
    StrictTransportSecurity,
    ...others
  } = config.SecurityHeadersConfig ?? {};
  const sent = {
    'content-security-policy': ContentSecurityPolicy?.ContentSecurityPolicy,
    'strict-transport-security': `max-age=${StrictTransportSecurity?.AccessControlMaxAgeSec}`,
    'x-content-type-options': ContentTypeOptions && 'nosniff',
    'x-frame-options': FrameOptions?.FrameOption,
    'referrer-policy': ReferrerPolicy?.ReferrerPolicy,
    ...Object.fromEntries(
      (config.CustomHeadersConfig?.Items ?? []).map(({ Header, Value }) => [Header, Value]),
    ),
  };
  const overrides = [
    ...[ContentSecurityPolicy, ContentTypeOptions, FrameOptions, ReferrerPolicy, StrictTransportSecurity],
    ...(config.CustomHeadersConfig?.Items ?? []),
  ].map((header) => header?.Override);
  return [
    ...differences(sent, SECURITY_HEADERS, 'header'),
    ...differences(Object.keys(others), [], 'other headers'),
    ...(overrides.every((one) => one === true) ? [] : ['a header of the origin wins']),
    ...differences(config.RemoveHeadersConfig, undefined, 'removed headers'),
  ];
}

/** J56: nothing in the bucket is public; CloudFront may fetch the page as it was last, and what belongs to it. */
export function bucketIsClosed(flat: Flat): string[] {
  if (!isHome(flat))
    return ofType(flat, 'AWS::S3::Bucket').map(({ name }) => `the bucket ${name} is not at home`);
  const name = bucketIn(flat);
  const bucket = `arn:aws:s3:::${name}`;
  const served = [BLOBS.page, ...ASSETS.map(({ path }) => path.slice(1))].map((key) => `${bucket}/${key}`);
  const fetched = {
    Sid: 'PageInBadTimes',
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: 's3:GetObject',
    Resource: served.toSorted(),
    Condition: { StringEquals: { 'aws:SourceArn': distribution(flat) } },
  };
  return [
    ...expectAll(flat, 'AWS::S3::Bucket', {
      [name]: {
        BucketName: name,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    }),
    ...differences(
      ofType(flat, 'AWS::S3::BucketPolicy').map(({ properties }) => properties),
      [{ Bucket: name, PolicyDocument: onlyTls('s3:*', { AWS: '*' }, [bucket, `${bucket}/*`], fetched) }],
      'bucket policy',
    ),
  ];
}

/** Who deploys or removes learns where things are, and what stays. */
export function outputsTell(flat: Flat): string[] {
  const topic = `arn:aws:sns:${flat.region}:${ACCOUNT}:watchbill-alerts`;
  const { domain, home } = flat.plan.aws;
  const pointsTo = `<${idOf(flat, 'AWS::CloudFront::Distribution')}.DomainName>`;
  const values = Object.fromEntries(Object.entries(flat.outputs).map(([id, { value }]) => [id, value]));
  const atHome = {
    AlertTopic: topic,
    RemovalKeeps: 'watchbill',
    StatusPage: domain ? `https://${domain.name}/` : `https://${pointsTo}/`,
    ...(domain && { StatusPagePointsTo: pointsTo }),
    ...(hasHeartbeats(flat.plan.config) && { HeartbeatUrl: '<watchbill-hear.ApiEndpoint>/beat/' }),
  };
  const isBill = flat.stack === 'Watchbill-Billing';
  const billing = { BillingTopic: `arn:aws:sns:us-east-1:${ACCOUNT}:watchbill-billing` };
  const elsewhere = isBill ? billing : flat.region === home ? {} : { AlertTopic: topic };
  const blank = Object.entries(flat.outputs).filter(([, { description }]) => !description);
  return [
    ...differences(values, isHome(flat) ? atHome : elsewhere, 'output'),
    ...blank.map(([id]) => `the output ${id} says nothing`),
  ];
}
