import { hasHeartbeats } from '../../../lib/deployment.ts';
import { ACCOUNT, differences, type Flat, ofType } from '../flat.ts';
import { isHome } from './functions.ts';

const hears = (flat: Flat): boolean => isHome(flat) && hasHeartbeats(flat.plan.config);

const HEAR = 'watchbill-hear';
const ROUTES = ['GET /beat/{id}', 'GET /beat/{id}/fail', 'POST /beat/{id}', 'POST /beat/{id}/fail'];

/** Four routes to one function, turned down at so many calls a second; and nothing else can be called. */
export function heartbeatsAreHeard(flat: Flat): string[] {
  const only = (type: string) =>
    ofType(flat, `AWS::ApiGatewayV2::${type}`).map(({ properties: { Tags, ...rest } }) => rest);
  const isThere = hears(flat);
  const integration = ofType(flat, 'AWS::ApiGatewayV2::Integration')[0]?.name;
  const expect = (...things: object[]) => (isThere ? things : []);
  return [
    ...differences(
      only('Api').map(({ Description, ...rest }) => rest),
      expect({ Name: HEAR, ProtocolType: 'HTTP' }),
      'API',
    ),
    ...differences(
      only('Stage'),
      expect({
        ApiId: HEAR,
        AutoDeploy: true,
        DefaultRouteSettings: { ThrottlingBurstLimit: 100, ThrottlingRateLimit: 50 },
        StageName: '$default',
      }),
      'stage',
    ),
    ...differences(
      only('Integration'),
      expect({
        ApiId: HEAR,
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: `arn:aws:lambda:${flat.region}:${ACCOUNT}:function:${HEAR}`,
        PayloadFormatVersion: '2.0',
      }),
      'integration',
    ),
    ...differences(
      only('Route').toSorted((a, b) => String(a.RouteKey).localeCompare(String(b.RouteKey))),
      expect(
        ...ROUTES.map((RouteKey) => ({
          ApiId: HEAR,
          AuthorizationType: 'NONE',
          RouteKey,
          Target: `integrations/${integration}`,
        })),
      ),
      'routes',
    ),
    ...differences(permissionsOf(flat), expect(callOf(flat)), 'permission of the API'),
  ];
}

const permissionsOf = (flat: Flat) =>
  ofType(flat, 'AWS::Lambda::Permission')
    .map(({ properties }) => properties)
    .filter(({ Principal }) => Principal !== 'cloudfront.amazonaws.com');

const callOf = ({ region }: Flat) => ({
  Action: 'lambda:InvokeFunction',
  FunctionName: `arn:aws:lambda:${region}:${ACCOUNT}:function:${HEAR}`,
  Principal: 'apigateway.amazonaws.com',
  SourceArn: `arn:aws:execute-api:${region}:${ACCOUNT}:${HEAR}/*/*/*`,
});
