import { createHash } from 'node:crypto';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** A file that is named after its content, so that it may be cached for ever. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

function asset(body: string, extension: 'css' | 'js', type: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { path: `/static/${hash}.${extension}`, type, body };
}

export const ASSETS = {
  style: asset(STYLE, 'css', 'text/css; charset=utf-8'),
  script: asset(SCRIPT, 'js', 'text/javascript; charset=utf-8'),
} as const;
