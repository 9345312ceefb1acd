export { defineConfig, secret } from './dist/lib/index.js';
