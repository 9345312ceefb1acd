import { defineConfig, secret } from 'watchbill';

/**
 * What most want: three continents look, and two of them must agree before anybody is called. The service runs in
 * us-east-1, so home is elsewhere; the watchdog that watches home sits in the first location that isn't home.
 */
export default defineConfig({
  name: 'Acme',
  aws: {
    home: 'eu-west-1',
    locations: ['eu-west-1', 'us-east-2', 'ap-southeast-2'],
    serviceRegion: 'us-east-1',
  },
  checks: [
    {
      id: 'dns',
      type: 'dns',
      name: 'acme.example',
      record: 'A',
      expect: { includes: ['192.0.2.10', '192.0.2.11'] },
    },
    {
      id: 'web',
      type: 'http',
      name: 'Website',
      group: 'Acme',
      url: 'https://www.acme.example/',
      expect: { within: '1500ms' },
      dependsOn: ['dns'],
      public: true,
    },
    {
      id: 'api',
      type: 'http',
      name: 'API',
      group: 'Acme',
      url: 'https://api.acme.example/v1/health',
      headers: { authorization: secret('API_TOKEN') },
      expect: { json: { '$.status': 'ok', '$.queue': { lt: 1_000 } }, within: '800ms' },
      every: '30s',
      dependsOn: ['dns'],
      runbook: 'https://wiki.acme.example/runbooks/api',
      public: true,
    },
    { id: 'web-cert', type: 'tls', host: 'www.acme.example' },
    { id: 'api-cert', type: 'tls', host: 'api.acme.example' },
  ],
  observer: { canaries: ['https://www.example.com/', 'https://www.example.org/'] },
  notify: {
    pagerduty: { routingKey: secret('PAGERDUTY_KEY') },
    webhook: { url: 'https://hooks.acme.example/watchbill', signingKey: secret('WEBHOOK_KEY') },
  },
  statusPage: { title: 'Acme status', note: 'Times are UTC.' },
});
