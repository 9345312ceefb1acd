import { CfnOutput, Stack } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { FUNCTIONS } from '../deployment.ts';
import { acknowledge } from './acknowledge.ts';
import type { WatchbillFunction } from './function.ts';
import { tagPart } from './tags.ts';

/** Calls a second of all heartbeats together, and at once: a thousand jobs that end on the minute take twenty seconds. */
const RATE = 50;
const BURST = 100;

/** Where jobs call. A burst of strangers is turned away before it costs anything. */
export class HeartbeatApi extends Construct {
  constructor(scope: Construct, id: string, hear: WatchbillFunction) {
    super(scope, id);
    const api = new HttpApi(this, 'Api', {
      apiName: FUNCTIONS.hear.name,
      description: 'Takes the calls of heartbeats',
      createDefaultStage: false,
    });
    const integration = new HttpLambdaIntegration('Hear', hear.lambda, { scopePermissionToRoute: false });
    const methods = [HttpMethod.GET, HttpMethod.POST];
    const routes = ['/beat/{id}', '/beat/{id}/fail'].flatMap((path) =>
      api.addRoutes({ path, methods, integration }),
    );
    const stage = new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: RATE, burstLimit: BURST },
    });
    tagPart(this, 'hear');
    for (const route of routes)
      acknowledge(route, {
        'AwsSolutions-APIG4':
          'Each heartbeat has a token of its own, which the function compares before it reads anything: cron jobs can send that, and no signature.',
      });
    acknowledge(stage, {
      'AwsSolutions-APIG1': 'A token may stand in the address of a call: a log of calls would keep it.',
      'Serverless-APIGWAccessLogging':
        'A token may stand in the address of a call: a log of calls would keep it.',
    });
    new CfnOutput(Stack.of(this), 'HeartbeatUrl', {
      value: `${api.apiEndpoint}/beat/`,
      description: 'Where heartbeats call: this, and the id of the check',
    });
  }
}
