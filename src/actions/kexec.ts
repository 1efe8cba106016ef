/** `kexec`: starts the installed system's kernel without going through firmware. */
import { appendFile, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Action, ActionFailure, type Host, must, say } from './action.ts';
import { device, fileSystem, mountedPath, readEnvironment, text } from './environment.ts';
import { type BootEntry, firstBootEntry } from './grub.ts';
import { mustExist, resolveInside } from './inside.ts';
import { withFileSystem } from './mounted.ts';

const VARIABLES = {
  BLOCK_DEVICE: device,
  FS_TYPE: fileSystem,
  KERNEL_PATH: mountedPath.optional(),
  INITRD_PATH: mountedPath.optional(),
  CMD_LINE: text.optional(),
  GRUBCFG_PATH: text.default('/boot/grub/grub.cfg'),
};

/** So long the last lines have to reach the server. */
const LAST_WORDS_MS = 1000;

async function file(root: string, path: string): Promise<string> {
  const real = await resolveInside(root, path, mustExist);
  if ((await stat(real).catch(() => undefined))?.isFile()) return real;
  throw new ActionFailure(`there is no file ${path} on the file system`);
}

/** Has `kexec` load the kernel; several initrds are one file for it. */
async function load(root: string, entry: BootEntry, host: Host): Promise<void> {
  const kernel = await file(root, entry.kernel);
  const directory = await mkdtemp(join(tmpdir(), 'kexec-'));
  try {
    const [first, ...others] = await Promise.all(entry.initrds.map(async (path) => await file(root, path)));
    let initrd = first;
    if (first !== undefined && others.length > 0) {
      initrd = join(directory, 'initrd');
      await copyFile(first, initrd);
      for (const other of others) await appendFile(initrd, await readFile(other));
    }
    const options = [`--command-line=${entry.commandLine}`, ...(initrd === undefined ? [] : [`--initrd=${initrd}`])];
    await must(host, `load the kernel ${entry.kernel}`, 'kexec', ['-l', kernel, ...options]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Loads KERNEL_PATH with INITRD_PATH and CMD_LINE, or, without KERNEL_PATH, what the first entry of GRUBCFG_PATH has, and
 * jumps into it. The container needs `pid: host`. There is nobody left then who could report the end of the action, so
 * the workflow stays RUNNING, as with Tinkerbell's action of this name.
 */
export const kexec: Action = async (environment, io, host) => {
  const { BLOCK_DEVICE, FS_TYPE, KERNEL_PATH, INITRD_PATH, CMD_LINE, GRUBCFG_PATH } = readEnvironment(
    VARIABLES,
    environment,
  );
  await withFileSystem(BLOCK_DEVICE, FS_TYPE, io, host, async (root) => {
    let entry: BootEntry | undefined;
    if (KERNEL_PATH !== undefined) {
      entry = {
        kernel: KERNEL_PATH,
        initrds: INITRD_PATH === undefined ? [] : [INITRD_PATH],
        commandLine: CMD_LINE ?? '',
      };
    } else {
      entry = firstBootEntry(await readFile(await file(root, GRUBCFG_PATH), 'utf8'));
      if (entry === undefined) throw new ActionFailure(`${GRUBCFG_PATH} has no entry that starts a Linux kernel`);
      if (CMD_LINE !== undefined) entry.commandLine = CMD_LINE;
    }
    say(io, `kexec: loading ${entry.kernel} ${entry.initrds.join(' ')} with "${entry.commandLine}"`);
    await load(root, entry, host);
  });
  say(io, 'kexec: jumping into the new kernel now; this action cannot report its end');
  await host.wait(LAST_WORDS_MS, io.signal);
  await must(host, 'jump into the new kernel', 'kexec', ['-e']);
  throw new ActionFailure('the jump did not happen: kexec came back; does the container have "pid: host"?');
};
