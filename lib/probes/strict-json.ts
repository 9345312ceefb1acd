/** Deeper nesting has no use but an attack. */
const DEPTH_MAX = 512;

/** A value, or why there is none that everyone would read in the same way. */
export type Parsed = { readonly value: unknown } | { readonly fault: string };

/** JSON that means one thing only: no member named twice (RFC 8259, 4), nesting of 512 levels at the most. */
export function parseStrictJson(text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: text.trim() === '' ? 'The body is empty and not JSON.' : 'The body is not JSON.' };
  }
  const fault = faultOfMembers(text);
  return fault === undefined ? { value } : { fault };
}

const TOKEN = /["{}[\]]/g;

/** Looks through a text that is known to be JSON. */
function faultOfMembers(text: string): string | undefined {
  const open: Set<string>[] = [];
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token; token = TOKEN.exec(text)) {
    const [mark] = token;
    if (mark === '"') {
      const end = endOfString(text, token.index);
      TOKEN.lastIndex = end;
      const name = isName(text, end) ? (JSON.parse(text.slice(token.index, end)) as string) : undefined;
      const names = open.at(-1);
      if (name === undefined || !names) continue;
      if (names.has(name)) return 'The JSON has two members of the same name.';
      names.add(name);
    } else if (mark === '{' || mark === '[') {
      if (open.push(new Set()) > DEPTH_MAX) return `The JSON is nested more than ${DEPTH_MAX} levels deep.`;
    } else open.pop();
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

const COLON = /[ \t\r\n]*:/y;

function isName(text: string, end: number): boolean {
  COLON.lastIndex = end;
  return COLON.test(text);
}
