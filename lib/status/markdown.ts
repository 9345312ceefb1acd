import { html } from 'hono/html';
import { document } from './document.ts';
import type { Html } from './words.ts';

/** A runbook as a page: calm to read at four in the morning. */
export function runbookPage(type: string, text: string): Html {
  const main = html`<article class="hero s-maintenance"><div class="wide"><p class="site"><a href="/">Status page</a></p>
<div class="prose">${markdown(text)}</div></div></article>`;
  return document({ title: `Runbook: ${type}`, stale: false, operator: false, plain: true, main });
}

/**
 * The part of Markdown that our runbooks use: headings, lists of one level, fenced code, and in a line `code`,
 * **bold** and [links](https://…). Everything else is text, and all text is escaped.
 */
export function markdown(text: string): Html {
  const lines = text.split(/\r?\n/);
  const blocks: Html[] = [];
  while (lines.length > 0) {
    const block =
      fence(lines) ??
      heading(lines) ??
      list(lines, /^\s*[-*] +/, 'ul') ??
      list(lines, /^\s*\d+\. +/, 'ol') ??
      paragraph(lines);
    if (block) blocks.push(block);
  }
  return html`${blocks}`;
}

function fence(lines: string[]): Html | undefined {
  if (!lines[0]?.startsWith('```')) return undefined;
  const end = lines.findIndex((line, i) => i > 0 && line.startsWith('```'));
  const code = lines.splice(0, end < 0 ? lines.length : end + 1).slice(1, end < 0 ? undefined : -1);
  return pre(code.join('\n'));
}

function heading(lines: string[]): Html | undefined {
  const [, marks, words] = /^(#{1,4}) +(.+)/.exec(lines[0] ?? '') ?? [];
  if (marks === undefined || words === undefined) return undefined;
  lines.shift();
  if (marks.length === 1) return html`<h1>${inline(words)}</h1>`;
  return marks.length === 2 ? html`<h2>${inline(words)}</h2>` : html`<h3>${inline(words)}</h3>`;
}

/** Lines that go on, indented, belong to the item before them. */
function list(lines: string[], mark: RegExp, tag: 'ul' | 'ol'): Html | undefined {
  const items: string[] = [];
  while (lines[0] !== undefined && (mark.test(lines[0]) || (items.length > 0 && /^\s+\S/.test(lines[0])))) {
    const line = lines.shift() ?? '';
    if (mark.test(line)) items.push(line.replace(mark, ''));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  if (items.length === 0) return undefined;
  const inner = items.map((item) => {
    const [words, command] = cutCommand(item);
    return html`<li>${inline(words)}${command}</li>`;
  });
  return tag === 'ul' ? html`<ul>${inner}</ul>` : html`<ol>${inner}</ol>`;
}

/** Up to an empty line, or to a line that begins something else. */
function paragraph(lines: string[]): Html | undefined {
  const words: string[] = [];
  do {
    const line = lines.shift()?.trim() ?? '';
    if (line === '') break;
    words.push(line);
  } while (lines[0] !== undefined && !/^(```|#{1,4} |\s*[-*] |\s*\d+\. )/.test(lines[0]));
  if (words.length === 0) return undefined;
  const [text, command] = cutCommand(words.join(' '));
  return html`${text === '' ? '' : html`<p>${inline(text)}</p>`}${command}`;
}

/** What is longer doesn't fit a phone's line. */
const LONGEST_INLINE = 28;

/** A long command at the end stands by itself, in one line that can be scrolled and is selected whole. */
function cutCommand(text: string): [words: string, command: Html | undefined] {
  const [, words, command] = /^((?:[^`]|`[^`]*`)*)`([^`]+)`\.?$/.exec(text) ?? [];
  if (words === undefined || command === undefined || command.length <= LONGEST_INLINE)
    return [text, undefined];
  return [words.trimEnd(), pre(command)];
}

const pre = (code: string): Html => html`<pre tabindex="0"><code>${code}</code></pre>`;

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+|\/(?![/\\])[^\s)]*|#[^\s)]*)\)/g;

function inline(text: string): Html {
  const parts: (string | Html)[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, words, href] = match;
    parts.push(text.slice(from, match.index));
    if (code !== undefined)
      parts.push(html`<code${code.length > LONGEST_INLINE ? html` class="long"` : ''}>${code}</code>`);
    else if (bold !== undefined) parts.push(html`<strong>${bold}</strong>`);
    else parts.push(html`<a href="${href}" rel="noreferrer">${words}</a>`);
    from = match.index + whole.length;
  }
  return html`${[...parts, text.slice(from)]}`;
}
