/** The way to a value: names of objects, numbers of lists. */
export type Path = readonly (string | number)[];

/** Something that is wrong with a config, by its path; what finds mistakes answers with a list of these. */
export interface Mistake {
  readonly path: Path;
  /** One line, without a secret: what is wrong, and where it can be said, what to write instead. */
  readonly message: string;
}

/** A mistake (or a warning) as users and their scripts get it. */
export interface Problem {
  /** `checks[0].expect.status`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** From 1; for a module in TypeScript or JavaScript only where it cannot be read or fails. */
  readonly line?: number;
  readonly column?: number;
}

/** A config that can't be used: every mistake in it, in the order of the file. `message` is the printed form. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The file as the user calls it. */
  readonly file: string;
  readonly errors: readonly Problem[];

  constructor(file: string, errors: readonly Problem[]) {
    super(printed(file, errors));
    this.file = file;
    this.errors = errors;
  }
}

/** So many lines are printed at most: nobody reads more, and `--json` has them all. */
const PRINTED_MAX = 100;

/** One line each: `watchbill.config.json:12:9  checks[0].timeot: unknown key; did you mean "timeout"?` */
export function printed(file: string, problems: readonly Problem[]): string {
  const lines = problems.slice(0, PRINTED_MAX).map((problem) => printedLine(file, problem));
  const more = problems.length - lines.length;
  return [...lines, ...(more > 0 ? [`${file}  … and ${more} more`] : [])].join('\n');
}

function printedLine(file: string, { path, message, line, column }: Problem): string {
  const where = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${where}  ${path ? `${path}: ` : ''}${message}`;
}

/** `['checks', 0, 'expect', 'status']` → `checks[0].expect.status`; other names than identifiers: `json["$.a"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'string' && /^[\w$]+$/.test(part)) return text ? `${text}.${part}` : part;
    return `${text}[${JSON.stringify(part)}]`;
  }, '');
}
