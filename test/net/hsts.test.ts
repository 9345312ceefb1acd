import { expect, it } from 'vitest';
import { hstsOf } from '../../lib/net/hsts.ts';

it.each([
  [undefined, 'missing'],
  ['', 'off'],
  ['max-age=0', 'off'],
  ['max-age=0; includeSubDomains', 'off'],
  ['includeSubDomains', 'off'],
  ['max-age=soon', 'off'],
  ['x-max-age=5', 'off'],
  ['max-age=31536000', 'this host'],
  ['Max-Age = "31536000" ; preload', 'this host'],
  ['max-age=31536000; includeSubDomainsToo', 'this host'],
  ['max-age=31536000; includeSubDomains; preload', 'subdomains, too'],
  ['includesubdomains;max-age=1', 'subdomains, too'],
])('%j says: %s', (header, told) => {
  expect(hstsOf(header)).toBe(told);
});
