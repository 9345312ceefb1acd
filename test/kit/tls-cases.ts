import { expect, it } from 'vitest';
import type { Finding, Status } from '../../lib/reading.ts';
import type { Reason } from '../../lib/reasons.ts';
import { closesAtEnd } from './at-end.ts';
import type { CertificateSpec, Issued } from './ca.ts';
import { countSections } from './sections.ts';
import { runTls, type TlsCheck, tlsCheck } from './tls.ts';
import { makeLab } from './tls-lab.ts';
import type { Listening } from './tls-server.ts';

/** The name that every certificate of the cases is for, but for what a case says. */
export const HOST = 'api.acme.test';
export const DAY = 86_400_000;

export const lab = makeLab([HOST]);

/** A certificate from an authority that the trusted root has made to this measure. */
export const below = (spec: CertificateSpec): Issued => lab.root.intermediate(spec).issue({ names: [HOST] });

/** A validity that is over. */
export const past = { from: Date.now() - 9 * DAY, to: Date.now() - DAY };

type Fields = Readonly<Record<string, unknown>>;

export const check = (port: number, fields: Fields = {}): TlsCheck =>
  tlsCheck({ host: HOST, port, connectTo: `127.0.0.1:${port}`, ca: lab.ca, ...fields });

/** A server, and exactly what a check of it must find. */
export type Case = [
  title: string,
  server: () => Promise<Listening>,
  status: Status,
  reasons: Reason[],
  fields?: Fields,
];

/** The end of a case where nothing is wrong. */
export const UP: readonly ['up', []] = ['up', []];

/** To be called once in a test file: one test for each case, counted; further ones look with what it returns. */
export function tlsCases(cases: Case[]) {
  const started = closesAtEnd();
  countSections();

  const look = async (server: Promise<Listening>, fields: Fields = {}): Promise<Finding> =>
    runTls(check((await started(server)).port, fields));

  it.each<Case>(cases)('%s', async (_, server, status, reasons, fields) => {
    const finding = await look(server(), fields);
    expect({ status: finding.status, reasons: finding.reasons }).toEqual({ status, reasons });
    expect(finding.message !== '').toBe(status !== 'up');
  });

  return { started, look };
}
