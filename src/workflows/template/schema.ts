/** A template document out of YAML: Tinkerbell's schema, and what its proposals and this appliance add to it. */
import type { TemplateDocument, TemplateService } from './document.ts';
import { readData } from './schema/data.ts';
import { FieldReader, type ReadOptions } from './schema/fields.ts';
import { readHooks } from './schema/hooks.ts';
import { checkLimit, checkNames, checkSize } from './schema/limits.ts';
import { checkPublished } from './schema/ports.ts';
import { readService } from './schema/service.ts';
import { readTask } from './schema/task.ts';
import type { Fields, Item, YamlReader } from './yaml-reader.ts';

export type { ReadOptions } from './schema/fields.ts';

const VERSION = '0.1';
const TEMPLATE_KEYS = [
  'version',
  'name',
  'id',
  'global_timeout',
  'tasks',
  'services',
  'on_failure',
  'on_timeout',
  'data',
];

/**
 * Reads a template document. All problems and warnings go to the reader; the document is worth something only when
 * there are no problems.
 */
export function readTemplate(reader: YamlReader, options: ReadOptions = {}): TemplateDocument | undefined {
  if (reader.root === undefined) return undefined;
  const read = new FieldReader(reader, options);
  const fields = read.map(reader.root, 'a map with version, name and tasks', TEMPLATE_KEYS);
  return fields === undefined ? undefined : readDocument(read, fields);
}

/** Reads only the name, of a text that has no more than that. */
export function readName(reader: YamlReader): string | undefined {
  if (reader.root === undefined) return undefined;
  const read = new FieldReader(reader, {});
  const fields = read.map(reader.root, 'a map', ['name']);
  return fields === undefined ? undefined : read.name(read.required(fields, 'name'));
}

function readDocument(read: FieldReader, fields: Fields): TemplateDocument {
  const { items } = fields;
  const tasks = { what: 'a list of tasks', one: 'task', empty: false };
  const document: TemplateDocument = {
    version: readVersion(read, fields),
    name: read.name(read.required(fields, 'name')),
    globalTimeout: read.seconds(items.get('global_timeout')),
    data: readData(read, items.get('data')),
    services: readServices(read, items.get('services')),
    tasks: read.named(read.required(fields, 'tasks'), tasks, (item) => readTask(read, item)),
    onFailure: readHooks(read, items.get('on_failure'), 'on_failure'),
    onTimeout: readHooks(read, items.get('on_timeout'), 'on_timeout'),
  };
  const actions = document.tasks.flatMap((task) => task.actions);
  checkLimit(read, items.get('global_timeout'), 'workflow', document.globalTimeout, actions);
  checkNames(read, items.get('tasks'), document);
  checkSize(read, items.get('tasks') ?? fields.at, document);
  return document;
}

function readServices(read: FieldReader, item: Item | undefined): TemplateService[] {
  const at: Item[] = [];
  const services = read.named(item, { what: 'a list of services', one: 'service' }, (element) => {
    const service = readService(read, element);
    if (service !== undefined) at.push(element);
    return service;
  });
  checkPublished(read, services, at);
  return services;
}

/** Tinkerbell has checked the version until v0.8 only. */
function readVersion(read: FieldReader, fields: Fields): string {
  if (!read.lenient) return read.checked(read.required(fields, 'version'), 'a text', problemOfVersion);
  const item = fields.items.get('version');
  const text = item === undefined ? '' : read.text(item, 'a text');
  const problem = text === '' ? `version is missing, "${VERSION}" is assumed` : problemOfVersion(text);
  if (problem !== undefined && !read.isOpen(text)) read.warn(item ?? { ...fields.at, field: 'version' }, problem);
  return text === '' ? VERSION : text;
}

function problemOfVersion(version: string): string | undefined {
  return version === VERSION ? undefined : `the version must be "${VERSION}", not "${version}"`;
}
