/**
 * On every answer, whatever its path and status. Everything a page needs comes from its own origin, nothing is
 * inline, nobody may frame it. HSTS means nothing over plain HTTP and everything behind a TLS proxy.
 * https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy':
    'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
  'cross-origin-resource-policy': 'same-origin',
};

/** How long each kind of answer may be kept; an error is never kept. */
export const CACHE = {
  page: 'public, max-age=15, stale-while-revalidate=30, stale-if-error=300',
  forever: 'public, max-age=31536000, immutable',
  hour: 'public, max-age=3600',
  none: 'no-store',
} as const;
