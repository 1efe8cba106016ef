import type { Container } from '../document.ts';
import { parseImageReference } from '../image-reference.ts';
import { checkVolume, mergeVolumes } from '../volumes.ts';
import type { Fields, Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';
import { parseCpus, parseMemory } from './units.ts';

/** Keys of everything that is done in a container. */
export const CONTAINER_KEYS = [
  'image',
  'command',
  'volumes',
  'environment',
  'pid',
  'namespaces',
  'privileged',
  'memory',
  'cpus',
] as const;
const NAMESPACE_KEYS = ['network', 'pid'];

/** What a task gives to all of its actions. */
export interface Shared {
  volumes: readonly string[];
  environment: Readonly<Record<string, string>>;
}

interface Around {
  task?: Shared;
  /** What is said where there is no image. */
  noImage?: string;
  /** The environment may be a list of `NAME=value` too, as Compose has it. */
  listed?: boolean;
}

/** The container that the keys of `fields` describe, with what its task gives it. */
export function readContainer(
  read: FieldReader,
  fields: Fields,
  { task, noImage, listed = false }: Around = {},
): Container {
  const image = read.required(fields, 'image', noImage);
  const { volumes, clash } = mergeVolumes(task?.volumes ?? [], readVolumes(read, fields.items.get('volumes')));
  if (clash !== undefined) {
    read.report(fields.items.get('volumes') ?? fields.at, `two volumes are mounted at ${clash}, with the task's`);
  }
  const privileged = read.flag(fields.items.get('privileged'));
  const memory = read.parsed(fields.items.get('memory'), 'a size, such as 512m', parseMemory);
  const cpus = read.parsed(fields.items.get('cpus'), 'a number of processors', parseCpus);
  return {
    image: read.checked(image, 'the name of an image', (text) => {
      const parsed = parseImageReference(text);
      return 'problem' in parsed ? `"${text}" is no image name: ${parsed.problem}` : undefined;
    }),
    command: read.strings(fields.items.get('command'), 'command'),
    volumes,
    environment: { ...task?.environment, ...readEnvironment(read, fields.items.get('environment'), listed) },
    ...readNamespaces(read, fields),
    ...(privileged === undefined ? {} : { privileged }),
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
  };
}

/** Volumes as `source:destination[:options]`, each checked. */
export function readVolumes(read: FieldReader, item: Item | undefined): string[] {
  const destinations = new Set<string>();
  return read.list(item, 'a list of volumes, such as volumes: ["/dev:/dev"]').map((element) => {
    return read.checked(element, 'source:destination', (volume) => {
      const checked = checkVolume(volume);
      if ('problem' in checked) return `"${volume}" is no volume: ${checked.problem}`;
      if (destinations.has(checked.destination)) return `two volumes are mounted at ${checked.destination}`;
      destinations.add(checked.destination);
      return undefined;
    });
  });
}

/** Variables of a map or, where that is allowed, of a list. */
export function readEnvironment(read: FieldReader, item: Item | undefined, listed = false): Record<string, string> {
  if (listed && item !== undefined && read.isList(item)) return readVariables(read, item);
  const environment: Record<string, string> = Object.create(null);
  for (const [name, value] of read.optionalMap(item, 'a map of variables')?.items ?? []) {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      read.report(value, `"${name}" is no name of a variable (it must not be empty or have =)`);
    }
    environment[name] = read.text(value, 'a text, number or boolean');
  }
  return environment;
}

function readVariables(read: FieldReader, item: Item): Record<string, string> {
  const environment: Record<string, string> = Object.create(null);
  for (const element of read.list(item, 'a list of variables')) {
    const text = read.checked(element, 'NAME=value', (variable) => {
      return /^[^=]+=/.test(variable) ? undefined : `"${variable}" is no variable; write NAME=value`;
    });
    const [name = ''] = text.split('=', 1);
    if (name in environment && !read.isOpen(name)) read.report(element, `"${name}" is given twice`);
    environment[name] = text.slice(name.length + 1);
  }
  return environment;
}

function readNamespaces(read: FieldReader, fields: Fields): { pid?: string; network?: string } {
  const inner = read.optionalMap(fields.items.get('namespaces'), 'a map with network and pid', NAMESPACE_KEYS);
  const outerPid = read.optional(fields.items.get('pid'), 'host', problemOfPid);
  const innerPid = read.optional(inner?.items.get('pid'), 'host', problemOfPid);
  const network = read.optional(inner?.items.get('network'), 'a network', problemOfNetwork);
  const innerItem = inner?.items.get('pid');
  if (innerItem !== undefined && outerPid !== '' && innerPid !== '' && outerPid !== innerPid) {
    read.report(innerItem, `differs from pid: ${outerPid}; give it once`);
  }
  const pid = outerPid === '' ? innerPid : outerPid;
  return { ...(pid === '' ? {} : { pid }), ...(network === '' ? {} : { network }) };
}

function problemOfPid(pid: string): string | undefined {
  if (pid === 'host' || /^container:[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(pid)) return undefined;
  return `"${pid}" is no PID namespace; it may be host, container:NAME, or left out`;
}

function problemOfNetwork(network: string): string | undefined {
  if (/^(container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(network)) return undefined;
  return `"${network}" is no network; it may be host, none, bridge, container:NAME, or a network's name`;
}
