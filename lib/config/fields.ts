import type { z as Zod } from 'zod';
import type { SecretRef } from '../ports.ts';

/**
 * The fields that several shapes share. Each parses what a user writes into what the core uses and says in
 * one line what is wrong. Probes and notifiers are handed these, so that they carry no schema library.
 */
export interface Fields {
  /** `"800ms"`, `"30s"`, `"5m"`, `"12h"`, `"21d"` → ms. */
  readonly duration: Zod.ZodType<number, string>;
  /** A duration of more than nothing → ms. */
  readonly span: Zod.ZodType<number, string>;
  /** A secret reference; never a value in clear. */
  readonly secret: Zod.ZodType<SecretRef, SecretRef>;
  /** An http or https URL without user info, whose literal address, if it is one, `network.allow` may still refuse. */
  readonly url: Zod.ZodType<string, string>;
  /** A host name or an IP address (without brackets). */
  readonly host: Zod.ZodType<string, string>;
  readonly port: Zod.ZodType<number, number>;
  /** `"127.0.0.1:8443"`, `"[::1]:53"` or `"127.0.0.1"` → the address to dial in place of the resolved one. */
  readonly address: Zod.ZodType<{ readonly host: string; readonly port: number | undefined }, string>;
  /** A file next to the config; its text is put in its place when the config is compiled. */
  readonly file: Zod.ZodType<string, string>;
  /** A path on this machine, made absolute: relative ones start where the config is. What is there is looked at later. */
  readonly path: Zod.ZodType<string, string>;
  /** The name of an AWS region. */
  readonly region: Zod.ZodType<string, string>;
  /** A regular expression without catastrophic backtracking, as a string. */
  readonly regex: Zod.ZodType<string, string>;
}
