import type { Phases } from '../reading.ts';
import type { Reason } from '../reasons.ts';
import { exchange, type HttpRequest, type HttpResponse, portOf } from './http.ts';
import { Fault, type Limits, type Net } from './net.ts';
import { addPhases } from './stopwatch.ts';

export interface Following {
  /** Redirects that are followed at the most; 0: a redirect is the answer itself. */
  readonly max: number;
  /** The headers that another origin may see. */
  readonly abroad: HttpRequest['headers'];
}

/** Statuses that send the client on: RFC 9110, 15.4. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The answer at the end of the redirects, its phases summed over the hops. Each hop is an exchange of its
 * own: resolved, classified and dialled anew, within the same limits. `connectTo` holds for the host and port
 * of the first URL alone, `ca` for all. Nothing that an answer sets (a cookie) is kept. Throws `Fault`.
 */
export async function exchangeFollowing(
  net: Net,
  first: HttpRequest,
  limits: Limits,
  { max, abroad }: Following,
): Promise<HttpResponse> {
  const seen = new Set<string>();
  let phases: Phases = {};
  let request = first;
  for (let redirects = 0; ; redirects += 1) {
    const counted = redirects > 0 ? { redirects } : {};
    seen.add(identity(request));
    try {
      const response = await exchange(net, request, limits);
      phases = addPhases(phases, response.phases);
      if (max === 0 || !REDIRECTS.has(response.status))
        return { ...response, phases, facts: { ...response.facts, ...counted } };
      request = next(request, response, first, abroad);
      if (seen.has(identity(request))) fail(response, 'redirect_loop', 'The redirects go in a circle.');
      if (redirects === max) fail(response, 'too_many_redirects', `There are more than ${max} redirects.`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isBlocked = redirects > 0 && error.reason === 'target_refused';
      const fault = isBlocked
        ? new Fault('redirect_blocked', `A redirect is blocked: ${error.message}`)
        : error;
      throw fault.after(phases, counted);
    }
  }
}

/** What makes a request the same one again. */
const identity = ({ method, url }: HttpRequest): string => `${method} ${url.href}`;

/** The request that a redirect asks for; throws `Fault` where it must not be made. */
function next(
  from: HttpRequest,
  response: HttpResponse,
  first: HttpRequest,
  abroad: HttpRequest['headers'],
): HttpRequest {
  const url = locationOf(from.url, response);
  const { status } = response;
  if (from.url.protocol === 'https:' && url.protocol === 'http:')
    fail(response, 'downgrade', 'A redirect leads from https to http.');
  const staysHome = url.origin === from.url.origin;
  const isFirstHost = url.hostname === first.url.hostname && portOf(url) === portOf(first.url);
  const keepsBody = status === 307 || status === 308;
  if (keepsBody && from.body !== undefined && !staysHome)
    fail(
      response,
      'redirect_blocked',
      `A redirect (${status}) would carry the body of the request to another origin.`,
    );
  return {
    ...from,
    url,
    method: keepsBody || from.method === 'HEAD' ? from.method : 'GET',
    headers: staysHome ? from.headers : abroad,
    body: keepsBody ? from.body : undefined,
    connectTo: isFirstHost ? first.connectTo : undefined,
  };
}

function locationOf(from: URL, response: HttpResponse): URL {
  const location = Buffer.from(response.headers.location ?? '', 'latin1').toString();
  const url = location.trim() === '' ? null : URL.parse(location, from.href);
  if (!url) return fail(response, 'bad_redirect', 'A redirect has no usable Location.');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return fail(
      response,
      'redirect_scheme_refused',
      'A redirect leads to something that is not http or https.',
    );
  url.hash = '';
  url.username = '';
  url.password = '';
  return url;
}

function fail({ facts }: HttpResponse, reason: Reason, message: string): never {
  throw new Fault(reason, message, { facts });
}
