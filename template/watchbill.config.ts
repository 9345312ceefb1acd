import { defineConfig } from 'watchbill';

/**
 * What is watched, and who is told: put your own in the place of example.com. Editors show what each field means;
 * "npx watchbill validate" names every mistake.
 */
export default defineConfig({
  name: 'My service',

  checks: [
    {
      id: 'website',
      type: 'http',
      name: 'Website',
      url: 'https://example.com/',
      expect: { within: '2s' }, // slower is degraded: a ticket once it lasts
      public: true, // on the public status page
    },
    {
      id: 'certificate',
      type: 'tls',
      name: 'Certificate of the website',
      host: 'example.com',
      expires: { warn: '21d', fail: '3d' },
    },
  ],

  // Who is told. PagerDuty hears pages; a webhook hears tickets as well. A secret is a reference, never the value:
  // import { defineConfig, secret } from 'watchbill', and see README.md for where the value is looked up.
  //
  // notify: {
  //   pagerduty: { routingKey: secret('PD_KEY') },
  //   webhook: { url: 'https://hooks.example.com/watchbill', signingKey: secret('HOOK_KEY') },
  // },

  // Only for AWS; one machine passes over it. Home decides, and is best another region than that of your service;
  // checks run in the locations. Three of them bear that one is wrong.
  aws: {
    home: 'eu-west-1',
    locations: ['eu-central-1', 'us-east-1', 'ap-southeast-2'],
  },
});
