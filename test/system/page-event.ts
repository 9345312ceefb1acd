/**
 * How a function URL calls its function:
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload
 */
export function pageEvent(account: string, region: string, path: string, now: number) {
  const domainName = `page.lambda-url.${region}.on.aws`;
  const [rawPath = '/', rawQueryString = ''] = path.split('?');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: { host: domainName, accept: 'text/html', 'x-forwarded-proto': 'https', 'user-agent': 'suite' },
    requestContext: {
      accountId: account,
      apiId: 'page',
      domainName,
      domainPrefix: 'page',
      http: { method: 'GET', path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'suite' },
      requestId: 'request',
      routeKey: '$default',
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    isBase64Encoded: false,
  };
}

/** What such a function answers. */
export interface PageAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}
