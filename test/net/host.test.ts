import { describe, expect, it } from 'vitest';
import { hostPort, isLocalhost, parseHost } from '../../lib/net/host.ts';
import { countSections } from '../kit/sections.ts';

countSections();

const label = 'x'.repeat(63);

describe('parseHost', () => {
  it.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.com.', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['faß.de', 'xn--fa-hia.de'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['a_b.example.com', 'a_b.example.com'],
    [`${label}.com`, `${label}.com`],
    [`${label}.${label}.${label}.${'y'.repeat(61)}`, `${label}.${label}.${label}.${'y'.repeat(61)}`],
    ['ⓛⓞⓒⓐⓛⓗⓞⓢⓣ', 'localhost'],
    ['127.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0x7f000001', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['0', '0.0.0.0'],
    ['①②⑦.0.0.1', '127.0.0.1'],
    ['１２７．０．０．１', '127.0.0.1'],
    ['127。0。0。1', '127.0.0.1'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::FFFF:127.0.0.1', '::ffff:7f00:1'],
  ])('A21 reads %s as %s', (text, host) => {
    expect(parseHost(text)).toBe(host);
  });

  it.each([
    ['', 'nothing'],
    ['.', 'an empty label'],
    ['a..b', 'an empty label'],
    [`${label}x.com`, 'a label of 64'],
    [`${label}.${label}.${label}.${'y'.repeat(62)}`, 'a name of 254'],
    ['256.1.1.1', 'no IPv4 address'],
    ['1.2.3.4.5', 'no IPv4 address'],
    ['08.0.0.1', 'no octal number'],
    ['fe80::1%eth0', 'a zone'],
    ['[fe80::1%25eth0]', 'a zone'],
    ['[127.0.0.1]', 'IPv4 in brackets'],
    ['::1]', 'half a bracket'],
    ['a b', 'a space'],
    ['a\tb', 'a tab, which a URL would drop'],
    ['a\r\nb', 'a line break'],
    ['a\0b', 'NUL'],
    ['a%2eb', 'an escape, which a URL would decode'],
    ['a/b', 'a path'],
    ['a\\b', 'a backslash'],
    ['a?b', 'a query'],
    ['a#b', 'a fragment'],
    ['u@b', 'user info'],
    ['a:80', 'a port'],
    ['\u00ada.com', 'a soft hyphen, which a URL would drop'],
    ['*.example.com', 'a wildcard'],
  ])('A21 does not take %j: %s', (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  it('gives back what it gave', () => {
    for (const host of ['example.com', '127.0.0.1', '::1', '::ffff:7f00:1'])
      expect(parseHost(host)).toBe(host);
  });
});

it('knows localhost and what is below it', () => {
  expect(['localhost', 'a.localhost', 'localhost.com', 'alocalhost'].map(isLocalhost)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('writes IPv6 in brackets before a port', () => {
  expect([hostPort('::1', 80), hostPort('127.0.0.1', 80)]).toEqual(['[::1]:80', '127.0.0.1:80']);
});
