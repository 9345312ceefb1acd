/** The package's version; a test holds it to package.json, which a bundle doesn't carry. */
export const VERSION = '0.1.0';
