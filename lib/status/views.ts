import type { Clock } from '../ports.ts';
import type { Current } from './current.ts';
import { page } from './page.ts';
import { project } from './project.ts';
import { operatorSummary, summary } from './summary.ts';

/** Everything that is made from one snapshot, each part when it is first asked for. */
export interface Views {
  /** There is nothing to show, and that is our own fault. */
  readonly failed: boolean;
  readonly page: () => string;
  readonly summary: () => string;
  readonly operatorPage: () => string;
  readonly operatorSummary: () => string;
}

/** The public part is made from the projection alone. `operatorExists`: the page may speak of the other part. */
export function viewsOf({ snapshot, failed }: Current, clock: Clock, operatorExists: boolean): Views {
  const now = clock.now();
  const seen = snapshot && project(snapshot);
  return {
    failed: failed && !snapshot,
    page: once(() => String(page(seen, { now, operator: false, operatorExists }))),
    summary: once(() => JSON.stringify(summary(seen, now))),
    operatorPage: once(() => String(page(snapshot, { now, operator: true, operatorExists }))),
    operatorSummary: once(() => JSON.stringify(operatorSummary(snapshot, now))),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
