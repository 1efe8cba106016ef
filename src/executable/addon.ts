/**
 * Loads a native addon that is embedded in the executable. The dynamic linker wants a file, so the addon is written
 * where it may be: named by its hash, made whole before it gets that name, mode 0500, in a directory of ours alone.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { readEmbedded } from './embedded.ts';

/** The files of the addons that were loaded, by name. */
const files = new Map<string, string>();

/** The file that an addon was loaded from, for threads that load it too; undefined in the source tree. */
export function addonFile(name: string): string | undefined {
  return files.get(name);
}

/** Loads `native/<name>.node`. @throws when no directory will do, naming each and why. */
export function loadAddon(name: string): unknown {
  const bytes = readEmbedded(`native/${name}.node`);
  const file = `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.node`;
  const failures: string[] = [];
  for (const directory of candidates()) {
    try {
      const addon = load(directory, file, bytes);
      files.set(name, join(directory, file));
      return addon;
    } catch (error) {
      failures.push(`${directory}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `the embedded addon ${name} cannot be loaded; set TINSMITH_NATIVE_DIR to a writable directory on a mount without noexec\n${failures.join('\n')}`,
  );
}

function candidates(): string[] {
  const uid = process.getuid?.() ?? 0;
  const { TINSMITH_NATIVE_DIR, TINSMITH_DATA, XDG_CACHE_HOME, XDG_RUNTIME_DIR } = process.env;
  return [
    TINSMITH_NATIVE_DIR,
    TINSMITH_DATA && join(TINSMITH_DATA, 'native'),
    XDG_RUNTIME_DIR && join(XDG_RUNTIME_DIR, 'tinsmith'),
    XDG_CACHE_HOME && join(XDG_CACHE_HOME, 'tinsmith'),
    home() && join(home(), '.cache', 'tinsmith'),
    join(tmpdir(), `tinsmith-${uid}`),
    `/dev/shm/tinsmith-${uid}`,
  ].filter((directory): directory is string => Boolean(directory));
}

/** The home directory, or '' for a user who has none (no HOME, no passwd entry). */
function home(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

function load(directory: string, file: string, bytes: Buffer): unknown {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || found.mode & 0o022)
    throw new Error('others can write to it');
  const path = join(directory, file);
  const whole = isWhole(path, bytes);
  if (!whole) {
    // Not named by pid: in containers pids repeat.
    const partial = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    writeFileSync(partial, bytes, { mode: 0o500, flag: 'wx' });
    chmodSync(partial, 0o500);
    renameSync(partial, path);
  }
  const addon = { exports: {} };
  try {
    process.dlopen(addon, path);
  } catch (error) {
    if (!whole) rmSync(path, { force: true });
    throw error;
  }
  return addon.exports;
}

function isWhole(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
