import type { IncomingMessage } from 'node:http';
import { openRooted, type RootedFile } from '../../system/rooted.ts';
import { type Sending, wholeFile } from '../files/sending.ts';
import type { CachedFiles } from './descriptors.ts';
import { hasBody } from './headers.ts';
import type { FileFolder } from './messages.ts';

/** Paths that are the same decoded and undecoded, and without a query. */
const PLAIN_PATH = /^\/[\w./-]+$/;

/**
 * Finds the files that plain GETs are for. The main thread would find the same: asked by HTTP it costs both threads as much as
 * megabytes of the file, and by a message more time than a short file takes.
 */
export class ServedFiles {
  readonly #folders: readonly FileFolder[];
  readonly #cached: Pick<CachedFiles, 'findCached'> | undefined;

  constructor(folders: readonly FileFolder[], cached: Pick<CachedFiles, 'findCached'> | undefined) {
    this.#folders = folders;
    this.#cached = cached;
  }

  /**
   * What is to be sent for a request. Undefined: that is for the main thread to say. Comes at once where the kernel has in
   * memory where the file is. Never rejects.
   */
  find({ method, url = '', headers }: IncomingMessage): Sending | Promise<Sending | undefined> | undefined {
    if (method !== 'GET' || hasBody(headers) || headers.expect !== undefined || !PLAIN_PATH.test(url)) return undefined;
    const folder = this.#folders.find(({ path }) => url.startsWith(path));
    if (folder === undefined) return undefined;
    const sending = (file: RootedFile): Sending => ({
      status: 200,
      headers: folder.headers,
      segments: [wholeFile(file)],
    });
    const name = url.slice(folder.path.length);
    const known = this.#cached?.findCached(folder.directory, name);
    if (known !== undefined) return sending(known);
    return openRooted(folder.directory, name).then((found) => ('refused' in found ? undefined : sending(found)));
  }
}
