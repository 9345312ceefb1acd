import type { z as Zod } from 'zod';
import type { Fields } from '../../config/fields.ts';
import { questionShape } from '../http-ask.ts';
import { defineSource } from '../source.ts';
import type { Credentials } from './credentials.ts';
import { ALGORITHMS, checkJwt } from './jwt-check.ts';

/** What is asked of a JWT. */
export const jwtShape = (z: typeof Zod, fields: Fields) => ({
  issuer: z.string().min(1).optional().describe('Its "iss", to the letter'),
  audience: z.string().min(1).optional().describe('What its "aud" must be, or hold'),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
    .describe('How it may be signed'),
  leeway: fields.duration.prefault('0s').describe('How far the clocks of issuer and verifier may differ'),
  jwks: z.strictObject(questionShape(z, fields)).optional().describe('Where the keys are that prove it'),
  keys: fields.file.optional().describe('Or a file with them: a JWKS, or a public key as PEM'),
});

/** A stored token that is a JWT. Without keys only its dates are judged. */
export const jwt = defineSource<Credentials>()({
  kind: 'jwt',
  summary: 'A stored token that is a JWT',
  shape: (z, fields) => ({ token: fields.secret.describe('The token'), ...jwtShape(z, fields) }),
  target: ({ token }) => `JWT ${token.secret}`,
  async look(source, context) {
    const token = (await context.secret(source.token)).trim();
    const { issues, credential, verified } = await checkJwt(token, source, context);
    return { credentials: credential ? [credential] : [], issues, facts: { verified } };
  },
});
