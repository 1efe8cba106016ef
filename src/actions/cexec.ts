/** `cexec`: runs commands in the system that is installed on a partition. */
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { type Action, ActionFailure, type ActionIo, EXIT_USAGE, type Host, say } from './action.ts';
import { commandsOf } from './command-line.ts';
import { device, fileSystem, flag, readEnvironment, text } from './environment.ts';
import { mustExist, resolveInside } from './inside.ts';
import { whileMounted, withFileSystem } from './mounted.ts';

const VARIABLES = {
  BLOCK_DEVICE: device,
  FS_TYPE: fileSystem,
  CMD_LINE: text,
  // Tinkerbell reads any word but these as yes, and so did the templates.
  CHROOT: z
    .string()
    .default('y')
    .transform((word) => !/^(n|no|false|0)$/i.test(word)),
  DEFAULT_INTERPRETER: text.optional(),
  UPDATE_RESOLV_CONF: flag.default(false),
  JSON_OUTPUT: z.string().optional(),
};

/** What programs expect in a root besides files. */
const BOUND = ['/dev', '/proc', '/sys'];

async function bound(
  root: string,
  sources: readonly string[],
  io: ActionIo,
  host: Host,
  work: () => Promise<number>,
): Promise<number> {
  const [source, ...others] = sources;
  if (source === undefined) return await work();
  const path = await resolveInside(root, source, mustExist);
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) {
    throw new ActionFailure(`there is no directory ${source}: the file system is not the root of a system`);
  }
  const mount = { args: ['-o', 'bind', source], path, called: `${source} into the system` };
  return await whileMounted(mount, io, host, async () => await bound(root, others, io, host, work));
}

/** Gives the system the name servers of this machine; they stay there, as in Tinkerbell's action. */
async function copyResolvConf(root: string): Promise<void> {
  const path = await resolveInside(root, '/etc/resolv.conf', async (directory) => void (await mkdir(directory)));
  await copyFile('/etc/resolv.conf', path).catch((cause: unknown) => {
    throw new ActionFailure(`cannot write /etc/resolv.conf: ${messageOf(cause)}`, 1, cause);
  });
}

/**
 * Runs CMD_LINE with the partition as its root (or, with CHROOT=n, beside the mounted partition). The first command that
 * fails ends it, and its exit code is the action's.
 */
export const cexec: Action = async (environment, io, host) => {
  const settings = readEnvironment(VARIABLES, environment);
  const commands = commandsOf(settings.CMD_LINE, settings.DEFAULT_INTERPRETER);
  if (commands.length === 0) throw new ActionFailure('CMD_LINE has no command', EXIT_USAGE);
  return await withFileSystem(settings.BLOCK_DEVICE, settings.FS_TYPE, io, host, async (root) => {
    const run = async (): Promise<number> => {
      for (const command of commands) {
        say(io, `cexec: ${command.join(' ')}`);
        const [program = '', ...args] = settings.CHROOT ? ['chroot', root, ...command] : command;
        const { code } = await host.run(program, args, io);
        if (code !== 0) throw new ActionFailure(`the command "${command.join(' ')}" ended with ${code}`, code);
      }
      return 0;
    };
    if (settings.UPDATE_RESOLV_CONF) await copyResolvConf(root);
    return await (settings.CHROOT ? bound(root, BOUND, io, host, run) : run());
  });
};
