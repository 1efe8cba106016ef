/** `tinsmith worker install` and `uninstall`: the worker as a service of this system, or of one that is mounted somewhere. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf, TinsmithError } from '../../errors.ts';
import { runProgram } from '../../run-program.ts';
import type { WorkerSettings } from '../settings.ts';
import { EXECUTABLE_PATH, SETTINGS_PATH, settingsText, UNIT, UNIT_PATH, UNIT_TEXT, WANTED_PATH } from './unit.ts';

export { workerExecutable } from '../../executable/embedded.ts';

/** Where it is installed, and with what. */
export interface Place {
  /** The root of the system: `/`, or where another is mounted. */
  root: string;
  /** The executable that this is; undefined: it runs from its sources. */
  executable: string | undefined;
  /** Only says what it would do. */
  dryRun: boolean;
  say: (line: string) => void;
  /** Calls systemctl; undefined: systemd does not run here, or is not to be asked. */
  systemctl: ((words: string[]) => Promise<void>) | undefined;
}

/** systemctl of this system, where systemd runs it. A Job that restarted the worker would end itself. */
export function ownSystemctl(environment: Readonly<Record<string, string | undefined>>): Place['systemctl'] {
  if (!existsSync('/run/systemd/system') || environment.RS_TASK_DIR !== undefined) return undefined;
  return async (words) => void (await runProgram('systemctl', words));
}

/**
 * Installs the worker. What is there as it should be is left; a second time changes nothing.
 * @throws TinsmithError NOT_FOUND (there is no system), FORBIDDEN (a file can't be written)
 */
export async function installWorker(settings: WorkerSettings, place: Place): Promise<void> {
  const { root, executable, dryRun, say, systemctl } = place;
  const text = settingsText(settings);
  if (dryRun) {
    const hidden = settingsText({ ...settings, token: '********' });
    say(`${at(root, SETTINGS_PATH)}, mode 0600:\n${hidden}`);
    say(`${at(root, UNIT_PATH)}, mode 0644:\n${UNIT_TEXT}`);
    say(`${at(root, WANTED_PATH)}, a link to ${UNIT_PATH}`);
    if (executable !== undefined) say(`${at(root, EXECUTABLE_PATH)}, a copy of ${executable}`);
    return;
  }
  await checkRoot(root);
  const changed = [
    executable !== undefined && (await placed(root, EXECUTABLE_PATH, (path) => placeCopy(executable, path))),
    await placed(root, SETTINGS_PATH, (path) => placeText(path, text, 0o600)),
    await placed(root, UNIT_PATH, (path) => placeText(path, UNIT_TEXT, 0o644)),
    await placed(root, WANTED_PATH, (path) => placeLink(path, UNIT_PATH)),
  ].includes(true);
  say(changed ? `the worker is installed in ${root}: ${UNIT}` : `the worker was installed in ${root} already`);
  if (executable === undefined && !existsSync(at(root, EXECUTABLE_PATH)))
    say(`this runs from its sources: put the executable to ${at(root, EXECUTABLE_PATH)} yourself`);
  if (resolve(root) !== '/' || systemctl === undefined) {
    say('it starts with the next boot of that system');
    return;
  }
  await systemctl(['daemon-reload']);
  await systemctl([changed ? 'restart' : 'start', UNIT]);
  say(`it runs: journalctl -u ${UNIT}`);
}

/**
 * Removes what `installWorker` has made, but for the executable: an appliance may run from it.
 * @throws TinsmithError as `installWorker`
 */
export async function uninstallWorker({ root, dryRun, say, systemctl }: Omit<Place, 'executable'>): Promise<void> {
  const files = [WANTED_PATH, UNIT_PATH, SETTINGS_PATH];
  if (dryRun) {
    for (const file of files) say(`${at(root, file)} would be removed`);
    return;
  }
  await checkRoot(root);
  const there = files.filter((file) => existsSync(at(root, file)) || file === WANTED_PATH);
  const own = resolve(root) === '/' ? systemctl : undefined;
  if (own && there.includes(UNIT_PATH)) await own(['stop', UNIT]);
  for (const file of files) await placed(root, file, (path) => rm(path, { force: true }).then(() => true));
  if (own) await own(['daemon-reload']);
  say(
    there.length > 1
      ? `the worker is not installed in ${root} any more; ${at(root, EXECUTABLE_PATH)} was left there`
      : `there was no worker installed in ${root}`,
  );
}

const at = (root: string, path: string): string => join(root, path);

async function checkRoot(root: string): Promise<void> {
  if (existsSync(at(root, '/etc'))) return;
  throw new TinsmithError('NOT_FOUND', `There is no system at ${root}: it has no folder etc.`, {
    next: 'Mount the system there first, or name the folder where it is mounted.',
  });
}

/** Makes one of the files. @returns whether it was another before */
async function placed(root: string, file: string, make: (path: string) => Promise<boolean>): Promise<boolean> {
  const path = at(root, file);
  try {
    await mkdir(dirname(path), { recursive: true });
    const [inside, folder] = [await realpath(root), await realpath(dirname(path))];
    if (folder !== inside && !folder.startsWith(inside === '/' ? '/' : `${inside}/`))
      throw new Error(`a link in its path leads out of ${root}, to ${folder}`);
    return await make(path);
  } catch (cause) {
    throw new TinsmithError('FORBIDDEN', `${path} cannot be written: ${messageOf(cause)}`, {
      next: 'Do this as root, on a system that is mounted for writing.',
      cause,
    });
  }
}

async function placeText(path: string, text: string, mode: number): Promise<boolean> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isFile() && (there.mode & 0o777) === mode && (await readFile(path, 'utf8')) === text) return false;
  await replace(path, async (made) => {
    await writeFile(made, text, { mode });
    await chmod(made, mode);
  });
  return true;
}

async function placeLink(path: string, target: string): Promise<boolean> {
  if ((await readlink(path).catch(() => undefined)) === target) return false;
  await replace(path, (made) => symlink(target, made));
  return true;
}

async function placeCopy(executable: string, path: string): Promise<boolean> {
  if (existsSync(path) && (await digestOf(path)) === (await digestOf(executable))) return false;
  await replace(path, async (made) => {
    await copyFile(executable, made);
    await chmod(made, 0o755);
  });
  return true;
}

/** By renaming: what runs from the old file goes on, and nobody sees half of the new one. */
async function replace(path: string, make: (made: string) => Promise<void>): Promise<void> {
  const made = `${path}.new`;
  await rm(made, { force: true });
  await make(made);
  await rename(made, path);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
