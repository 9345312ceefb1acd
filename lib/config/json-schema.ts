import { z } from 'zod';
import { makeFields } from './make-fields.ts';
import { makeSchema } from './schema.ts';

/** The JSON Schema (draft 7, which editors know best) of a config as a user writes it. */
export function jsonSchema(): z.core.JSONSchema.BaseSchema {
  const fields = makeFields({ read: () => '', locate: (path) => path, refuses: () => undefined });
  return z.toJSONSchema(makeSchema(fields).whole, { io: 'input', target: 'draft-7' });
}
