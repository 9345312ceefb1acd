import { z } from 'zod';
import { parseHost } from '../net/host.ts';
import { SECRET_NAME } from './define.ts';
import { DURATION, DURATION_MAX, guessDuration, parseDuration } from './duration.ts';
import type { Fields } from './fields.ts';
import { wrongRegex } from './regex.ts';
import { REGIONS, type Region, wrongRegion } from './regions.ts';
import { saying } from './saying.ts';

/** What fields ask about the world around a config. */
export interface Around {
  /** The text of a file that the config names; throws an error whose message is one line. */
  readonly read: (path: string) => string;
  /** The absolute path of one that is relative to the config. */
  readonly locate: (path: string) => string;
  /** Why a host may not be dialled, as far as that can be told without DNS; undefined: it may. */
  readonly refuses: (host: string, port?: number) => string | undefined;
}

/** The shared fields, and those that only the config's own shape uses. */
export interface OwnFields extends Fields {
  /** A line for people: 1 to `max` characters, no control characters. */
  readonly text: (max: number) => z.ZodType<string, string>;
  /** What scripts and URLs call a check: a text of 1 to 100 characters without white space. */
  readonly id: z.ZodType<string, string>;
  /** An absolute http or https URL that people follow; we never dial it. */
  readonly link: z.ZodType<string, string>;
  readonly region: z.ZodType<Region, Region>;
}

/** The fields: a file is read where it is named, a host is judged where it stands. */
export function makeFields({ read, locate, refuses }: Around): OwnFields {
  const guarded = (context: z.core.$RefinementCtx<string>, host: string, port?: number): void => {
    const why = refuses(host, port);
    if (why !== undefined) context.addIssue(sentence(why));
  };
  return {
    duration,
    span,
    secret,
    link,
    text,
    id,
    regex,
    region,
    port: z.int({ error: notPort }).min(1, { error: notPort }).max(65_535, { error: notPort }),
    url: link.superRefine((href, context) => {
      const { hostname, port, protocol } = new URL(href);
      guarded(
        context,
        parseHost(hostname) ?? hostname,
        port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      );
    }),
    host: z.string().transform((text, context) => {
      const host = parseHost(text);
      if (host === undefined)
        return wrong(context, `${quoted(text)} is neither a host name nor an IP address`);
      guarded(context, host);
      return host;
    }),
    address: z.string().transform((text, context) => {
      const address = parseAddress(text);
      if (!address)
        return wrong(
          context,
          `${quoted(text)} is not an address: write "192.0.2.1:8443", "[2001:db8::1]:8443" or a host alone`,
        );
      guarded(context, address.host, address.port);
      return address;
    }),
    path: text(1_000).transform(locate),
    file: z
      .string()
      .min(1)
      .transform((path, context) => {
        try {
          return read(path);
        } catch (error) {
          return wrong(context, error instanceof Error ? error.message : String(error));
        }
      }),
  };
}

const duration = z
  .string({
    error: ({ input }) =>
      input === undefined ? undefined : 'must be a duration in quotes, such as "30s" or "5m"',
  })
  .regex(DURATION, { error: ({ input }) => notDuration(String(input)) })
  .transform(parseDuration)
  .refine((ms) => ms <= DURATION_MAX, 'must be at most "3650d"');

const span = duration.refine((ms) => ms > 0, 'must be more than "0s"');

function notDuration(text: string): string {
  const guess = guessDuration(text);
  return `${quoted(text)} is not a duration: ${guess ? `write "${guess}"` : 'write a whole number and a unit (ms, s, m, h, d), such as "30s"'}`;
}

const secret = z.strictObject(
  {
    secret: z
      .string()
      .regex(SECRET_NAME, 'must be the name of a secret: letters, digits and _ . + = @ -')
      .describe('Its name'),
  },
  {
    error: ({ code, input }) =>
      code === 'invalid_type' && input !== undefined
        ? 'must be a reference to a secret, { "secret": "NAME" }; its value never stands in the config'
        : undefined,
  },
);

const link = z.string().transform((text, context) => {
  const why = wrongUrl(text);
  return why === undefined ? new URL(text).href : wrong(context, why);
});

/** The forms that a URL parser would mend in silence are refused: what stands in the config is what is dialled. */
function wrongUrl(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return 'must be a URL that starts with "https://" or "http://"';
  if (text.length > 2_000) return 'must be a URL of at most 2000 characters';
  if (/[\s\\\p{Cc}\p{Cs}]/u.test(text)) return 'must be a URL without spaces, "\\" and control characters';
  const [, authority = ''] = /^https?:\/\/([^/?#]+)/i.exec(text) ?? [];
  if (authority.includes('@')) return 'must be a URL without credentials; put them in a header, as a secret';
  const url = authority ? URL.parse(text) : null;
  return url && parseHost(url.hostname) !== undefined
    ? undefined
    : `${quoted(text)} is not a URL: its host or port is wrong`;
}

function text(max: number): z.ZodType<string, string> {
  return z
    .string()
    .superRefine(saying((value) => wrongText(value, max)))
    .meta({ minLength: 1, maxLength: max });
}

function wrongText(value: string, max: number): string | undefined {
  if (value.trim() === '') return 'must not be empty';
  if (value !== value.trim()) return 'must not start or end with a space';
  if (/\p{Cc}/u.test(value)) return 'must not hold a control character or line break';
  if (!value.isWellFormed()) return 'must be whole Unicode: it holds half of a surrogate pair';
  const { length } = [...value];
  return length > max ? `must have at most ${max} characters; these are ${length}` : undefined;
}

const id = text(100)
  .refine((value) => !/\s/.test(value.trim()), 'must not hold a space; "name" is for people and may')
  .meta({ minLength: 1, maxLength: 100, pattern: '^\\S+$' });

const regex = z.string().superRefine(saying(wrongRegex));

const region = z.enum(REGIONS, { error: ({ input }) => wrongRegion(input) }).meta({ title: 'AWS region' });

/** `"127.0.0.1:8443"`, `"[::1]:53"`, `"::1"`, `"example.com"`. */
function parseAddress(text: string): { host: string; port: number | undefined } | undefined {
  const [, before = text, digits] = /^(.*[^:]):(\d{1,5})$|^(?:)$/.exec(text) ?? [];
  const whole = parseHost(text);
  if (whole !== undefined) return { host: whole, port: undefined };
  const host = parseHost(before);
  const port = digits === undefined ? undefined : Number(digits);
  return host !== undefined && port !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

function wrong(context: z.core.$RefinementCtx<string>, message: string): never {
  context.addIssue(message);
  return z.NEVER;
}

const notPort = ({ input }: { readonly input?: unknown }) =>
  input === undefined ? undefined : 'must be a port: a whole number from 1 to 65535, without quotes';

/** A sentence of another part as the end of one of our lines. */
const sentence = (text: string): string => text.replace(/\.$/, '');

/** What the user wrote, for a message: in quotes, cut. */
const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
