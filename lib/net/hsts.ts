/**
 * What `strict-transport-security` (RFC 6797, 6.1) tells a browser: `missing`, `off` (a max-age of 0, or none that
 * can be read), `this host` or `subdomains, too`. A note: a page without it is no fault.
 */
export function hstsOf(header: string | undefined): string {
  if (header === undefined) return 'missing';
  const [, seconds] = /(?:^|;)\s*max-age\s*=\s*"?(\d+)/i.exec(header) ?? [];
  if (!Number(seconds)) return 'off';
  return /(?:^|;)\s*includesubdomains\s*(?:;|$)/i.test(header) ? 'subdomains, too' : 'this host';
}
