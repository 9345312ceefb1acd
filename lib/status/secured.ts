import type { MiddlewareHandler } from 'hono';
import { CACHE, SECURITY_HEADERS } from './headers.ts';

/** On every answer of an app, errors among them. */
export const secured: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
};

/** Where something is taken in: nobody keeps what is answered. */
export const unkept: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set('cache-control', CACHE.none);
};
