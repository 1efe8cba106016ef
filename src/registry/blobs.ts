/**
 * The content store: blobs by their sha256. A blob is written to `incoming/` under a random name, and renamed to
 * `blobs/sha256/<hex>` once it is complete, verified and on the disk, so that no half blob is ever seen.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TinsmithError } from '../errors.ts';

/** A blob that is complete but not yet part of the store. */
export type Staged = { path: string; digest: string; size: number };

/** A blob of the store, as it is on the disk. */
export type StoredBlob = { path: string; digest: string; size: number; mtimeMs: number };

export interface Blobs {
  /** Writes bytes aside and tells their digest. Rejects with the source's own error, or STORE_WRITE_FAILED. */
  stage(source: AsyncIterable<Buffer>): Promise<Staged>;
  /** Makes a staged blob part of the store, durably. */
  keep(staged: Staged): Promise<StoredBlob>;
  /** Removes what was staged and not kept. */
  discard(staged: Staged): Promise<void>;
  /** Every blob there is, by digest. */
  all(): Promise<Map<string, StoredBlob>>;
  read(digest: string): Promise<Buffer>;
  /** Removes every blob that is not in `used`. Says how many bytes that freed. */
  sweep(used: ReadonlySet<string>): Promise<number>;
}

/** Renames and new files in a directory last only once the directory itself is on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The error for a store that cannot be written: usually a full disk. */
export function writeFailed(directory: string, cause: unknown): TinsmithError {
  const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
  const why = full ? 'its disk is full' : String((cause as Error).message);
  return new TinsmithError('STORE_WRITE_FAILED', `The image store ${directory} cannot be written: ${why}.`, {
    cause,
    next: full ? 'Free some space, or remove images that are no longer needed.' : undefined,
  });
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
}

/** Opens the content store in this directory, made where there is none, and clears away what an earlier run left half done. */
export async function openBlobs(directory: string): Promise<Blobs> {
  const kept = join(directory, 'blobs', 'sha256');
  const incoming = join(directory, 'incoming');
  try {
    await rm(incoming, { recursive: true, force: true });
    await mkdir(kept, { recursive: true });
    await mkdir(incoming, { recursive: true });
  } catch (cause) {
    throw writeFailed(directory, cause);
  }
  const pathOf = (digest: string): string => join(kept, digest.slice('sha256:'.length));

  const find = async (digest: string): Promise<StoredBlob | undefined> => {
    const path = pathOf(digest);
    const found = await stat(path).catch(() => undefined);
    return found?.isFile() ? { path, digest, size: found.size, mtimeMs: found.mtimeMs } : undefined;
  };
  const discard = async ({ path }: Staged): Promise<void> => await rm(path, { force: true });

  return {
    discard,

    async all() {
      const blobs = new Map<string, StoredBlob>();
      for (const name of await readdir(kept)) {
        const blob = await find(`sha256:${name}`);
        if (blob !== undefined) blobs.set(blob.digest, blob);
      }
      return blobs;
    },

    async stage(source) {
      const path = join(incoming, randomUUID());
      const hash = createHash('sha256');
      let size = 0;
      const handle = await open(path, 'wx').catch((cause: unknown) => {
        throw writeFailed(directory, cause);
      });
      try {
        for await (const bytes of source) {
          hash.update(bytes);
          size += bytes.length;
          await writeAll(handle, bytes).catch((cause: unknown) => {
            throw writeFailed(directory, cause);
          });
        }
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
      return { path, digest: `sha256:${hash.digest('hex')}`, size };
    },

    async keep(staged) {
      const there = await find(staged.digest);
      if (there !== undefined && there.size === staged.size) {
        await discard(staged);
        return there;
      }
      try {
        const handle = await open(staged.path, 'r+');
        await handle.sync().finally(async () => await handle.close());
        await rename(staged.path, pathOf(staged.digest));
        await syncDirectory(kept);
      } catch (cause) {
        throw writeFailed(directory, cause);
      }
      const blob = await find(staged.digest);
      if (blob === undefined) throw writeFailed(directory, new Error(`${staged.digest} is gone`));
      return blob;
    },

    async read(digest) {
      return await readFile(pathOf(digest));
    },

    async sweep(used) {
      let freed = 0;
      for (const name of await readdir(kept)) {
        const digest = `sha256:${name}`;
        if (used.has(digest)) continue;
        freed += (await find(digest))?.size ?? 0;
        await rm(join(kept, name), { force: true, recursive: true });
      }
      return freed;
    },
  };
}
