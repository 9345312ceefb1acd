import { defineConfig, secret } from 'watchbill';

/** Each customer has a host name of its own, which serves a site and has a certificate: two checks. */
const customers = Array.from({ length: 499 }, (_, n) => `customer-${String(n + 1).padStart(3, '0')}`);

/** A hosting company: 1,000 checks in three regions, from a list. One token opens the health pages of all customers. */
export default defineConfig({
  name: 'Initech Hosting',
  aws: {
    home: 'eu-central-1',
    locations: ['eu-west-1', 'us-east-2', 'ap-northeast-1'],
    serviceRegion: 'us-east-1',
  },
  checks: [
    {
      id: 'balancer',
      type: 'tcp',
      name: 'Load balancer',
      group: 'Platform',
      host: 'lb.initech.example',
      port: 443,
      public: true,
    },
    {
      id: 'zone',
      type: 'dns',
      name: 'initech.example',
      record: 'SOA',
      every: '5m',
    },
    ...customers.flatMap((name) => {
      const host = `${name}.initech.example`;
      return [
        {
          id: name,
          type: 'http' as const,
          group: 'Customers',
          url: `https://${host}/health`,
          headers: { authorization: secret('HEALTH_TOKEN') },
          // While the balancer is down it calls, and none of these.
          dependsOn: ['balancer'],
        },
        { id: `${name}-cert`, type: 'tls' as const, host, every: '1h' },
      ];
    }),
  ],
  observer: { canaries: ['https://www.example.com/', 'https://www.example.org/'] },
  notify: {
    pagerduty: { routingKey: secret('PAGERDUTY_KEY') },
    webhook: { url: 'https://hooks.initech.example/watchbill', signingKey: secret('WEBHOOK_KEY') },
  },
});
