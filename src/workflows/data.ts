/**
 * The ephemeral data of workflows: what their workers share, every version kept with who wrote it and when. Nothing is
 * lost between two writers: their changes to a JSON object are merged, or the later is refused and told who was first.
 */
import { createHash } from 'node:crypto';
import { messageOf, TinsmithError } from '../errors.ts';
import { NESTED_MAX, nestsTooDeep } from '../json.ts';
import type { EventLog } from '../store/events.ts';
import type { Reader, Store, Transaction } from '../store/store.ts';
import { isObject, type Json, type JsonObject, mergeObjects, parseExactly } from './data-merge.ts';
import type { DataRules } from './template/document.ts';

/** Who wrote a version. */
export interface DataWriter {
  /** For people: `action partition on node1`, `an administrator`. */
  name: string;
  /** Id of the machine. */
  worker?: string;
  task?: string;
  action?: string;
}

/** One version, without its bytes. */
export interface DataVersion {
  /** Counted from 1. */
  version: number;
  /** ms since 1970 */
  at: number;
  by: DataWriter;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** What is to be written, and what it was made of. */
export interface DataUpdate {
  bytes: Buffer;
  /** The version that the writer began with; undefined: whatever is the latest is replaced. 0: there was none. */
  base?: number;
  by: DataWriter;
}

const keys = {
  head: (workflow: string) => `data-head/${workflow}`,
  version: (workflow: string, version: number) => `data/${workflow}/${pad(version)}`,
  body: (workflow: string, version: number) => `data-body/${workflow}/${pad(version)}`,
};
const pad = (version: number): string => String(version).padStart(9, '0');

/** The data of all workflows. */
export class WorkflowData {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #clock: () => number;
  readonly #rulesOf: (workflow: string) => DataRules;
  readonly #limit: number;

  /**
   * @param parts.rulesOf what a workflow's template says of its data. @throws TinsmithError NOT_FOUND
   * @param parts.limit bytes of data whose template says nothing
   */
  constructor(parts: {
    store: Store;
    events: EventLog;
    clock: () => number;
    rulesOf: (workflow: string) => DataRules;
    limit: number;
  }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#rulesOf = parts.rulesOf;
    this.#limit = parts.limit;
  }

  /** What the data of a workflow may be: its kind, and the limit in bytes. @throws TinsmithError NOT_FOUND */
  rules(workflow: string): Required<DataRules> {
    const { kind, limit = this.#limit } = this.#rulesOf(workflow);
    return { kind, limit };
  }

  /** The latest version, or the one asked for; undefined when there is none (yet). */
  read(workflow: string, version?: number): { version: number; bytes: Buffer; meta: DataVersion } | undefined {
    const wanted = version || this.#store.get<number>(keys.head(workflow));
    const meta = wanted && this.#store.get<DataVersion>(keys.version(workflow, wanted));
    if (!meta) return undefined;
    return { version: meta.version, bytes: bytesOf(this.#store, workflow, meta.version), meta };
  }

  /** All versions, oldest first. */
  versions(workflow: string): Promise<DataVersion[]> {
    return this.#store.values<DataVersion>(`data/${workflow}/`);
  }

  /**
   * Writes a version. When this returns it is on disk.
   * @returns its number, and whether it holds more than was given: what others wrote since `base`
   * @throws TinsmithError NOT_FOUND, INVALID_INPUT (no JSON object, too large), DATA_CONFLICT (names both writers)
   */
  async write(workflow: string, update: DataUpdate): Promise<{ version: number; merged: boolean }> {
    const { kind, limit } = this.rules(workflow);
    refuseLarger(update.bytes.length, limit, update.by);
    if (kind === 'json') parseObject(update.bytes, update.by);
    return this.#store.change((transaction) => {
      const head = transaction.get<number>(keys.head(workflow)) ?? 0;
      const { bytes, merged } = this.#bring(transaction, workflow, update, head, kind);
      refuseLarger(bytes.length, limit, update.by);
      const sha256 = digest(bytes);
      const latest = transaction.get<DataVersion>(keys.version(workflow, head));
      if (latest?.sha256 === sha256) return { version: head, merged };
      const version: DataVersion = { version: head + 1, at: this.#clock(), by: update.by, size: bytes.length, sha256 };
      transaction.put(keys.head(workflow), version.version);
      transaction.put(keys.version(workflow, version.version), version);
      transaction.put(keys.body(workflow, version.version), bytes.toString(kind === 'json' ? 'utf8' : 'base64'));
      transaction.put(`data-kind/${workflow}`, kind);
      this.#events.append(transaction, {
        kind: 'data.changed',
        workflow,
        machine: update.by.worker,
        data: { version: version.version, size: version.size, by: update.by, merged },
      });
      return { version: version.version, merged };
    });
  }

  /** What is to be stored: the update itself, or what it makes of the latest version. */
  #bring(
    transaction: Transaction,
    workflow: string,
    { bytes, base, by }: DataUpdate,
    head: number,
    kind: DataRules['kind'],
  ): { bytes: Buffer; merged: boolean } {
    if (base === undefined || base === head) return { bytes, merged: false };
    if (base > head)
      throw new TinsmithError('CONFLICT', `The data of workflow ${workflow} has no version ${base}, only ${head}.`, {
        next: 'Read the latest version, and change that.',
      });
    const own = transaction.get<DataVersion>(keys.version(workflow, base + 1));
    // Its answer was lost, and the writer sends it again: it is in what others have made of it since.
    if (own?.sha256 === digest(bytes) && isSameWriter(own.by, by))
      return { bytes: bytesOf(transaction, workflow, head), merged: head > own.version };
    const latest = transaction.get<DataVersion>(keys.version(workflow, head));
    const theirs = bytesOf(transaction, workflow, head);
    if (theirs.equals(bytes)) return { bytes, merged: false };
    const first = `${latest?.by.name} (version ${head})`;
    if (kind === 'binary') throw conflict(workflow, `the data, which is binary,`, first, by, base);
    const before = base === 0 ? {} : parseObject(bytesOf(transaction, workflow, base), by);
    const result = mergeObjects(before, parseObject(theirs, by), parseObject(bytes, by));
    if (result.kind === 'conflict') throw conflict(workflow, `key ${result.path.join('.')}`, first, by, base);
    return { bytes: Buffer.from(JSON.stringify(result.value, null, 2)), merged: true };
  }

  /** Removes all versions: the workflow is gone. */
  async clear(workflow: string): Promise<void> {
    for (const prefix of ['data', 'data-body']) await this.#store.clear(`${prefix}/${workflow}/`);
    await this.#store.change((transaction) => {
      transaction.delete(keys.head(workflow));
      transaction.delete(`data-kind/${workflow}`);
    });
  }
}

function bytesOf(from: Reader, workflow: string, version: number): Buffer {
  const kind = from.get<DataRules['kind']>(`data-kind/${workflow}`);
  return Buffer.from(from.get<string>(keys.body(workflow, version)) ?? '', kind === 'binary' ? 'base64' : 'utf8');
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function isSameWriter(a: DataWriter, b: DataWriter): boolean {
  return a.worker === b.worker && a.task === b.task && a.action === b.action && a.name === b.name;
}

function refuseLarger(size: number, limit: number, by: DataWriter): void {
  if (size <= limit) return;
  throw new TinsmithError('INVALID_INPUT', `The data that ${by.name} wrote has ${size} bytes; the limit is ${limit}.`, {
    next: 'Write less, or raise the limit: data: {limit: …} in the template, or --data-limit of the appliance.',
    problems: [{ field: '', message: `${size} bytes are more than ${limit}` }],
  });
}

function parseObject(bytes: Buffer, by: DataWriter): JsonObject {
  let value: Json;
  try {
    value = parseExactly(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw notAnObject(by, messageOf(error));
  }
  if (!isObject(value))
    throw notAnObject(by, `it is ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`);
  // Whoever merges it goes down as deep as it is.
  if (nestsTooDeep(value)) throw notAnObject(by, `it nests lists and maps more than ${NESTED_MAX} deep`);
  return value;
}

function notAnObject(by: DataWriter, why: string): TinsmithError {
  return new TinsmithError('INVALID_INPUT', `The data that ${by.name} wrote is no JSON object: ${why}.`, {
    next: 'Write a JSON object, or declare the data binary in the template: data: {type: binary}.',
    problems: [{ field: '', message: why }],
  });
}

function conflict(workflow: string, what: string, first: string, by: DataWriter, base: number): TinsmithError {
  return new TinsmithError(
    'DATA_CONFLICT',
    `In the data of workflow ${workflow}, ${what} was changed by ${first} and, differently, by ${by.name}, which began with version ${base}. The first stands.`,
    { next: 'Read the latest version, and make the change in that: tinsmith workflow data ID' },
  );
}
