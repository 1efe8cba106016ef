/**
 * The workflow's ephemeral data: the server's newest version is put into the file `data` of the folder that the actions
 * share, before each of them, and what they made of it is sent back after each. The container is not trusted with it:
 * what it leaves there may be no file, or too large, or no JSON.
 */
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import type { WorkerApi } from './client.ts';
import { SHARED } from './container-spec.ts';
import { ActionFailure } from './images.ts';
import { jsonFault } from './json-fault.ts';
import type { AttemptKey } from './protocol.ts';

const FILE = 'data';
/** As an action sees it, for people. */
const SHOWN = `${SHARED}/${FILE}`;

/** What the data may be. */
export interface DataRules {
  kind: 'json' | 'binary';
  /** Bytes. */
  limit: number;
}

/** What the file was given before the action, kept beside the folder for a worker that takes the action over. */
const given = z.object({ version: z.int().min(0), sha256: z.string() });
type Given = z.infer<typeof given>;

/** One workflow's data on this machine. */
export class EphemeralData {
  /** What is mounted. */
  readonly folder: string;
  readonly #directory: string;
  readonly #workflow: string;
  readonly #rules: DataRules;
  readonly #api: Pick<WorkerApi, 'data' | 'putData'>;

  /** @param parts.directory below it each workflow has its folder */
  constructor(parts: {
    directory: string;
    workflow: string;
    rules: DataRules;
    api: Pick<WorkerApi, 'data' | 'putData'>;
  }) {
    this.#directory = parts.directory;
    this.#workflow = parts.workflow;
    this.#rules = parts.rules;
    this.#api = parts.api;
    this.folder = join(parts.directory, parts.workflow);
  }

  /**
   * Makes the folder and puts the newest version into it, whole.
   * @throws ActionFailure when the server refuses it
   */
  async fetch(signal: AbortSignal): Promise<void> {
    const answer = await this.#api.data(this.#workflow, signal);
    if (answer.kind === 'refused') throw new ActionFailure(`the workflow's data can't be had: ${answer.reason}`);
    const { version } = answer.value;
    const bytes = version === 0 && this.#rules.kind === 'json' ? Buffer.from('{}') : answer.value.bytes;
    await this.#makeFolder();
    // The record first: were the worker killed in between, the file would be taken for the action's own work otherwise.
    await this.#record({ version, sha256: sha256(bytes) });
    await this.#place(bytes);
  }

  /**
   * Sends what the action has made of it, if that is something else.
   * @returns why it was not taken, or undefined
   */
  async send(key: AttemptKey, signal: AbortSignal): Promise<string | undefined> {
    const found = await readShared(join(this.folder, FILE), this.#rules.limit);
    if ('fault' in found) return found.fault;
    const { bytes } = found;
    const before = await this.#recorded();
    const now = sha256(bytes);
    if (now === before?.sha256) return undefined;
    const fault = this.#rules.kind === 'json' ? objectFault(bytes) : undefined;
    if (fault !== undefined) return fault;
    const answer = await this.#api.putData(key, before?.version ?? 0, bytes, signal);
    if (answer.kind === 'refused') return `${SHOWN} was not taken: ${answer.reason}`;
    await this.#record({ version: answer.value.version, sha256: now });
    return undefined;
  }

  get #recordPath(): string {
    return join(this.#directory, `${this.#workflow}.json`);
  }

  async #makeFolder(): Promise<void> {
    // Nobody else on this machine gets to the folders; within, containers of any user may write.
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await mkdir(this.folder, { recursive: true });
    await chmod(this.folder, 0o777);
  }

  /** By renaming: no container that is still there sees half of it, and no link that one made is followed. */
  async #place(bytes: Buffer): Promise<void> {
    const made = join(this.#directory, `${this.#workflow}.new`);
    const path = join(this.folder, FILE);
    await writeFile(made, bytes);
    await chmod(made, 0o666);
    const there = await lstat(path).catch(() => undefined);
    if (there?.isDirectory()) await rm(path, { recursive: true, force: true });
    await rename(made, path);
  }

  async #record(record: Given): Promise<void> {
    const made = `${this.#recordPath}.new`;
    await writeFile(made, JSON.stringify(record), { mode: 0o600 });
    await rename(made, this.#recordPath);
  }

  async #recorded(): Promise<Given | undefined> {
    try {
      return given.parse(JSON.parse(await readFile(this.#recordPath, 'utf8')));
    } catch {
      // A worker of before had none: what is there is then sent as the first version, and merged or refused as such.
      return undefined;
    }
  }
}

/** Reads a file that a container may have replaced by anything: neither follows a link nor waits for a pipe's other end. */
async function readShared(path: string, limit: number): Promise<{ bytes: Buffer } | { fault: string }> {
  try {
    const there = notRegular(await lstat(path));
    if (there !== undefined) return { fault: there };
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      const fault = notRegular(stats);
      if (fault !== undefined) return { fault };
      if (stats.size > limit) return { fault: tooLarge(stats.size, limit) };
      // One byte more shows whether something still writes to it.
      const bytes = Buffer.alloc(limit + 1 > stats.size ? stats.size + 1 : limit + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length, length));
      }
      return length > limit ? { fault: tooLarge(length, limit) } : { bytes: bytes.subarray(0, length) };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { fault: `${SHOWN} was removed: it has to be left there` };
    if (code === 'ELOOP') return { fault: `${SHOWN} was replaced by a symbolic link` };
    return { fault: `${SHOWN} could not be read: ${messageOf(error)}` };
  }
}

function notRegular(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  const kind = stats.isSymbolicLink()
    ? 'a symbolic link'
    : stats.isDirectory()
      ? 'a directory'
      : stats.isFIFO()
        ? 'a named pipe'
        : 'something that is no file';
  return `${SHOWN} was replaced by ${kind}`;
}

const tooLarge = (bytes: number, limit: number): string =>
  `${SHOWN} has ${bytes} bytes, and the limit is ${limit} bytes`;

/** Why these bytes are no JSON object, or undefined. */
function objectFault(bytes: Buffer): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `${SHOWN} is not JSON: it is not UTF-8 text`;
  }
  const fault = jsonFault(text);
  if (fault) return `${SHOWN} is not JSON: line ${fault.line}, column ${fault.column}: ${fault.expected} was expected`;
  return /^\s*\{/.test(text) ? undefined : `${SHOWN} is JSON, but not an object`;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
