/**
 * The data directory: ours by its marker file, used by one process at a time. Everything Tinsmith keeps lies below it:
 * `db/` (LevelDB), `token` (mode 0600), `images/`, `files/`, `native/` (addons unpacked from the executable).
 */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../errors.ts';

const MARKER = 'tinsmith.json';
/** 2: workflows lie in parts. */
const FORMAT = 2;
/** What may be in a directory that is not ours yet: a new file system's own, and what a first start cut short has left. */
const HARMLESS = /^(lost\+found|pid(\.\d+)?|tinsmith\.json\.\d+)$/;

/** A data directory that this process holds. */
export interface DataDirectory {
  path: string;
  /** Gives the directory back. */
  release(): void;
}

/**
 * Claims a data directory, making it if it is not there.
 * @throws TinsmithError DATA_DIRECTORY_IN_USE (with the other pid), DATA_DIRECTORY_FOREIGN, DATA_DIRECTORY_UNUSABLE
 */
export function claimDataDirectory(path: string): DataDirectory {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory()) throw new Error('it is not a directory');
  } catch (cause) {
    throw unusable(path, cause);
  }
  const marker = join(path, MARKER);
  if (existsSync(marker)) checkMarker(path, marker);
  else if (contents(path).some((name) => !HARMLESS.test(name))) {
    throw new TinsmithError(
      'DATA_DIRECTORY_FOREIGN',
      `${path} is not empty and is not a data directory of Tinsmith (it has no ${MARKER}).`,
      {
        next: 'Name another directory with --data, or an empty one.',
      },
    );
  }
  const lock = join(path, 'pid');
  claimLock(path, lock);
  try {
    if (!existsSync(marker)) writeWhole(marker, `${JSON.stringify({ format: FORMAT })}\n`, renameSync);
  } catch (cause) {
    rmSync(lock, { force: true });
    throw unusable(path, cause);
  }
  return { path, release: () => rmSync(lock, { force: true }) };
}

function contents(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** Writes a file beside its place and puts it there whole: neither a kill nor a full disk leaves half of it. */
function writeWhole(file: string, text: string, place: (from: string, to: string) => void): void {
  const partial = `${file}.${process.pid}`;
  try {
    writeFileSync(partial, text, { mode: 0o600 });
    place(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

function checkMarker(path: string, marker: string): void {
  let format: unknown;
  try {
    format = (JSON.parse(readFileSync(marker, 'utf8')) as { format?: unknown }).format;
  } catch (cause) {
    throw new TinsmithError(
      'DATA_DIRECTORY_FOREIGN',
      `${marker} cannot be read as the marker of a data directory: ${messageOf(cause)}`,
      {
        next: 'Restore the directory from a backup, or name another one with --data.',
      },
    );
  }
  if (format !== FORMAT) {
    throw new TinsmithError(
      'DATA_DIRECTORY_FOREIGN',
      `${path} has data format ${String(format)}; this version of Tinsmith reads format ${FORMAT}.`,
      {
        next: 'Use the version of Tinsmith that wrote it, or name another directory with --data.',
      },
    );
  }
}

/**
 * The lock is a file with our pid and start time, linked into place so that nobody sees it without them; one left by a
 * process that is gone is taken over. (Should two take it over at once, LevelDB's own lock lets only one of them in.)
 */
function claimLock(path: string, lock: string): void {
  for (let tries = 0; tries < 3; tries++) {
    try {
      writeWhole(lock, `${process.pid} ${startTime(process.pid) ?? ''}\n`, linkSync);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, cause);
    }
    const holder = holderOf(lock);
    if (holder !== undefined) {
      throw new TinsmithError('DATA_DIRECTORY_IN_USE', `${path} is in use by another Tinsmith, process ${holder}.`, {
        next: `Stop it (kill ${holder}), or name another directory with --data.`,
      });
    }
    rmSync(lock, { force: true });
  }
  throw unusable(path, new Error('its lock file keeps being taken'));
}

/** Pid of the living process that holds the lock; a pid used again by another process does not count. */
function holderOf(lock: string): number | undefined {
  try {
    const [pid, start] = readFileSync(lock, 'utf8').trim().split(' ');
    const now = startTime(Number(pid));
    return now !== undefined && (start === undefined || start === now) ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Start time of a process in clock ticks since boot (proc(5), stat field 22), or undefined when it is gone or a zombie. */
function startTime(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function unusable(path: string, cause: unknown): TinsmithError {
  return new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${path} cannot be used as data directory: ${messageOf(cause)}`, {
    next: 'Make it writable for this user, free space on its disk, or name another directory with --data.',
    cause,
  });
}
