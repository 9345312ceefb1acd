import type { ParameterMetadata } from '@aws-sdk/client-ssm';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import { type Keys, missing } from './keys.ts';

/** A parameter of AWS Systems Manager: when it was changed last. Its value is not read. */
export const ssm = defineSource<Keys>()({
  kind: 'ssm',
  summary: 'A parameter of AWS Systems Manager',
  shape: (z, fields) => ({
    name: z.string().min(1).max(2_048).describe('Its name'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
  }),
  target: ({ name }) => `parameter ${name}`,
  // It has no resource, and answers no values: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
  permissions: () => [{ actions: ['ssm:DescribeParameters'], resources: ['*'] }],
  async look({ name, region }, { aws }) {
    const { SSMClient, DescribeParametersCommand } = await import('@aws-sdk/client-ssm');
    const client = aws.client(SSMClient, region);
    const filter = { Key: 'Name', Option: 'Equals', Values: [name] };
    // a page may be empty and have a next one
    const found = await allPages<ParameterMetadata>(async (NextToken) => {
      const command = new DescribeParametersCommand({ ParameterFilters: [filter], NextToken });
      const page = await aws.call('ssm:DescribeParameters', (options) => client.send(command, options));
      return { items: page.Parameters, next: page.NextToken };
    });
    const parameter = found.find(({ Name }) => Name === name);
    if (!parameter) return missing(`There is no parameter ${name}.`);
    const changed = parameter.LastModifiedDate;
    return {
      keys: [{ name: `parameter ${name}`, ...(changed && { bornAt: changed.getTime() }) }],
      issues: [],
    };
  },
});
