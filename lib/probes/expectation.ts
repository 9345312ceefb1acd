import type { Reason } from '../reasons.ts';
import { type Conditions, question, type Scalar } from './condition.ts';
import type { Issue } from './finding.ts';
import { parsePath, valuesAt } from './json-path.ts';
import { parseStrictJson } from './strict-json.ts';

/** What is expected of an answer. */
export interface Expectation {
  /** `204`, `"200-299"`. */
  readonly status: readonly (number | string)[];
  readonly body?: Conditions | undefined;
  /** By path. */
  readonly json?: Readonly<Record<string, Scalar | Conditions>> | undefined;
  /** By name, in any case. */
  readonly headers?: Readonly<Record<string, string | Conditions>> | undefined;
  /** ms. */
  readonly within?: number | undefined;
}

/** What is held against it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly latencyMs: number;
}

/** Everything that is wrong with an answer. */
type Judge = (answer: Answer) => Issue[];

/** Made once for each check: this is where expressions and paths are read. */
export function judgeOf({ status, headers, body, json, within }: Expectation): Judge {
  const content = [
    headersJudge(headers ?? {}),
    ...(body ? [bodyJudge(body)] : []),
    ...(json ? [jsonJudge(json)] : []),
  ];
  const time = within === undefined ? [] : [timeJudge(within)];
  const judgeStatus = statusJudge(status);
  return (answer) => {
    const issues = judgeStatus(answer);
    // "too many requests" says nothing about the thing that was asked for
    const judges = issues.some(({ reason }) => reason === 'rate_limited') ? [] : [...content, ...time];
    return [...issues, ...judges.flatMap((judge) => judge(answer))];
  };
}

/** Statuses that say more than that they were not expected. */
const STATUS_REASONS: Readonly<Record<number, Reason>> = {
  401: 'unauthorized',
  403: 'forbidden',
  429: 'rate_limited',
  503: 'unavailable',
};

function statusJudge(expected: Expectation['status']): Judge {
  const ranges = expected.map(rangeOf);
  return ({ status }) => {
    if (ranges.some(([from, to]) => from <= status && status <= to)) return [];
    const message = `The status is ${status}, expected ${expected.join(' or ')}.`;
    return [{ reason: STATUS_REASONS[status] ?? 'unexpected_status', message }];
  };
}

/** `204`, `"200-299"` → the first and the last status of the range. */
export function rangeOf(status: number | string): readonly [from: number, to: number] {
  const [from = Number.NaN, to = from] = String(status).split('-').map(Number);
  return [from, to];
}

function headersJudge(expected: NonNullable<Expectation['headers']>): Judge {
  const questions = Object.entries(expected).map(([name, wanted]) => ({
    name: name.toLowerCase(),
    ask: question(`The header ${name}`, conditionsOf(wanted)),
  }));
  return ({ headers }) =>
    questions
      .flatMap(({ name, ask }) => ask(headers[name] === undefined ? [] : [headers[name]]))
      .map((message) => ({ reason: 'header_mismatch', message }));
}

const utf8 = new TextDecoder();

function bodyJudge(expected: Conditions): Judge {
  const ask = question('The body', expected);
  return ({ body }) => ask([utf8.decode(body)]).map((message) => ({ reason: 'body_mismatch', message }));
}

function jsonJudge(expected: NonNullable<Expectation['json']>): Judge {
  const questions = Object.entries(expected).map(([text, wanted]) => {
    const path = parsePath(text);
    if (!path) throw new TypeError(`not a path: ${text}`);
    return { path, ask: question(text, conditionsOf(wanted)) };
  });
  return ({ body }) => {
    const parsed = parseStrictJson(utf8.decode(body));
    const messages =
      'fault' in parsed
        ? [parsed.fault]
        : questions.flatMap(({ path, ask }) => ask(valuesAt(parsed.value, path)));
    return messages.map((message) => ({ reason: 'json_mismatch', message }));
  };
}

function timeJudge(within: number): Judge {
  return ({ latencyMs }) =>
    latencyMs <= within
      ? []
      : [
          {
            reason: 'too_slow',
            message: `It took ${Math.ceil(latencyMs)} ms, expected at most ${within} ms.`,
          },
        ];
}

const conditionsOf = (wanted: Scalar | Conditions): Conditions =>
  typeof wanted === 'object' && wanted !== null ? wanted : { eq: wanted };
