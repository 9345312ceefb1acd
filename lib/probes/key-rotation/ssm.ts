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
    let token: string | undefined;
    do {
      const page = await aws.call('ssm:DescribeParameters', (options) =>
        client.send(new DescribeParametersCommand({ ParameterFilters: [filter], NextToken: token }), options),
      );
      const found = page.Parameters?.find(({ Name }) => Name === name);
      const changed = found?.LastModifiedDate;
      if (found)
        return {
          keys: [{ name: `parameter ${name}`, ...(changed && { bornAt: changed.getTime() }) }],
          issues: [],
        };
      // a page may be empty and have a next one
      token = page.NextToken;
    } while (token !== undefined);
    return missing(`There is no parameter ${name}.`);
  },
});
