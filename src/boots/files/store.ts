/**
 * Changing the served files: each is there whole or not at all. An upload is written beside its place, synced, and put
 * there by a rename; who downloads what was there before goes on with that.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../../errors.ts';
import { etagOf, wholeFile } from '../../http/files/index.ts';
import { openRooted, PARTIAL, type RootedFile, refusalOfName, refusalSentence } from '../../system/rooted.ts';
import type { Checksums } from './checksums.ts';
import type { Expected } from './digests.ts';
import { openFolder } from './folders.ts';
import { filesBelow, partialsBelow } from './listing.ts';
import { freeBytes, Space } from './space.ts';

/** A served file. */
export interface StoredFile {
  /** Path below the served files. */
  name: string;
  /** Bytes. */
  size: number;
  /** ms since 1970 */
  modifiedAt: number;
  /** In hexadecimal digits, where it is known. */
  sha256: string | undefined;
  /** As downloads have it. */
  etag: string;
}

export interface Upload {
  /** Bytes, where that is said beforehand. */
  length: number | undefined;
  /** What its content must come to. */
  expected: readonly Expected[];
  /** Refuses to change what is there now, by throwing; undefined: nothing is there. */
  allow(before: Before | undefined): void;
}

/** What a change is about to replace or to delete. */
export type Before = Pick<StoredFile, 'etag' | 'modifiedAt'>;

export interface FileStoreParts {
  /** Directory of the served files. */
  root: string;
  checksums: Checksums;
  /** Looks at an upload before it is put in its place; `path` is where it is until then. Refuses it by throwing. */
  accept?(upload: { name: string; path: string; sha256: string }): Promise<void>;
  space?: Space;
}

/** Bytes after which what was written is put on the disk: else all of it would have to be at the end. */
const SYNC_EVERY = 64 << 20;
/** What the system says of a disk that takes no more. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO']);

export class FileStore {
  readonly #parts: FileStoreParts;
  readonly #space: Space;
  /** Folders are made and deleted one after another: none may go while something is put into it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: FileStoreParts) {
    this.#parts = parts;
    this.#space = parts.space ?? new Space(() => freeBytes(parts.root));
  }

  /** Removes what uploads have left that a crash cut short. @returns how many there were */
  async sweep(): Promise<number> {
    const left = await partialsBelow(this.#parts.root);
    for (const path of left) await rm(path, { force: true });
    return left.length;
  }

  /** The names of all files, in order. */
  names(): Promise<string[]> {
    return filesBelow(this.#parts.root);
  }

  /** @throws TinsmithError NOT_FOUND, saying why there is none */
  async stat(name: string): Promise<StoredFile> {
    const found = await openRooted(this.#parts.root, name);
    if ('refused' in found) throw new TinsmithError('NOT_FOUND', found.sentence, { next: LIST });
    const sha256 = await this.#parts.checksums.known(name, found.path);
    return { name, size: found.size, sha256, ...versionOf(found) };
  }

  /**
   * Stores a file under a name, in place of one that is there. Folders are made.
   * @throws TinsmithError INVALID_INPUT (the name; a checksum), CONFLICT (a folder is there), FORBIDDEN (a link leads out),
   *   STORE_WRITE_FAILED (no room), and what `allow` and `accept` throw; nothing is changed then
   */
  async put(
    name: string,
    content: AsyncIterable<Buffer>,
    upload: Upload,
  ): Promise<{ file: StoredFile; created: boolean }> {
    const names = namesIn(name);
    const last = names.pop() ?? '';
    upload.allow(await this.#before(name));
    const claim = await this.#space.claim(upload.length ?? 0, name);
    const partial = `${PARTIAL}${randomBytes(8).toString('hex')}`;
    const { folder, handle } = await this.#inTurn(() => this.#begin(names, partial)).catch((error: unknown) => {
      claim.end();
      throw failed(name, error);
    });
    let isPlaced = false;
    try {
      const sha256 = await this.#write(name, handle, content, upload, claim.written);
      await handle.sync();
      await this.#parts.accept?.({ name, path: join(folder.at, partial), sha256 });
      return await this.#inTurn(async () => {
        const before = await this.#before(name);
        upload.allow(before);
        await rename(join(folder.at, partial), join(folder.at, last));
        isPlaced = true;
        await folder.sync();
        await this.#parts.checksums.learned(name, await handle.stat(), sha256);
        return { file: await this.stat(name), created: before === undefined };
      });
    } catch (error) {
      throw failed(name, error);
    } finally {
      claim.end();
      await handle.close();
      if (!isPlaced) await rm(join(folder.at, partial), { force: true });
      await folder.close();
      if (!isPlaced) await this.#inTurn(() => this.#removeEmpty(names));
    }
  }

  /**
   * Deletes a file, and the folders that are empty then.
   * @throws TinsmithError NOT_FOUND, and what `allow` throws
   */
  async delete(name: string, allow: (before: Before) => void): Promise<StoredFile> {
    const names = namesIn(name);
    return this.#inTurn(async () => {
      const file = await this.stat(name);
      allow(file);
      const folder = await openFolder(this.#parts.root, names.slice(0, -1));
      try {
        // A link is deleted, not what it leads to.
        await unlink(join(folder.at, names.at(-1) ?? ''));
        await folder.sync();
      } catch (error) {
        throw failed(name, error);
      } finally {
        await folder.close();
      }
      await this.#parts.checksums.forget(name);
      await this.#removeEmpty(names.slice(0, -1));
      return file;
    });
  }

  async #begin(names: readonly string[], partial: string) {
    const folder = await openFolder(this.#parts.root, names, true);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      return { folder, handle: await open(join(folder.at, partial), flags, 0o644) };
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** @returns its SHA-256 in hexadecimal digits */
  async #write(
    name: string,
    handle: FileHandle,
    content: AsyncIterable<Buffer>,
    { length, expected }: Upload,
    written: (count: number) => void,
  ): Promise<string> {
    const hashes = new Map(
      (['sha256', ...expected.map(({ algorithm }) => algorithm)] as const).map((each) => [each, createHash(each)]),
    );
    let size = 0;
    let unsynced = 0;
    for await (const chunk of content) {
      await handle.writeFile(chunk);
      for (const hash of hashes.values()) hash.update(chunk);
      written(chunk.length);
      size += chunk.length;
      unsynced += chunk.length;
      if (unsynced < SYNC_EVERY) continue;
      unsynced = 0;
      await handle.datasync();
      if (length === undefined) await this.#space.check(name);
    }
    if (length !== undefined && size !== length)
      throw new TinsmithError('INVALID_INPUT', `The upload of ${name} broke off after ${size} of ${length} bytes.`, {
        next: 'Send it again; nothing was stored.',
      });
    const digests = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
    const wrong = expected.filter(({ algorithm, digest }) => digests.get(algorithm) !== digest);
    if (wrong.length > 0)
      throw new TinsmithError('INVALID_INPUT', `What came of ${name} is not what its checksum says.`, {
        next: 'Compare the file with its source, and send it again; nothing was stored.',
        problems: wrong.map(({ algorithm, digest, field }) => ({
          field,
          message: `the ${algorithm} of the ${size} bytes that came is ${digests.get(algorithm)}, not ${digest}`,
        })),
      });
    return digests.get('sha256') ?? '';
  }

  async #removeEmpty(names: readonly string[]): Promise<void> {
    for (let depth = names.length; depth > 0; depth--) {
      // Whatever hinders it: the folder is used, or gone already.
      const folder = await openFolder(this.#parts.root, names.slice(0, depth - 1)).catch(() => undefined);
      const removed =
        folder &&
        (await rmdir(join(folder.at, names[depth - 1] ?? '')).then(
          () => true,
          () => false,
        ));
      await folder?.close();
      if (!removed) return;
    }
  }

  async #before(name: string): Promise<Before | undefined> {
    const found = await openRooted(this.#parts.root, name);
    return 'refused' in found ? undefined : versionOf(found);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

function versionOf(file: RootedFile): Before {
  return { etag: etagOf([wholeFile(file)]), modifiedAt: file.mtimeMs };
}

const LIST = 'See what there is: tinsmith file list';

/** @throws TinsmithError INVALID_INPUT for what can be no name of a served file */
function namesIn(name: string): string[] {
  const names = name.split('/');
  const refused = names.some((part) => part === '' || part === '.') ? 'empty' : refusalOfName(name);
  if (refused === undefined) return names;
  throw new TinsmithError('INVALID_INPUT', refusalSentence(name, refused), {
    next: 'Name a path below the served files, such as images/debian.img.',
    problems: [{ field: 'path', message: refusalSentence(name, refused) }],
  });
}

/** What the system says, in our words. */
function failed(name: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof TinsmithError || code === undefined) return error;
  if (code === 'ECONNRESET')
    return new TinsmithError('INVALID_INPUT', `The upload of ${name} broke off.`, {
      next: 'Send it again; nothing was stored.',
      cause: error,
    });
  if (FULL.has(code))
    return new TinsmithError('STORE_WRITE_FAILED', `The disk did not take ${name}: ${messageOf(error)}`, {
      next: 'Free space on the disk of the served files, or look into the kernel’s log; nothing was stored.',
      cause: error,
    });
  if (code === 'EISDIR' || code === 'ENOTEMPTY')
    return new TinsmithError('CONFLICT', `${name} is a folder, and cannot be a file as well.`, {
      next: 'Choose another path, or delete the files in it.',
      cause: error,
    });
  return error;
}
