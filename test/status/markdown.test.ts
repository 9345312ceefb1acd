import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markdown } from '../../lib/status/markdown.ts';
import { visit } from './kit.ts';

describe('the part of Markdown that runbooks use', () => {
  it.each([
    ['a heading', '# HTTP is down', '<h1>HTTP is down</h1>'],
    ['smaller headings', '## Do\n### Then', '<h2>Do</h2><h3>Then</h3>'],
    ['a paragraph of several lines', 'one\ntwo\n\nthree', '<p>one two</p><p>three</p>'],
    ['a list', '- one\n- two\n  goes on', '<ul><li>one</li><li>two goes on</li></ul>'],
    ['a numbered list', '1. one\n2. two', '<ol><li>one</li><li>two</li></ol>'],
    ['a list after a line', 'Do:\n- one', '<p>Do:</p><ul><li>one</li></ul>'],
    [
      'code',
      '```sh\ncurl -v "$URL" | head\n# not a heading\n```',
      '<pre tabindex="0"><code>curl -v &quot;$URL&quot; | head\n# not a heading</code></pre>',
    ],
    ['code without an end', '```\nx', '<pre tabindex="0"><code>x</code></pre>'],
    [
      'in a line',
      'Run `dig **x**` **now**, see [docs](https://acme.test/a?b=1&c=2)',
      '<p>Run <code>dig **x**</code> <strong>now</strong>, see <a href="https://acme.test/a?b=1&amp;c=2" rel="noreferrer">docs</a></p>',
    ],
    [
      'a link within',
      '[tls](/runbooks/tls) [up](#top)',
      '<p><a href="/runbooks/tls" rel="noreferrer">tls</a> <a href="#top" rel="noreferrer">up</a></p>',
    ],
    [
      'a link that is none',
      '[x](javascript:alert(1)) [y](//evil.test) [z](data:text/html,x)',
      '<p>[x](javascript:alert(1)) [y](//evil.test) [z](data:text/html,x)</p>',
    ],
    [
      'HTML',
      '<img src=x onerror=alert(1)> & "quotes"',
      '<p>&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quotes&quot;</p>',
    ],
    [
      'a link that breaks out',
      '[x](https://a"onclick="alert(1))',
      '<p><a href="https://a&quot;onclick=&quot;alert(1" rel="noreferrer">x</a>)</p>',
    ],
    [
      'a long command at the end of an item: a block of its own, in one line',
      '1. Look: `curl -sS "https://acme.test/health" | head`',
      '<ol><li>Look:<pre tabindex="0"><code>curl -sS &quot;https://acme.test/health&quot; | head</code></pre></li></ol>',
    ],
    [
      'a long command at the end of a paragraph, without the full stop that nobody should copy',
      'Restart `it`: `systemctl restart watchbill.service`.',
      '<p>Restart <code>it</code>:</p><pre tabindex="0"><code>systemctl restart watchbill.service</code></pre>',
    ],
    [
      'a long command alone',
      '`systemctl restart watchbill.service`',
      '<pre tabindex="0"><code>systemctl restart watchbill.service</code></pre>',
    ],
    [
      'a long command that words follow',
      '- `systemctl restart watchbill.service` first',
      '<ul><li><code class="long">systemctl restart watchbill.service</code> first</li></ul>',
    ],
    ['nothing', '', ''],
    ['a hash that is no heading', '#5 is alive', '<p>#5 is alive</p>'],
  ])('%s', (_, text, html) => {
    expect(String(markdown(text))).toBe(html);
  });

  it('makes no tag but its own, of any text, and ends', () => {
    const scrap = fc.constantFrom(
      '#',
      '# ',
      '```',
      '- ',
      '1. ',
      '**',
      '`',
      '`a command that is long enough for it`',
      '[',
      '](',
      ')',
      'https://x',
      '<b>',
      '\n',
      '  ',
      'a',
      '"',
      '\r\n',
    );
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 30 }), (scraps) => {
        const html = String(markdown(scraps.join('')));
        expect(
          html.replace(
            /<\/?(h[123]|p|ul|ol|li|strong|code)>|<code class="long">|<pre tabindex="0">|<\/pre>|<a href="[^"<>]*" rel="noreferrer">|<\/a>/g,
            '',
          ),
        ).not.toMatch(/[<>]/);
      }),
    );
  });
});

describe('/runbooks/:type', () => {
  const files = readdirSync(new URL('../../runbooks/', import.meta.url)).filter((name) =>
    name.endsWith('.md'),
  );

  it('is a page of its own', async () => {
    const page = await visit().text('/runbooks/http');
    expect(page).toContain('<title>Runbook: http</title>');
    expect(page).toContain('<h1>HTTP</h1><p>Look at it.</p>');
  });

  it('leaves no Markdown of the built-in runbooks unread', async () => {
    for (const file of files) {
      const text = readFileSync(new URL(`../../runbooks/${file}`, import.meta.url), 'utf8');
      const prose = String(markdown(text)).replace(/<pre[\s\S]*?<\/pre>|<code>.*?<\/code>/g, '');
      expect([file, prose.match(/\*\*|`|\]\(|^\|/gm)]).toEqual([file, null]);
    }
  });
});
