import { Duration } from 'aws-cdk-lib';
import {
  HeadersFrameOption,
  HeadersReferrerPolicy,
  type ResponseCustomHeader,
  ResponseHeadersPolicy,
  type ResponseSecurityHeadersBehavior,
} from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';
import { SECURITY_HEADERS } from '../status/headers.ts';

/** The headers of the status page on whatever CloudFront answers: S3, which serves the page in bad times, sends none of them. */
export const pageHeaders = (scope: Construct, id: string): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, id, {
    responseHeadersPolicyName: 'watchbill-page',
    comment: 'The security headers of the Watchbill status page',
    securityHeadersBehavior: securityHeaders(),
    customHeadersBehavior: { customHeaders: otherHeaders() },
  });

/** CloudFront has places of its own for some of them, with values in forms of their own; the others are plain. */
const OWN_PLACE = new Set([
  'content-security-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
]);

function securityHeaders(): ResponseSecurityHeadersBehavior {
  const [, seconds] = /^max-age=(\d+)$/.exec(headerOf('strict-transport-security')) ?? [];
  return {
    contentSecurityPolicy: { contentSecurityPolicy: headerOf('content-security-policy'), override: true },
    contentTypeOptions: { override: true },
    frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
    referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
    strictTransportSecurity: { accessControlMaxAge: Duration.seconds(Number(seconds)), override: true },
  };
}

const otherHeaders = (): ResponseCustomHeader[] =>
  Object.entries(SECURITY_HEADERS)
    .filter(([header]) => !OWN_PLACE.has(header))
    .map(([header, value]) => ({ header, value, override: true }));

function headerOf(header: string): string {
  const value = SECURITY_HEADERS[header];
  if (value === undefined) throw new Error(`the status page has no ${header}`);
  return value;
}
