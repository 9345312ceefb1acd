import { stat } from 'node:fs/promises';
import { Fault } from '../../net/net.ts';
import { defineSource } from '../source.ts';
import { type Keys, missing } from './keys.ts';

/** A key in a file of this machine: when it was written. It is not read. */
export const file = defineSource<Keys>()({
  kind: 'file',
  summary: 'A file on the machine where Watchbill runs',
  shape: (_, fields) => ({ path: fields.path.describe('Its path; relative ones start at the config') }),
  target: ({ path }) => `file ${path}`,
  onlyHere: 'a file of this machine: there is none on AWS',
  async look({ path }) {
    try {
      const { mtimeMs } = await stat(path);
      return { keys: [{ name: `file ${path}`, bornAt: mtimeMs }], issues: [] };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return missing(`There is no file ${path}.`);
      throw new Fault('misconfigured', `The file ${path} cannot be looked at: ${code}.`, { cause: error });
    }
  },
});
