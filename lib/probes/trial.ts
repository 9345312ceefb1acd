import type { z as Zod } from 'zod';
import type { Fields } from '../config/fields.ts';
import { isObject } from '../config/plain.ts';
import { remember } from '../redact.ts';
import type { ProbeContext } from './define.ts';
import type { Issue } from './finding.ts';
import { ask, jsonOf, type Question, questionShape } from './http-ask.ts';
import { headerName, pathShape } from './http-shape.ts';
import { valueAt } from './json-path.ts';

/** A credential is tried at a URL: one that must work, or one that must not any more. */
export interface Trial extends Question {
  /** The header that carries it, and what stands before it there. */
  readonly header: string;
  readonly prefix: string;
  /** Where in a secret that is JSON it is; undefined: it is all of it. */
  readonly field?: string | undefined;
}

/** The fields of a trial. */
export const trialShape = (z: typeof Zod, fields: Fields) => ({
  ...questionShape(z, fields),
  header: headerName(z).default('authorization').describe('The header that carries the credential'),
  prefix: z.string().max(100).default('Bearer ').describe('What stands before it there'),
  field: pathShape(z, '$.password')
    .optional()
    .describe('Where in a secret that is JSON it is, "$.apiKey"; default: the whole secret'),
});

/** The status with which a URL answers a credential; or that there is none to be tried. */
export type Answer = number | 'no field';

/** Throws a `Fault` if the URL can't be asked. */
export async function tryOut(trial: Trial, value: string, context: ProbeContext): Promise<Answer> {
  const credential = trial.field === undefined ? value : fieldOf(value, trial.field);
  if (credential === undefined) return 'no field';
  remember(credential);
  const headers = { [trial.header]: `${trial.prefix}${credential}` };
  return (await ask(trial, context, { headers, maxBody: 65_536 })).status;
}

function fieldOf(secret: string, path: string): string | undefined {
  const root = jsonOf({ body: Buffer.from(secret) });
  const value = isObject(root) ? valueAt(root, path) : undefined;
  return typeof value === 'string' ? value : undefined;
}

const isAccepted = (answer: Answer): boolean => typeof answer === 'number' && answer >= 200 && answer < 300;
const isRefused = (answer: Answer): boolean => answer === 401 || answer === 403;

/** What is wrong where `what` must be refused. */
export function mustBeRefused(what: string, answer: Answer, host: string): Issue[] {
  if (isRefused(answer)) return [];
  if (isAccepted(answer))
    return [{ reason: 'not_rejected', message: `${host} accepts ${what}, which must be refused.` }];
  return [cannotTell(what, answer, host)];
}

/** What is wrong where `what` must be accepted. */
export function mustBeAccepted(what: string, answer: Answer, host: string): Issue[] {
  if (isAccepted(answer)) return [];
  if (isRefused(answer)) return [{ reason: 'not_accepted', message: `${host} refuses ${what}.` }];
  return [cannotTell(what, answer, host)];
}

/** Neither: it says nothing about the credential. */
export function cannotTell(what: string, answer: Answer, host: string): Issue {
  if (answer === 'no field')
    return { reason: 'misconfigured', message: `The secret has no text at "field": ${what} was not tried.` };
  return {
    reason: 'unexpected_status',
    status: 'degraded',
    message: `Whether ${host} takes ${what} cannot be told: it answered ${answer}.`,
  };
}
