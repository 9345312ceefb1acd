import type { CertificateDetail } from '@aws-sdk/client-acm';
import { expiryDue, expiryIssues } from '../ages.ts';
import type { Issue } from '../finding.ts';
import { defineSource } from '../source.ts';
import { type Keys, missing } from './keys.ts';

const DAY_MS = 86_400_000;

/** ACM renews weeks before: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html */
const LEFT = { warn: 21 * DAY_MS, fail: 3 * DAY_MS };

/** A certificate of AWS Certificate Manager: whether its renewal works. */
export const acm = defineSource<Keys>()({
  kind: 'acm',
  summary: 'A certificate of AWS Certificate Manager',
  shape: (z) => ({
    arn: z
      .string()
      .regex(
        /^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/,
        'must be the ARN of a certificate in ACM',
      )
      .describe('Its ARN'),
  }),
  target: ({ arn }) => `certificate ${arn.split('/').at(-1)}`,
  permissions: ({ arn }) => [{ actions: ['acm:DescribeCertificate'], resources: [arn] }],
  async look({ arn }, { aws, clock }) {
    const { ACMClient, DescribeCertificateCommand } = await import('@aws-sdk/client-acm');
    const client = aws.client(ACMClient, arn.split(':')[3]);
    const found = await aws.call(
      'acm:DescribeCertificate',
      (options) => client.send(new DescribeCertificateCommand({ CertificateArn: arn }), options),
      ['ResourceNotFoundException'],
    );
    if (!found?.Certificate) return missing(`There is no certificate ${arn}.`);
    return judged(found.Certificate, clock.now());
  },
});

function judged(certificate: CertificateDetail, now: number): Keys {
  const {
    DomainName = 'without a name',
    Status,
    NotAfter,
    IssuedAt,
    ImportedAt,
    RenewalSummary,
  } = certificate;
  const name = `certificate of ${DomainName}`;
  const born = IssuedAt ?? ImportedAt;
  const renewal = RenewalSummary?.RenewalStatus;
  const expired = { over: 'cert_expired', soon: 'cert_expires_soon' } as const;
  const at = NotAfter?.getTime();
  return {
    keys: [{ name, ...(born && { bornAt: born.getTime() }) }],
    issues: [
      ...renewalIssues(name, renewal, RenewalSummary?.RenewalStatusReason),
      ...(Status === 'ISSUED' || Status === 'EXPIRED' ? [] : notIssued(name, Status)),
      ...(at === undefined ? [] : expiryIssues(`The ${name}`, at, LEFT, now, expired)),
    ],
    facts: { status: Status ?? 'none', ...(renewal && { renewal }) },
    dues: at === undefined ? [] : [expiryDue(name, at)],
  };
}

function renewalIssues(name: string, status: string | undefined, why: string | undefined): Issue[] {
  const because = why ? ` (${why})` : '';
  if (status === 'FAILED')
    return [{ reason: 'renewal_failed', message: `The renewal of the ${name} has failed${because}.` }];
  if (status !== 'PENDING_VALIDATION') return [];
  const message = `The renewal of the ${name} waits for its domain to be validated${because}: look at the DNS record of ACM.`;
  return [{ reason: 'renewal_pending', message }];
}

const notIssued = (name: string, status: string | undefined): Issue[] => [
  { reason: 'key_missing', message: `The ${name} cannot be used: its status is ${status}.` },
];
