import { defineConfig, secret } from 'watchbill';

/** Where a service has an entry of its own: near it, its users and the probes are the same distance away. */
const europe = ['eu-west-1', 'eu-central-1', 'eu-north-1'] as const;
const america = ['us-west-2', 'ca-central-1', 'sa-east-1'] as const;

/**
 * A service with users on two continents: what all of them use is looked at from everywhere, what is there for one of
 * them only from there. Its status page has a name of its own, and CloudWatch a dashboard.
 */
export default defineConfig({
  name: 'Globex',
  aws: {
    home: 'eu-north-1',
    locations: [...europe, ...america],
    serviceRegion: 'us-east-1',
    domain: {
      name: 'status.globex.example',
      certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000',
    },
    dashboard: true,
  },
  checks: [
    {
      id: 'login',
      type: 'http',
      name: 'Login',
      url: 'https://login.globex.example/health',
      every: '30s',
      public: true,
    },
    {
      id: 'europe',
      type: 'http',
      name: 'Europe',
      group: 'Regions',
      url: 'https://eu.globex.example/health',
      expect: { within: '500ms' },
      locations: [...europe],
      public: true,
    },
    {
      id: 'america',
      type: 'http',
      name: 'America',
      group: 'Regions',
      url: 'https://us.globex.example/health',
      expect: { within: '500ms' },
      locations: [...america],
      public: true,
    },
    { id: 'login-cert', type: 'tls', host: 'login.globex.example', locations: ['eu-west-1'] },
    {
      id: 'name-servers',
      type: 'dns',
      name: 'globex.example',
      record: 'NS',
      expect: { includes: ['ns1.globex.example', 'ns2.globex.example'] },
      every: '5m',
    },
  ],
  judge: { degradedAfter: '15m' },
  observer: { canaries: ['https://www.example.com/', 'https://www.example.org/'] },
  maintenance: [{ checks: ['america'], cron: '0 8 * * SUN', for: '30m', title: 'Weekly deployment' }],
  notify: {
    pagerduty: { routingKey: secret('PAGERDUTY_KEY'), remind: '2h' },
    webhook: { url: 'https://hooks.globex.example/watchbill', signingKey: secret('WEBHOOK_KEY') },
  },
  statusPage: { title: 'Globex status', url: 'https://status.globex.example/' },
});
