/** What a config file in TypeScript imports from `watchbill`. */
export { defineConfig, secret } from './config/define.ts';
