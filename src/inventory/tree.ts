/** Files of /sys, /proc and /dev, below a root that tests make up. What is not there, or does not want to be read, is undefined. */
import { access, open, readdir, readlink, realpath } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { plainText } from './inventory.ts';

/** Bytes of one file that are read at most: the longest are SMBIOS tables and /proc/cpuinfo of many processors. */
const READ_MAX = 4 << 20;

export class Tree {
  readonly #root: string;
  readonly #denied = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Fields of the inventory that are there, and that were refused for want of rights; sorted. */
  get denied(): string[] {
    return [...this.#denied].sort();
  }

  /** @param field what of the inventory is in it; named in `denied` when only root may read it */
  async bytes(path: string, field?: string): Promise<Buffer | undefined> {
    try {
      const file = await open(this.path(path), 'r');
      try {
        return await readUpTo(file, READ_MAX);
      } finally {
        await file.close();
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (field !== undefined && (code === 'EACCES' || code === 'EPERM')) this.#denied.add(field);
      return undefined;
    }
  }

  /** The whole file as it is. */
  async raw(path: string, field?: string): Promise<string | undefined> {
    return (await this.bytes(path, field))?.toString('utf8');
  }

  /** The one value that is in it, as `plainText`. */
  async text(path: string, field?: string): Promise<string | undefined> {
    return plainText(await this.raw(path, field));
  }

  /** A whole number from 0 up. */
  async number(path: string): Promise<number | undefined> {
    const text = (await this.text(path)) ?? '';
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? value : undefined;
  }

  /** Names in a folder, sorted; none when there is no such folder. */
  async names(path: string): Promise<string[]> {
    const names = await readdir(this.path(path)).catch(() => []);
    // sda, sdb, …, sdz, sdaa and eth9, eth10 as people count them.
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  async exists(path: string): Promise<boolean> {
    return access(this.path(path)).then(
      () => true,
      () => false,
    );
  }

  /** The last name of what a link leads to, as links of sysfs name drivers. */
  async linked(path: string): Promise<string | undefined> {
    const target = await readlink(this.path(path)).catch(() => undefined);
    return target === undefined ? undefined : plainText(basename(target));
  }

  /** Where a path leads once all its links are followed, below the root: `sys/devices/pci0000:00/…`. */
  async real(path: string): Promise<string | undefined> {
    try {
      const found = relative(await realpath(this.#root), await realpath(this.path(path)));
      return found.startsWith('..') ? undefined : found;
    } catch {
      return undefined;
    }
  }

  /** The path as the system has it. */
  path(path: string): string {
    return join(this.#root, path);
  }
}

/** Files of /sys and /proc say nothing of their size, so they are read until they end. */
async function readUpTo(
  file: { read(buffer: Buffer, offset: number, length: number): Promise<{ bytesRead: number }> },
  limit: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let size = 0; size < limit; ) {
    const chunk = Buffer.alloc(Math.min(64 << 10, limit - size));
    const { bytesRead } = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    size += bytesRead;
  }
  return Buffer.concat(chunks);
}
