/** What the kernel has in memory of where files are: asked for without a wait for any disk or network. Linux's values. */
import { accessSync, constants, readlinkSync } from 'node:fs';
import { libc, Pinned } from './libc.ts';
import { isWithin, O_PATH, type RootedFile, refusalOfName } from './rooted.ts';

/** openat2(2), on every architecture. */
const OPENAT2 = 437;
const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
/** Fails rather than waits. Since Linux 5.12. */
const RESOLVE_CACHED = 0x20n;
/** struct open_how: flags, mode, resolve. */
const HOW_BYTES = 24;

const AT_EMPTY_PATH = 0x1000;
/** What a network file system knows already is told: as old as what it has of the file's bytes. */
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_BASIC_STATS = 0x7ff;
/** struct statx, and where in it what stands. */
const STATX_BYTES = 256;
const MODE = 28;
const INODE = 32;
const SIZE = 40;
const MODIFIED = 112;
const DEVICE = 136;

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

const how = new Pinned(HOW_BYTES);
how.bytes.writeBigUInt64LE(BigInt(O_PATH | O_CLOEXEC), 0);
how.bytes.writeBigUInt64LE(RESOLVE_CACHED, 16);
const status = new Pinned(STATX_BYTES);
/** The path of a call that is about a descriptor. */
const empty = new Pinned(1);

/** What is known of an open file. */
export interface FileStatus {
  /** The same for the same file only, as long as that is there. */
  identity: string;
  isFile: boolean;
  /** Bytes. */
  size: number;
  mtimeMs: number;
  ino: number;
}

/** Undefined where the kernel does not say. */
export function statusOf(fd: number): FileStatus | undefined {
  const flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (libc().statx(fd, empty.address, flags, STATX_BASIC_STATS, status.address) < 0) return undefined;
  const { bytes } = status;
  const inode = bytes.readBigUInt64LE(INODE);
  const device = `${bytes.readUInt32LE(DEVICE)}:${bytes.readUInt32LE(DEVICE + 4)}`;
  return {
    identity: `${device}:${inode}`,
    isFile: (bytes.readUInt16LE(MODE) & S_IFMT) === S_IFREG,
    size: Number(bytes.readBigUInt64LE(SIZE)),
    mtimeMs: Number(bytes.readBigInt64LE(MODIFIED)) * 1000 + bytes.readUInt32LE(MODIFIED + 8) / 1e6,
    ino: Number(inode),
  };
}

/** Asks something of the place that a path leads to; undefined where the way is not in memory, or there is none. */
function atCached<T>(path: string, ask: (fd: number) => T | undefined): T | undefined {
  const fd = libc().openat2(OPENAT2, AT_FDCWD, path, how.address, HOW_BYTES);
  if (fd < 0) return undefined;
  try {
    return ask(fd);
  } finally {
    libc().close(fd);
  }
}

const pathOf = (fd: number): string => readlinkSync(`/proc/self/fd/${fd}`);

function mayRead(fd: number): boolean {
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The status of what is at a path. Undefined: it is to be looked for in the ordinary way. */
export function statCached(path: string): FileStatus | undefined {
  return atCached(path, statusOf);
}

/** As `openRooted`. Undefined: it is to be looked for in the ordinary way, which says what there is to say. */
export function findCached(root: string, name: string): RootedFile | undefined {
  if (refusalOfName(name) !== undefined) return undefined;
  const base = atCached(root, pathOf);
  if (base === undefined) return undefined;
  return atCached(`${base}/${name}`, (fd) => {
    const path = pathOf(fd);
    const found = isWithin(base, path) ? statusOf(fd) : undefined;
    if (!found?.isFile || !mayRead(fd)) return undefined;
    const { size, mtimeMs, ino } = found;
    return { path, size, mtimeMs, ino };
  });
}
