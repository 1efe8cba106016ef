import type { IncomingMessage } from 'node:http';
import type { FileSending } from '../files/sending.ts';
import { hasBody, plainAddress } from './headers.ts';
import type { FromCarrier } from './messages.ts';

/** Paths that are the same decoded and undecoded, and without a query. */
const PLAIN_PATH = /^\/[\w./-]+$/;

/** Files that the main thread is asked for at once; others go the usual way, which is bounded too. */
const MOST = 1000;

/**
 * GETs of files go to the main thread as messages: passed on as HTTP, a request would cost both threads as much as
 * megabytes of the file. What is not simply a file goes the usual way afterwards.
 */
export class WantedFiles {
  readonly #folders: readonly string[];
  readonly #post: (message: FromCarrier) => void;
  readonly #waiting = new Map<string, (sending: FileSending | undefined) => void>();

  /** @param folders the paths of files begin with one of these */
  constructor(folders: readonly string[], post: (message: FromCarrier) => void) {
    this.#folders = folders;
    this.#post = post;
  }

  /**
   * Asks for the file that a request is for.
   * @param found told what is to be sent; undefined: the request is to go the usual way
   * @returns false for a request that is to go the usual way at once
   */
  ask(
    { method, url = '', headers, socket }: IncomingMessage,
    id: string,
    found: (sending: FileSending | undefined) => void,
  ): boolean {
    if (method !== 'GET' || hasBody(headers) || headers.expect !== undefined) return false;
    if (this.#waiting.size >= MOST || !PLAIN_PATH.test(url)) return false;
    if (!this.#folders.some((folder) => url.startsWith(folder))) return false;
    this.#waiting.set(id, found);
    this.#post({ kind: 'wanted', file: { id, path: url, client: plainAddress(socket.remoteAddress ?? '') } });
    return true;
  }

  /** The main thread's answer. Undefined: the request is to go the usual way. */
  found(id: string, sending: FileSending | undefined): void {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    found?.(sending);
  }
}
