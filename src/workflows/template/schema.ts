import type { ImageRun, TemplateAction, TemplateDocument, TemplateTask, Verb } from './document.ts';
import { parseImageReference } from './image-reference.ts';
import { didYouMean } from './nearest.ts';
import { checkVolume, mergeVolumes } from './volumes.ts';
import type { Fields, Item, YamlReader } from './yaml-reader.ts';

const VERSION = '0.1';
const NAME_LIMIT = 200;
/** Seconds; 68 years, the most that timers of 32 bits hold. */
const TIMEOUT_LIMIT = 2 ** 31 - 1;
/** Characters of the document once each task's volumes and environment are merged into its actions. */
const MERGED_LIMIT = 4 * 1024 * 1024;

const TEMPLATE_KEYS = ['version', 'name', 'id', 'global_timeout', 'tasks', 'services'];
const TASK_KEYS = ['name', 'worker', 'actions', 'volumes', 'environment'];
const IMAGE_KEYS = ['image', 'command', 'on-timeout', 'on-failure', 'volumes', 'environment', 'pid', 'namespaces'];
const ACTION_KEYS = ['name', 'timeout', 'verb', ...IMAGE_KEYS];
const NAMESPACE_KEYS = ['network', 'pid'];
const VERBS: readonly Verb[] = ['reboot', 'poweroff'];

/**
 * Reads a template document (Tinkerbell's schema, with our verbs). All problems go to the reader; the document is worth
 * something only when there are none.
 *
 * @param partial the text has holes in place of whole lines, so a key that is missing may be in one of them
 */
export function readTemplate(reader: YamlReader, partial = false): TemplateDocument | undefined {
  if (reader.root === undefined) return undefined;
  return new TemplateReader(reader, partial).template(reader.root);
}

/** Reads only the name, of a text that has no more than that. */
export function readName(reader: YamlReader): string | undefined {
  return reader.root === undefined ? undefined : new TemplateReader(reader, false).nameAlone(reader.root);
}

class TemplateReader {
  readonly #reader: YamlReader;
  readonly #partial: boolean;

  constructor(reader: YamlReader, partial: boolean) {
    this.#reader = reader;
    this.#partial = partial;
  }

  template(root: Item): TemplateDocument | undefined {
    const fields = this.#reader.map(root, 'a map with version, name and tasks', TEMPLATE_KEYS);
    if (fields === undefined) return undefined;
    const services = fields.items.get('services');
    if (services !== undefined && !this.#reader.isEmpty(services)) {
      this.#reader.report(services, 'services cannot be run yet; remove them, or start what they do as an action');
    }
    const document = {
      version: this.#checked(this.#required(fields, 'version'), 'a text', (version) => {
        return version === VERSION ? undefined : `the version must be "${VERSION}", not "${version}"`;
      }),
      name: this.#name(this.#required(fields, 'name')),
      globalTimeout: this.#timeout(fields.items.get('global_timeout')),
      tasks: this.#listOf(this.#required(fields, 'tasks'), 'a list of tasks', 'task', (item) => this.#task(item)),
    };
    if (mergedSize(document) > MERGED_LIMIT) {
      const message = `the actions with their task's volumes and environment exceed ${MERGED_LIMIT} characters`;
      this.#reader.report(fields.items.get('tasks') ?? root, message);
    }
    return document;
  }

  nameAlone(root: Item): string | undefined {
    const fields = this.#reader.map(root, 'a map', ['name']);
    return fields === undefined ? undefined : this.#name(this.#required(fields, 'name'));
  }

  #task(item: Item): TemplateTask | undefined {
    const fields = this.#reader.map(item, 'a task (a map with name, worker and actions)', TASK_KEYS);
    if (fields === undefined) return undefined;
    const name = this.#name(this.#required(fields, 'name'));
    const worker = this.#checked(this.#required(fields, 'worker'), 'the address of a worker', () => undefined);
    const volumes = this.#volumes(fields.items.get('volumes'));
    const environment = this.#environment(fields.items.get('environment'));
    const actions = this.#listOf(this.#required(fields, 'actions'), 'a list of actions', 'action', (action) => {
      return this.#action(action, volumes, environment);
    });
    return { name, worker, actions };
  }

  #action(item: Item, volumes: readonly string[], environment: Record<string, string>): TemplateAction | undefined {
    const fields = this.#reader.map(item, 'an action (a map with name and image)', ACTION_KEYS);
    if (fields === undefined) return undefined;
    const name = this.#name(this.#required(fields, 'name'));
    const timeout = this.#timeout(fields.items.get('timeout'));
    const verb = fields.items.get('verb');
    if (verb !== undefined) return { name, timeout, run: { kind: 'verb', verb: this.#verb(fields, verb) } };
    return { name, timeout, run: this.#image(fields, volumes, environment) };
  }

  #verb(fields: Fields, item: Item): Verb {
    for (const key of IMAGE_KEYS) {
      const other = fields.items.get(key);
      if (other !== undefined) this.#reader.report(other, `an action with a verb has no ${key}`);
    }
    const text = this.#checked(item, VERBS.join(' or '), (verb) => {
      if (VERBS.some((known) => known === verb)) return undefined;
      return `"${verb}" is no verb${didYouMean(verb, VERBS)}; there are: ${VERBS.join(', ')}`;
    });
    return VERBS.find((known) => known === text) ?? 'reboot';
  }

  #image(fields: Fields, taskVolumes: readonly string[], taskEnvironment: Record<string, string>): ImageRun {
    const image = this.#required(fields, 'image', 'the action has neither image nor verb; give it an image');
    const own = this.#volumes(fields.items.get('volumes'));
    const { volumes, clash } = mergeVolumes(taskVolumes, own);
    const namespaces = fields.items.get('namespaces');
    if (clash !== undefined) {
      this.#reader.report(
        fields.items.get('volumes') ?? fields.at,
        `two volumes are mounted at ${clash}, with the task's`,
      );
    }
    return {
      kind: 'image',
      image: this.#checked(image, 'the name of an image', (text) => {
        const parsed = parseImageReference(text);
        return 'problem' in parsed ? `"${text}" is no image name: ${parsed.problem}` : undefined;
      }),
      command: this.#strings(fields.items.get('command'), 'command'),
      volumes,
      environment: { ...taskEnvironment, ...this.#environment(fields.items.get('environment')) },
      ...this.#namespaces(fields, namespaces),
      onTimeout: this.#strings(fields.items.get('on-timeout'), 'on-timeout'),
      onFailure: this.#strings(fields.items.get('on-failure'), 'on-failure'),
    };
  }

  #namespaces(fields: Fields, item: Item | undefined): { pid?: string; network?: string } {
    const inner =
      item === undefined || this.#reader.isEmpty(item)
        ? undefined
        : this.#reader.map(item, 'a map with network and pid', NAMESPACE_KEYS);
    const outerPid = this.#optional(fields.items.get('pid'), 'host', problemOfPid);
    const innerPid = this.#optional(inner?.items.get('pid'), 'host', problemOfPid);
    const network = this.#optional(inner?.items.get('network'), 'a network', problemOfNetwork);
    const innerItem = inner?.items.get('pid');
    if (innerItem !== undefined && outerPid !== '' && innerPid !== '' && outerPid !== innerPid) {
      this.#reader.report(innerItem, `differs from pid: ${outerPid}; give it once`);
    }
    const pid = outerPid === '' ? innerPid : outerPid;
    return { ...(pid === '' ? {} : { pid }), ...(network === '' ? {} : { network }) };
  }

  /** Elements of a required list of maps with unique names. */
  #listOf<T extends { name: string }>(
    item: Item | undefined,
    what: string,
    one: string,
    read: (item: Item) => T | undefined,
  ): T[] {
    if (item === undefined) return [];
    const elements = this.#reader.list(item, what);
    if (elements?.length === 0) this.#reader.report(item, `there must be at least one ${one}`);
    const seen = new Map<string, string>();
    const all: T[] = [];
    for (const element of elements ?? []) {
      const value = read(element);
      if (value === undefined) continue;
      all.push(value);
      const before = seen.get(value.name);
      if (before === undefined) seen.set(value.name, element.field);
      else if (value.name !== '' && !this.#reader.isOpen(value.name)) {
        this.#reader.report(element, `two ${one}s are named "${value.name}" (the other is ${before})`);
      }
    }
    return all;
  }

  #name(item: Item | undefined): string {
    return this.#checked(item, 'a name', (name) => {
      if ([...name].length > NAME_LIMIT) return `the name has more than ${NAME_LIMIT} characters`;
      return /\p{Cc}/u.test(name) ? 'the name has a control character or line break' : undefined;
    });
  }

  #timeout(item: Item | undefined): number {
    const text = this.#optional(item, 'whole seconds', (timeout) => {
      if (!/^(0|[1-9][0-9]*)$/.test(timeout)) return `"${timeout}" is no time in whole seconds, 0 (no limit) or more`;
      return Number(timeout) > TIMEOUT_LIMIT ? `${timeout} s is more than ${TIMEOUT_LIMIT} s` : undefined;
    });
    return /^[0-9]+$/.test(text) ? Number(text) : 0;
  }

  #strings(item: Item | undefined, key: string): string[] {
    if (item === undefined) return [];
    const elements = this.#reader.list(item, `a list of texts, such as ${key}: ["sh", "-c", "…"]`);
    return (elements ?? []).flatMap((element) => {
      const text = this.#reader.text(element, 'a text');
      if (text === '' && this.#reader.isEmpty(element))
        this.#reader.report(element, 'is empty; write "" for an empty text');
      return text === undefined ? [] : [text];
    });
  }

  #volumes(item: Item | undefined): string[] {
    if (item === undefined) return [];
    const destinations = new Set<string>();
    const elements = this.#reader.list(item, 'a list of volumes, such as volumes: ["/dev:/dev"]');
    return (elements ?? []).map((element) => {
      return this.#checked(element, 'source:destination', (volume) => {
        const checked = checkVolume(volume);
        if ('problem' in checked) return `"${volume}" is no volume: ${checked.problem}`;
        if (destinations.has(checked.destination)) return `two volumes are mounted at ${checked.destination}`;
        destinations.add(checked.destination);
        return undefined;
      });
    });
  }

  #environment(item: Item | undefined): Record<string, string> {
    const environment: Record<string, string> = Object.create(null);
    const fields =
      item === undefined || this.#reader.isEmpty(item) ? undefined : this.#reader.map(item, 'a map of variables');
    for (const [name, value] of fields?.items ?? []) {
      if (name === '' || name.includes('=') || name.includes('\0')) {
        this.#reader.report(value, `"${name}" is no name of a variable (it must not be empty or have =)`);
      }
      environment[name] = this.#reader.text(value, 'a text, number or boolean') ?? '';
    }
    return environment;
  }

  /** The item of a key that must be there and have a value. */
  #required(fields: Fields, key: string, message = `${key} is missing`): Item | undefined {
    const item = fields.items.get(key);
    if (item !== undefined && !this.#reader.isEmpty(item)) return item;
    if (item === undefined && (this.#partial || !fields.complete)) return undefined;
    const field = fields.at.field === '' ? key : `${fields.at.field}.${key}`;
    this.#reader.report(item ?? { field, offset: fields.at.offset }, item === undefined ? message : `${key} is empty`);
    return undefined;
  }

  /** Text of a value that must not be empty, with `check` for what else is wrong with it; '' where it is not there. */
  #checked(item: Item | undefined, what: string, check: (text: string) => string | undefined): string {
    const text = item === undefined ? undefined : this.#reader.text(item, what);
    if (item === undefined || text === undefined) return '';
    if (this.#reader.isOpen(text)) return text;
    const problem = text === '' ? `is empty, expected ${what}` : check(text);
    if (problem !== undefined) this.#reader.report(item, problem);
    return text;
  }

  /** Text of a value that may be left out or empty. */
  #optional(item: Item | undefined, what: string, check: (text: string) => string | undefined): string {
    return item === undefined || this.#isBlank(item) ? '' : this.#checked(item, what, check);
  }

  #isBlank(item: Item): boolean {
    return this.#reader.isEmpty(item) || this.#reader.isEmptyText(item);
  }
}

function problemOfPid(pid: string): string | undefined {
  if (pid === 'host' || /^container:[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(pid)) return undefined;
  return `"${pid}" is no PID namespace; it may be host, container:NAME, or left out`;
}

function problemOfNetwork(network: string): string | undefined {
  if (/^(container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(network)) return undefined;
  return `"${network}" is no network; it may be host, none, bridge, container:NAME, or a network's name`;
}

function mergedSize(document: TemplateDocument): number {
  let size = 0;
  const count = (texts: Iterable<string>): void => {
    for (const text of texts) size += text.length;
  };
  for (const { run } of document.tasks.flatMap((task) => task.actions)) {
    if (run.kind !== 'image') continue;
    for (const texts of [run.command, run.volumes, run.onTimeout, run.onFailure]) count(texts);
    count(Object.keys(run.environment));
    count(Object.values(run.environment));
  }
  return size;
}
