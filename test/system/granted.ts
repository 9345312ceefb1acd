import type { Cloud } from './cloud.ts';
import { covers, type Statement } from './policies.ts';

/** What is granted, and no code of ours calls for. */
const BY_LAMBDA: ReadonlySet<string> = new Set([
  // Lambda writes what a function prints, by the function's role.
  'logs:CreateLogStream',
  'logs:PutLogEvents',
]);

/** What a role allows: one action on one resource. */
interface Grant {
  readonly by: string;
  readonly in: string;
  readonly statement: Statement;
}

const grantsOf = ({ functions }: Cloud): Grant[] =>
  functions.flatMap(({ name, region, policy }) =>
    policy.flatMap(({ actions, resources, conditions }) =>
      actions.flatMap((action) =>
        resources.map((resource) => ({
          by: name,
          in: region,
          statement: { actions: [action], resources: [resource], conditions },
        })),
      ),
    ),
  );

/** What a role allows and its function has never done. */
export function unused(cloud: Cloud): string[] {
  const isUsed = (grant: Grant) =>
    cloud.calls.some((call) => call.by === grant.by && call.in === grant.in && covers(grant.statement, call));
  return grantsOf(cloud)
    .filter(({ statement }) => !BY_LAMBDA.has(String(statement.actions)))
    .filter((grant) => !isUsed(grant))
    .map((grant) => `${grant.by} in ${grant.in}: ${grant.statement.actions} ${grant.statement.resources}`);
}

/** Calls that the policies of the functions do not allow. */
export const forbidden = ({ calls }: Cloud): string[] =>
  calls.filter(({ allowed }) => !allowed).map(({ by, action, resource }) => `${by} ${action} ${resource}`);

/** The last lines that its functions wrote. */
export function sayLast({ account }: Cloud): void {
  for (const { by, in: region, line } of account.lines.slice(-40))
    process.stdout.write(`${by} in ${region}: ${line}
`);
}
