import { type Document, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, type YAMLError } from 'yaml';
import type { Mistake, Path } from './error.ts';
import { DEPTH_MAX, type Parsed, TextError } from './json.ts';
import type { Place } from './positions.ts';

/** How often aliases may be followed, the aliases within them included: far above what a person writes by hand. */
const ALIASES_MAX = 10_000;

const TOO_DEEP = `nested more than ${DEPTH_MAX} levels deep`;

const WORDS: Partial<Record<YAMLError['code'], string>> = {
  BAD_INDENT: 'the indentation does not fit what is above it',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation does not fit what is above it',
  MULTIPLE_DOCS: 'more than one YAML document in the file',
  NON_STRING_KEY: 'a name must be a string',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: 'a tab where YAML wants spaces',
  TAG_RESOLVE_FAILED: 'a tag ("!…") that has no meaning here',
};

/** YAML 1.2 (so JSON with comments, too). Throws `TextError`. */
export function parseYaml(text: string): Parsed {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, stringKeys: true });
  const error = document.errors[0] ?? document.warnings[0];
  if (error) throw new TextError(error.pos[0], WORDS[error.code] ?? error.message.replace(/\s+/g, ' '));
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.source === ''))
    throw new TextError(0, 'the file is empty');
  const walk: Walk = { mistakes: [], anchors: new Set() };
  const root = placed(contents, contents.range[0], [], walk);
  return { value: plainOf(document), root, mistakes: walk.mistakes };
}

function plainOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    const bomb = error instanceof ReferenceError && error.message.startsWith('Excessive');
    throw new TextError(0, bomb ? `aliases are followed more than ${ALIASES_MAX} times` : String(error));
  }
}

interface Walk {
  readonly mistakes: Mistake[];
  /** Those seen so far: an alias stands for what is above it. */
  readonly anchors: Set<string>;
}

/** Aliases are leaves here: what they stand for has its place where it is written. */
function placed(node: unknown, offset: number, path: Path, walk: Walk): Place {
  if (path.length > DEPTH_MAX) throw new TextError(offset, TOO_DEEP);
  if (isAlias(node)) {
    if (!walk.anchors.has(node.source))
      throw new TextError(
        node.range?.[0] ?? offset,
        `*${node.source} stands for nothing: there is no &${node.source} above it`,
      );
  } else if (isNode(node) && node.anchor !== undefined) walk.anchors.add(node.anchor);
  const inside = (value: unknown, part: string | number, at: unknown) =>
    placed(value, isNode(at) && at.range ? at.range[0] : offset, [...path, part], walk);
  if (isSeq(node))
    return { offset, children: new Map(node.items.map((item, index) => [index, inside(item, index, item)])) };
  if (!isMap(node)) return { offset };
  const children = new Map<string, Place>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (children.has(name)) walk.mistakes.push({ path: [...path, name], message: 'given twice' });
    children.set(name, inside(value, name, key));
  }
  return { offset, children };
}
