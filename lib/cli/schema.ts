import { jsonSchema } from '../config.ts';

/** What `watchbill schema` prints: the JSON Schema of a config, for editors. */
export const schema = (): string => JSON.stringify(jsonSchema(), null, 2);
