import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../../errors.ts';
import { didYouMean } from './nearest.ts';
import { isNull, offsetOf, plainValue, shape, wordsOf } from './yaml-nodes.ts';

/** Largest document read, in characters. */
const SIZE_LIMIT = 1024 * 1024;

/** Collections in one another; the template document itself needs six. */
const DEPTH_LIMIT = 32;

/** How many values aliases may add to those that are written out. */
const ALIAS_LIMIT = 20_000;

/** Where in the user's file something stands, and the hole that put it there, if one did. */
export interface Place {
  line: number;
  column: number;
  hole?: string | undefined;
}

/** A value in the document, with the path of keys to it, such as `tasks[0].name`. */
export interface Item {
  /** Undefined for a key without value. */
  readonly node: Node | undefined;
  readonly field: string;
  /** Offset of the value, or of its key when there is no value. */
  readonly offset: number;
}

/** Says whether a map's key is read; if not, it has told why. */
type Take = (key: string, at: { field: string; offset: number }) => boolean;

/** A map's entries by key. */
export interface Fields {
  readonly at: Item;
  readonly items: ReadonlyMap<string, Item>;
  /** Whether all keys are known: a hole in place of a key may stand for any. */
  readonly complete: boolean;
}

/**
 * Reads one YAML document value by value and collects all problems, each with its place. All scalars are texts as
 * written (YAML's failsafe schema), so that `52:54:00:00:00:01` or `yes` never turn into something else.
 */
export class YamlReader {
  readonly problems: Problem[] = [];
  /** What is taken all the same, but probably not meant. */
  readonly warnings: Problem[] = [];
  /** Place of every value that was read, by its field. */
  readonly places = new Map<string, Place>();
  /** The document's value; undefined when it could not be read. */
  readonly root: Item | undefined;
  readonly #placeOf: (offset: number) => Place;
  readonly #hole: string | undefined;
  readonly #targets = new Map<Alias, Node>();
  /** Values that the reader may still visit; aliases visit theirs again and again. */
  #budget = ALIAS_LIMIT;

  /**
   * @param placeOf leads from an offset of `text` to the user's file
   * @param hole the character that stands for a hole's unknown value; values that hold it pass every check
   */
  constructor(text: string, placeOf: (offset: number) => Place, hole?: string) {
    this.#placeOf = placeOf;
    this.#hole = hole;
    const contents = this.#parse(text);
    const sound = contents !== undefined && this.#survey(contents);
    this.root =
      sound && this.problems.length === 0 ? { node: contents, field: '', offset: offsetOf(contents) ?? 0 } : undefined;
  }

  report(item: { field: string; offset: number }, message: string): void {
    this.problems.push(this.#problem(item, message));
  }

  warn(item: { field: string; offset: number }, message: string): void {
    this.warnings.push(this.#problem(item, message));
  }

  #problem({ field, offset }: { field: string; offset: number }, message: string): Problem {
    const { line, column, hole } = this.#placeOf(offset);
    const filled = hole === undefined ? '' : ` (in what ${hole} filled in)`;
    return { field, message: message + filled, line, column };
  }

  /** Whether the text holds a hole whose value is not known. */
  isOpen(text: string): boolean {
    return this.#hole !== undefined && text.includes(this.#hole);
  }

  /** Whether the item has no value: nothing, `~` or `null`. */
  isEmpty(item: Item): boolean {
    const node = this.#resolve(item.node);
    return node === undefined || (isScalar(node) && isNull(node));
  }

  /** Whether the item is a quoted empty text. */
  isEmptyText(item: Item): boolean {
    const node = this.#resolve(item.node);
    return isScalar(node) && node.value === '';
  }

  isMap(item: Item): boolean {
    return isMap(this.#resolve(item.node));
  }

  isList(item: Item): boolean {
    return isSeq(this.#resolve(item.node));
  }

  /** Text of a scalar; '' when empty, undefined (and a problem) when it is no scalar. */
  text(item: Item, what: string): string | undefined {
    const node = this.#resolve(item.node);
    if (node === undefined) return '';
    if (!isScalar(node)) {
      this.report(item, `expected ${what}, found ${shape(node)}`);
      return undefined;
    }
    this.#remember(item);
    const text = isNull(node) ? '' : String(node.value);
    if (text.includes('\0')) {
      this.report(item, 'has a NUL character');
      return undefined;
    }
    return text;
  }

  /** A value as YAML 1.2 has it: numbers, truth values and null where they are not in quotes. */
  value(item: Item): unknown {
    const node = this.#resolve(item.node);
    if (isMap(node)) {
      const { items } = this.map(item, 'a map') ?? { items: new Map<string, Item>() };
      return Object.fromEntries([...items].map(([key, each]) => [key, this.value(each)]));
    }
    if (isSeq(node)) return (this.list(item, 'a list') ?? []).map((each) => this.value(each));
    const text = this.text(item, 'a value');
    return isScalar(node) && text !== undefined && !this.isOpen(text) ? plainValue(node, text) : (text ?? null);
  }

  /** Elements of a list; none when empty, undefined when it is no list (a problem, unless a hole stands there). */
  list(item: Item, what: string): Item[] | undefined {
    const node = this.#resolve(item.node);
    if (this.isEmpty(item)) return [];
    if (!isSeq(node)) {
      this.#refuseShape(item, node, what);
      return undefined;
    }
    this.#remember(item);
    if (!this.#charge(node.items.length, item)) return undefined;
    return node.items.map((element, index) => {
      return this.#item(element, `${item.field}[${index}]`, offsetOf(element) ?? item.offset);
    });
  }

  /**
   * Entries of a map, those of merged maps (`<<`) included. Reports keys given twice and, where `known` is given, keys
   * that are not in it.
   *
   * @param lenient such keys are only warned of
   * @returns undefined when it is no map (a problem, unless a hole stands there)
   */
  map(item: Item, what: string, known?: readonly string[], lenient = false): Fields | undefined {
    const node = this.#resolve(item.node);
    if (!isMap(node)) {
      this.#refuseShape(item, node, what);
      return undefined;
    }
    this.#remember(item);
    const items = new Map<string, Item>();
    const take = (key: string, at: { field: string; offset: number }): boolean => {
      if (known === undefined || known.includes(key)) return true;
      const message = `unknown key "${key}"${didYouMean(key, known) || `; known are ${known.join(', ')}`}`;
      if (lenient) this.warn(at, message);
      else this.report(at, message);
      return false;
    };
    const complete = this.#collect(node, item, take, items, []);
    return { at: item, items, complete };
  }

  #collect(map: YAMLMap, item: Item, take: Take, into: Map<string, Item>, within: readonly YAMLMap[]): boolean {
    if (!this.#charge(map.items.length, item)) return false;
    let complete = true;
    const own = new Set<string>();
    const merges: Item[] = [];
    for (const { key, value } of map.items) {
      const name = this.#resolve(key as Node | null);
      const place = { field: item.field, offset: offsetOf(key) ?? item.offset };
      if (!isScalar(name)) {
        this.report(place, 'a key must be a plain text');
        continue;
      }
      const text = String(name.value);
      const field = item.field === '' ? text : `${item.field}.${text}`;
      const entry = this.#item(value, field, place.offset);
      if (this.isOpen(text)) complete = false;
      else if (text === '<<' && name.type === 'PLAIN') merges.push(entry);
      else if (own.has(text)) this.report({ field, offset: place.offset }, `the key "${text}" is given twice`);
      else if (take(text, { field, offset: place.offset })) {
        own.add(text);
        if (!into.has(text)) into.set(text, entry);
      }
    }
    for (const merge of merges) complete = this.#merge(merge, take, into, [...within, map]) && complete;
    return complete;
  }

  /** Adds the entries of `<<: *map` or `<<: [*one, *two]`; keys that are there already stay. */
  #merge(merge: Item, take: Take, into: Map<string, Item>, within: readonly YAMLMap[]): boolean {
    const node = this.#resolve(merge.node);
    const field = merge.field.replace(/\.?<<$/, '');
    if (isMap(node) && !within.includes(node)) return this.#collect(node, { ...merge, field }, take, into, within);
    if (isSeq(node) && node.items.every((element) => isMap(this.#resolve(element as Node)))) {
      return node.items.every((element) =>
        this.#merge(this.#item(element, merge.field, merge.offset), take, into, within),
      );
    }
    this.report(merge, '<< must name a map, or a list of maps, defined before');
    return true;
  }

  #item(value: unknown, field: string, keyOffset: number): Item {
    const node = isAlias(value) || isMap(value) || isSeq(value) || isScalar(value) ? value : undefined;
    const empty = node === undefined || (isScalar(node) && node.source === '' && node.type === 'PLAIN');
    return { node, field, offset: empty ? keyOffset : (offsetOf(node) ?? keyOffset) };
  }

  #refuseShape(item: Item, node: Node | undefined, what: string): void {
    if (isScalar(node) && this.isOpen(String(node.value))) return;
    this.report(item, `expected ${what}, found ${this.isEmpty(item) ? 'nothing' : shape(node)}`);
  }

  #remember({ field, offset }: Item): void {
    this.places.set(field, this.#placeOf(offset));
  }

  /** Pays for visiting `count` values; false, and one problem, when aliases have multiplied them too far. */
  #charge(count: number, item: Item): boolean {
    const before = this.#budget;
    this.#budget -= count;
    if (this.#budget >= 0) return true;
    if (before >= 0) this.report(item, `aliases repeat more than ${ALIAS_LIMIT} values`);
    return false;
  }

  /** The node itself, or what its alias stands for. */
  #resolve(node: Node | null | undefined): Node | undefined {
    return isAlias(node) ? this.#targets.get(node) : (node ?? undefined);
  }

  #parse(text: string): Node | undefined {
    const start = { field: '', offset: 0 };
    if (text.length > SIZE_LIMIT) {
      this.report(start, `the document is longer than ${SIZE_LIMIT} characters`);
      return undefined;
    }
    try {
      // Doubled keys are searched for here: the library compares every key with every other.
      const document = parseDocument(text, {
        schema: 'failsafe',
        uniqueKeys: false,
        prettyErrors: false,
        logLevel: 'error',
      });
      for (const fault of [...document.errors, ...document.warnings]) {
        if (fault.code === 'TAG_RESOLVE_FAILED') continue;
        this.report({ field: '', offset: fault.pos[0] }, wordsOf(fault.code, fault.message, DEPTH_LIMIT));
      }
      if (document.contents === null && this.problems.length === 0) this.report(start, 'the document is empty');
      return document.contents ?? undefined;
    } catch (error) {
      // The library recurses into nested collections, and runs out of stack on some thousands of them.
      if (!(error instanceof RangeError)) throw error;
      this.report(start, `nested more than ${DEPTH_LIMIT} deep`);
      return undefined;
    }
  }

  /** One walk over all nodes: depth, tags, and which node each alias stands for. False when there is no going on. */
  #survey(root: Node): boolean {
    const anchors = new Map<string, Node>();
    const visit = (node: unknown, depth: number): boolean => {
      if (isAlias(node)) this.#link(node, anchors);
      if (!isScalar(node) && !isMap(node) && !isSeq(node)) return true;
      const place = { field: '', offset: offsetOf(node) ?? 0 };
      if (depth > DEPTH_LIMIT) {
        this.report(place, `nested more than ${DEPTH_LIMIT} deep`);
        return false;
      }
      if (node.tag !== undefined) this.report(place, `YAML tags (${node.tag}) are not used in templates; remove it`);
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (isScalar(node)) return true;
      this.#budget += node.items.length;
      if (isSeq(node)) return node.items.every((element) => visit(element, depth + 1));
      return node.items.every((pair) => visit(pair.key, depth + 1) && visit(pair.value, depth + 1));
    };
    return visit(root, 1);
  }

  #link(alias: Alias, anchors: ReadonlyMap<string, Node>): void {
    const target = anchors.get(alias.source);
    const place = { field: '', offset: offsetOf(alias) ?? 0 };
    if (target !== undefined) this.#targets.set(alias, target);
    else this.report(place, `the alias *${alias.source} has no anchor &${alias.source} before it`);
  }
}
