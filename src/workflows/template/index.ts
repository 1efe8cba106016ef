/** Templates: checked when they come, rendered for each workflow, and both with the place of whatever is wrong. */
import { type Problem, TinsmithError } from '../../errors.ts';
import { refuseIf, TOLD_LIMIT } from '../../problems.ts';
import type { TemplateDocument } from './document.ts';
import {
  execute,
  LIMITS,
  type Limits,
  LineIndex,
  parse,
  type SourceMap,
  type Template,
  type Value,
} from './gotemplate/index.ts';
import { didYouMean } from './nearest.ts';
import { readName, readTemplate } from './schema.ts';
import { allNodes, HOLE, type Skeleton, skeletonOf } from './skeleton.ts';
import { deepCopy } from './sprig/index.ts';
import { TEMPLATE_FUNCTIONS } from './tinkerbell-functions.ts';
import { type Place, YamlReader } from './yaml-reader.ts';

/** Largest template text, in characters. */
const SIZE_LIMIT = 1024 * 1024;

/** How problems are told. */
const TOLD = { of: ' of the template', next: 'Correct the template at the places named.' };

/** Names in the data that no device may take. */
const RESERVED = ['Hardware', 'hardware', 'references', 'secrets', 'workflowid'] as const;

/** What a template's holes can name. */
export interface TemplateData {
  /** The map given with the workflow: each key is seen at the top, as `{{.device_1}}` and `{{device_1}}`. */
  devices: Readonly<Record<string, unknown>>;
  /** `.Hardware`: Disks, Interfaces, UserData, Metadata, VendorData. */
  hardware?: object | undefined;
  /** `.hardware`: the machine's whole record. */
  hardwareObject?: object | undefined;
  /** `.references`: what the machine's hardware data refers to. */
  references?: object | undefined;
  /** `.secrets.NAME` */
  secrets?: Readonly<Record<string, string>> | undefined;
  /** `.workflowid` */
  workflowid?: string | undefined;
}

/** How a template is read. */
export interface CheckOptions {
  /** Old files: keys that nobody knows are warnings. */
  lenient?: boolean;
}

/** How a template is read, and what rendering it may cost. */
export interface RenderOptions extends CheckOptions {
  /** Bytes of output and steps of work, where they are to be other than Tinkerbell's 256 KiB and a million. */
  limits?: Limits;
}

/** A template rendered for one workflow. */
export interface RenderedTemplate {
  document: TemplateDocument;
  /** The YAML that the document was read from. */
  text: string;
  /** What was passed over because the template was read leniently, and what is right but hardly meant. */
  warnings: Problem[];
  /** Place in the template text of a field such as `tasks[0].worker`; undefined where the template has no such field. */
  placeOf(field: string): Place | undefined;
}

/**
 * Checks a template when it is uploaded, before there are values for its holes: the holes themselves always; the YAML
 * and the schema as far as they do not depend on what the holes will write.
 *
 * @returns the template's name, which must be written out in it, and warnings with line and column.
 * @throws TinsmithError INVALID_INPUT with all problems found, each with line and column.
 */
export function checkTemplate(text: string, options: CheckOptions = {}): { name: string; warnings: Problem[] } {
  const template = parseTemplate(text);
  const { name, problems, warnings } = checkSkeleton(skeletonOf(template), options);
  refuseIf([...undefinedTemplates(template), ...problems], TOLD);
  return { name, warnings: warnings.slice(0, TOLD_LIMIT) };
}

/**
 * Renders a template and checks all of the result.
 *
 * @throws TinsmithError INVALID_INPUT: the first hole that cannot be filled, or all problems of the document, each with
 * line and column of the template text.
 */
export function renderTemplate(text: string, data: TemplateData, options: RenderOptions = {}): RenderedTemplate {
  const template = parseTemplate(text);
  const { limits = LIMITS, lenient = false } = options;
  const visible = ownData(template, visibleData(data));
  const rendered = execute(template, visible, { functions: TEMPLATE_FUNCTIONS, limits, nilHoles: 'refuse' });
  const reader = new YamlReader(rendered.text, placesBy(rendered.map));
  const document = readTemplate(reader, { lenient });
  refuseIf(reader.problems, TOLD);
  if (document === undefined) throw new TinsmithError('INTERNAL', 'A template without problems has no document.');
  const warnings = reader.warnings.slice(0, TOLD_LIMIT);
  return { document, text: rendered.text, warnings, placeOf: (field) => reader.places.get(field) };
}

/** The data, or a copy where the template has functions that change maps: the caller's stay as they are. */
function ownData(template: Template, data: Value): Value {
  const changes = [...template.calls].some((name) => TEMPLATE_FUNCTIONS.get(name)?.mutates);
  return changes ? deepCopy(data, () => {}) : data;
}

function parseTemplate(text: string): Template {
  if (text.length > SIZE_LIMIT) {
    refuseIf(
      [{ field: '', message: `the template is longer than ${SIZE_LIMIT} characters`, line: 1, column: 1 }],
      TOLD,
    );
  }
  return parse(text, TEMPLATE_FUNCTIONS);
}

/** Calls of templates that the text does not define, wherever they stand. */
function undefinedTemplates(template: Template): Problem[] {
  const lines = new LineIndex(template.text);
  return [...allNodes(template)].flatMap((node) => {
    if (node.kind !== 'template' || template.defined.has(node.name)) return [];
    const message = `there is no template "${node.name}"${didYouMean(node.name, template.defined.keys())}`;
    return [{ field: '', message, ...lines.positionOf(node.start) }];
  });
}

/** What can be said of a template without values. */
interface Checked {
  name: string;
  problems: Problem[];
  warnings: Problem[];
}

function checkSkeleton(skeleton: Skeleton, { lenient = false }: CheckOptions): Checked {
  const scanned = scanName(skeleton);
  if (skeleton.branches) return scanned;
  const reader = new YamlReader(skeleton.text, placesBy(skeleton.map), HOLE);
  // Holes on lines of their own may be what makes the YAML whole.
  if (skeleton.partial && reader.root === undefined) return scanned;
  const document = readTemplate(reader, { partial: skeleton.partial, lenient });
  const { warnings } = reader;
  if (document === undefined || document.name === '') {
    return { name: '', problems: reader.problems.length > 0 ? reader.problems : scanned.problems, warnings };
  }
  const place = reader.places.get('name');
  const problem = reader.isOpen(document.name) ? [{ ...OPEN_NAME, line: place?.line, column: place?.column }] : [];
  return { name: document.name, problems: [...reader.problems, ...problem], warnings };
}

const OPEN_NAME = { field: 'name', message: 'the name of a template must be written out, it cannot be a hole' };

/** The name in a text that cannot be read as YAML yet: a line that begins with `name:` belongs to the top level. */
function scanName(skeleton: Skeleton): Checked {
  const line = /^name:(?=[ \t])[^\n]*/m.exec(skeleton.text);
  if (line === null) {
    const message = 'the template has no line "name: …" at its top level';
    return { name: '', problems: [{ field: 'name', message, line: 1, column: 1 }], warnings: [] };
  }
  const place = placesBy(skeleton.map);
  const reader = new YamlReader(line[0], (offset) => place(line.index + offset), HOLE);
  const name = readName(reader);
  if (name !== undefined && reader.isOpen(name)) {
    const { line: at, column } = place(line.index);
    reader.problems.push({ ...OPEN_NAME, line: at, column });
  }
  return { name: name ?? '', problems: reader.problems, warnings: [] };
}

function placesBy(map: SourceMap): (offset: number) => Place {
  return (offset) => {
    const { line, column, hole } = map.originOf(offset);
    return { line, column, hole };
  };
}

/** The data as holes see it. @throws TinsmithError when a device has the name of something else */
function visibleData(data: TemplateData): Value {
  const { devices, hardware, hardwareObject, references, secrets, workflowid } = data;
  const taken = Object.keys(devices).filter((key) => RESERVED.some((name) => name === key));
  if (taken.length > 0) {
    throw new TinsmithError(
      'INVALID_INPUT',
      `A device cannot be named ${taken.join(' or ')}, templates find other data there.`,
      {
        next: `Give it another name than ${RESERVED.join(', ')}.`,
        problems: taken.map((key) => ({ field: `devices.${key}`, message: `"${key}" is reserved` })),
      },
    );
  }
  const others = { Hardware: hardware, hardware: hardwareObject, references, secrets, workflowid };
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  return Object.assign(Object.create(null), devices, Object.fromEntries(given));
}
