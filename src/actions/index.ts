/** The built-in actions, each run in a privileged container of this same executable: `tinsmith action NAME`. */
import { messageOf } from '../errors.ts';
import {
  type Action,
  ActionFailure,
  type ActionIo,
  type Environment,
  EXIT_USAGE,
  type Host,
  linuxHost,
} from './action.ts';
import { cexec } from './cexec.ts';
import { image2disk } from './image2disk.ts';
import { kexec } from './kexec.ts';
import { wipe } from './wipe.ts';
import { writefile } from './writefile.ts';

export type { ActionIo, Environment, Host } from './action.ts';

const ACTIONS = new Map<string, Action>(Object.entries({ image2disk, writefile, cexec, wipe, kexec }));

/** The names of the built-in actions. */
export const ACTION_NAMES: readonly string[] = [...ACTIONS.keys()];

/** As a container's stopped process ends: 128 + SIGTERM. */
const EXIT_STOPPED = 143;

/** The output of this process; SIGTERM and SIGINT stop the action, so that it unmounts what it mounted. */
function processIo(): ActionIo {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  return { stdout: process.stdout, stderr: process.stderr, signal: stop.signal };
}

/**
 * Runs a built-in action with the variables of its environment, and resolves to its exit code: 0 only when all was done,
 * 64 for variables that are missing or wrong, that of the command for `cexec`, 143 when it was stopped, else 1. The reason
 * is the last line on stderr. Never rejects.
 */
export async function runAction(
  name: string,
  environment: Environment = process.env,
  io: ActionIo = processIo(),
  host: Host = linuxHost,
): Promise<number> {
  const action = ACTIONS.get(name);
  const fail = (message: string, exit: number): number => {
    io.stderr.write(`${action === undefined ? '' : `${name}: `}${message}\n`);
    return exit;
  };
  if (action === undefined) {
    return fail(`There is no action ${JSON.stringify(name)}; there is ${ACTION_NAMES.join(', ')}.`, EXIT_USAGE);
  }
  try {
    return await action(environment, io, host);
  } catch (error) {
    if (io.signal.aborted) return fail('stopped', EXIT_STOPPED);
    return fail(messageOf(error), error instanceof ActionFailure ? error.exit : 1);
  }
}
