import { createHash } from 'node:crypto';
import { CACHE } from './headers.ts';
import { FAVICON } from './icons.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly cache: string;
}

/** A file that is named after its content, so that it may be kept for ever. */
function hashed(body: string, extension: 'css' | 'js', type: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { path: `/static/${hash}.${extension}`, type, body, cache: CACHE.forever };
}

export const STYLESHEET = hashed(STYLE, 'css', 'text/css; charset=utf-8');
export const SCRIPT_FILE = hashed(SCRIPT, 'js', 'text/javascript; charset=utf-8');
const ICON: Asset = { path: '/favicon.svg', type: 'image/svg+xml', body: FAVICON, cache: CACHE.hour };

export const ASSETS: readonly Asset[] = [STYLESHEET, SCRIPT_FILE, ICON];
