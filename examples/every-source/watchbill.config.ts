import { defineConfig, secret } from 'watchbill';

/**
 * One check of each source that a check of the account can have, each with the policy that most want. Files are of the
 * machine that Watchbill runs on: on AWS there are none, so those two are there only if ACME_FILES says where.
 */

/** Where it all is; other values let it run against something that stands in for it. */
const { ACME_ID = 'https://id.acme.example', ACME_API = 'https://api.acme.example' } = process.env;
const { ACME_FILES, ACME_VOLUME = 'vol-0f0e0d0c0b0a09080' } = process.env;
const { ACME_CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/0f0e0d0c' } = process.env;
const { ACME_KEY = 'alias/orders' } = process.env;

/** Two checks of files. */
const files = (dir: string) => [
  {
    id: 'host-key',
    type: 'key-rotation' as const,
    source: { kind: 'file' as const, path: `${dir}/host_ed25519` },
    maxAge: '365d',
  },
  {
    id: 'dumps',
    type: 'backup-freshness' as const,
    source: { kind: 'file' as const, path: `${dir}/dumps/*.sql` },
    maxAge: '26h',
    shrink: 0.5,
  },
];

const partner = { clientId: 'importer', clientSecret: secret('PARTNER_SECRET') };

export default defineConfig({
  name: 'Acme',
  aws: {
    home: 'eu-west-1',
    locations: ['eu-west-1', 'us-east-1', 'ap-southeast-2'],
    serviceRegion: 'eu-central-1',
  },
  network: { allow: process.env.ACME_API ? ['127.0.0.0/8'] : [] },
  checks: [
    // tokens and credentials: how long they are good
    {
      id: 'partner-token',
      type: 'auth-expiry',
      source: { kind: 'oauth2', tokenUrl: `${ACME_ID}/token`, ...partner },
      lifetime: { max: '1h' },
    },
    {
      id: 'session-jwt',
      type: 'auth-expiry',
      source: {
        kind: 'jwt',
        token: secret('SESSION_JWT'),
        issuer: ACME_ID,
        jwks: { url: `${ACME_ID}/jwks` },
      },
      expires: { warn: '15m', fail: '5m' },
    },
    {
      id: 'import-token',
      type: 'auth-expiry',
      source: {
        kind: 'introspection',
        token: secret('IMPORT_TOKEN'),
        url: `${ACME_ID}/token/introspection`,
        ...partner,
      },
      expires: { warn: '15m', fail: '5m' },
    },
    {
      id: 'github-token',
      type: 'auth-expiry',
      source: { kind: 'http', url: `${ACME_API}/user`, header: 'github-authentication-token-expiration' },
    },
    {
      id: 'client-certificate',
      type: 'auth-expiry',
      source: { kind: 'pem', certificate: secret('CLIENT_CERTIFICATE') },
      expires: { warn: '30d', fail: '7d' },
    },
    {
      id: 'stored-token',
      type: 'auth-expiry',
      source: { kind: 'secretsmanager', id: 'acme/token' },
    },

    // keys: how old they are, and whether their rotation works
    {
      id: 'database-password',
      type: 'key-rotation',
      source: { kind: 'secretsmanager', id: 'acme/database', rotation: 'required' },
      maxAge: '30d',
    },
    {
      id: 'access-keys',
      type: 'key-rotation',
      source: { kind: 'iam-access-keys', user: 'acme-deploy', unusedFor: '30d' },
      maxAge: '90d',
    },
    { id: 'orders-key', type: 'key-rotation', source: { kind: 'kms', key: ACME_KEY } },
    {
      id: 'api-parameter',
      type: 'key-rotation',
      source: { kind: 'ssm', name: '/acme/api-key' },
      maxAge: '180d',
    },
    { id: 'load-balancer', type: 'key-rotation', source: { kind: 'acm', arn: ACME_CERTIFICATE } },
    {
      id: 'signing-key',
      type: 'key-rotation',
      source: { kind: 'jwks', url: `${ACME_API}/jwks` },
      maxAge: '30d',
    },
    {
      id: 'partner-key',
      type: 'key-rotation',
      source: { kind: 'http', url: `${ACME_API}/key`, path: '$.createdAt' },
      maxAge: '90d',
    },

    // backups: whether there is one that could be restored
    {
      id: 'shop-database',
      type: 'backup-freshness',
      source: { kind: 'rds', instance: 'acme-shop' },
      maxAge: '26h',
      encrypted: true,
    },
    { id: 'orders-table', type: 'backup-freshness', source: { kind: 'dynamodb', table: 'acme-orders' } },
    {
      id: 'files',
      type: 'backup-freshness',
      source: {
        kind: 'backup',
        resource: 'arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1',
      },
      maxAge: '26h',
      restoreTest: { heartbeat: 'restore-drill', maxAge: '35d' },
    },
    {
      id: 'volume',
      type: 'backup-freshness',
      source: { kind: 'ebs', volume: ACME_VOLUME },
      maxAge: '26h',
    },
    {
      id: 'exports',
      type: 'backup-freshness',
      source: { kind: 's3', bucket: 'acme-backups', prefix: 'exports/' },
      maxAge: '26h',
      minSize: '1MB',
    },
    {
      id: 'snapshot-page',
      type: 'backup-freshness',
      source: { kind: 'http', url: `${ACME_API}/latest.tar` },
      maxAge: '26h',
    },
    ...(ACME_FILES ? files(ACME_FILES) : []),

    // a job that tells when it is done: `watchbill beat restore-drill -- ./restore-drill.sh`
    { id: 'restore-drill', type: 'heartbeat', every: '30d', token: secret('DRILL_TOKEN') },
  ],
  notify: {
    webhook: { url: 'https://hooks.acme.example/watchbill', signingKey: secret('WEBHOOK_KEY') },
  },
});
