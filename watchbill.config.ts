import { defineConfig, secret } from 'watchbill';
import { demoAuthority } from './demo/certificate.ts';

// The pager of the demo believes every signature. A key of your own comes from the environment, or from a file.
process.env.DEMO_PAGER_KEY ??= 'signs what the pager of the demo is sent';

/** What is watched. Out of the box: the small shop that `npm start` brings up beside Watchbill (demo/service.ts). */
const shop = {
  connectTo: '127.0.0.1:18443',
  ca: demoAuthority(),
  every: '5s',
  timeout: '3s',
  public: true,
} as const;

export default defineConfig({
  name: 'Demo shop',
  network: { allow: ['127.0.0.0/8'] },
  // Where it is decided and where checks run once it is deployed to AWS, which wants checks of your own first: what is on
  // 127.0.0.1 only this machine can see. "npm start" says in a line that it doesn't look at this.
  aws: { home: 'eu-west-1', locations: ['us-east-1', 'ap-southeast-2', 'ca-central-1'] },
  checks: [
    {
      id: 'storefront',
      type: 'http',
      name: 'Storefront',
      group: 'Shop',
      url: 'https://shop.test:18443/',
      expect: { json: { '$.status': 'ok' } },
      ...shop,
    },
    {
      id: 'search',
      type: 'http',
      name: 'Search',
      group: 'Shop',
      url: 'https://shop.test:18443/search',
      expect: { within: '1s' },
      ...shop,
    },
    {
      id: 'checkout',
      type: 'http',
      name: 'Checkout',
      group: 'Shop',
      url: 'https://shop.test:18443/checkout',
      expect: { json: { '$.queue': { lt: 100 } } },
      dependsOn: ['dns'],
      ...shop,
    },
    {
      id: 'database',
      type: 'tcp',
      name: 'Database',
      group: 'Foundations',
      host: '127.0.0.1',
      port: 18444,
      every: '5s',
      timeout: '3s',
      public: true,
    },
    {
      id: 'dns',
      type: 'dns',
      name: 'shop.test',
      group: 'Foundations',
      resolver: '127.0.0.1:18453',
      expect: { includes: '127.0.0.1' },
      every: '10s',
      timeout: '3s',
      public: true,
    },
    {
      id: 'certificate',
      type: 'tls',
      name: 'Certificate',
      group: 'Foundations',
      host: 'shop.test',
      port: 18443,
      connectTo: '127.0.0.1:18443',
      ca: demoAuthority(),
      expires: { warn: '21d', fail: '3d' },
      every: '10s',
      timeout: '3s',
      public: true,
    },
  ],
  notify: { webhook: { url: 'http://127.0.0.1:18445/', signingKey: secret('DEMO_PAGER_KEY') } },
  statusPage: {
    title: 'Demo shop status',
    url: 'http://127.0.0.1:8080/',
    note: 'This shop runs on your own machine. Its checkout fails 20 seconds after the start for 40 seconds, then every 20 minutes. To watch something of your own, edit watchbill.config.ts, which is read again as soon as you save it, or see the README.',
  },
});
