import { defineConfig, secret } from 'watchbill';

/**
 * The least that runs on AWS: everything in one region. It costs the least, and has the limits of one place: that
 * region's own trouble looks like an outage, and while it is out, nobody is told. `validate` says so.
 */
export default defineConfig({
  name: 'Corner Shop',
  aws: { home: 'eu-central-1', locations: ['eu-central-1'], serviceRegion: 'eu-west-1' },
  checks: [
    {
      id: 'shop',
      type: 'http',
      name: 'Shop',
      url: 'https://shop.example/',
      expect: { body: { contains: 'Add to basket' }, within: '2s' },
      public: true,
    },
    {
      id: 'checkout',
      type: 'http',
      name: 'Checkout',
      url: 'https://shop.example/checkout/health',
      expect: { json: { '$.status': 'ok' } },
      dependsOn: ['shop'],
      public: true,
    },
    { id: 'shop-cert', type: 'tls', name: 'Certificate', host: 'shop.example' },
    {
      id: 'mail',
      type: 'tcp',
      name: 'Mail',
      host: 'mail.shop.example',
      port: 25,
      every: '5m',
      severity: 'ticket',
    },
    {
      id: 'mx',
      type: 'dns',
      name: 'shop.example',
      record: 'MX',
      every: '10m',
      severity: 'ticket',
    },
  ],
  notify: {
    pagerduty: { routingKey: secret('PAGERDUTY_KEY') },
    webhook: { url: 'https://hooks.shop.example/watchbill', signingKey: secret('WEBHOOK_KEY') },
  },
});
