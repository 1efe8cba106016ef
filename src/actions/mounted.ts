/** File systems that an action works on: mounted for as long as it does. */
import { mkdir } from 'node:fs/promises';
import { ActionFailure, type ActionIo, type Host, must, say } from './action.ts';

const ATTEMPTS = 5;

/** Undoes a mount; a program that still ends may hold it for a moment. Throws an ActionFailure. */
async function unmount(path: string, io: ActionIo, host: Host): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { code, complaint } = await host.run('umount', [path]);
    if (code === 0) return;
    if (attempt === ATTEMPTS) {
      // Detached, it is unmounted as soon as nobody uses it any more; what was written is on the disk all the same.
      await host.run('umount', ['-l', path]);
      await host.run('sync', []);
      throw new ActionFailure(`${path} could not be unmounted: ${complaint}`);
    }
    say(io, `${path} is still in use: ${complaint}`);
    await host.wait(500, new AbortController().signal);
  }
}

/** Does something while `mount ARGS PATH` is in force, and unmounts however that ends. */
export async function whileMounted<T>(
  what: { args: readonly string[]; path: string; called: string },
  io: ActionIo,
  host: Host,
  work: () => Promise<T>,
): Promise<T> {
  await must(host, `mount ${what.called}`, 'mount', [...what.args, what.path]);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // The first failure is the one to tell.
    await unmount(what.path, io, host).catch((second: Error) => io.stderr.write(`${second.message}\n`));
    throw error;
  }
  await unmount(what.path, io, host);
  return result;
}

/** Does something with the file system of a partition, which is mounted at `host.mountPoint`. */
export async function withFileSystem<T>(
  device: string,
  type: string,
  io: ActionIo,
  host: Host,
  work: (root: string) => Promise<T>,
): Promise<T> {
  const path = host.mountPoint;
  await mkdir(path, { recursive: true });
  const called = `${device} as ${type}`;
  return await whileMounted({ args: ['-t', type, device], path, called }, io, host, async () => await work(path));
}
