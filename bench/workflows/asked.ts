/** What the benchmark and the servers that it measures say to each other, by IPC. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { smallHeap } from '../../src/appliance/heap.ts';

export type Question =
  | { ask: 'memory' }
  /** One event to each of these machines, one after another. */
  | { ask: 'tell one'; machines: string[] }
  | { ask: 'tell all' };

/** `memory`: bytes resident. `times`: machine, and when it was told, ns of the monotonic clock. */
export interface Told {
  memory?: number;
  times?: [string, string][];
  longestSliceMs?: number;
}

export interface Child {
  port: number;
  pid: number;
  ask(question: Question): Promise<Told>;
  stop(): Promise<void>;
}

/** Starts a server of this folder in a process of its own; ours as `tinsmith up` starts it. */
export async function startChild(name: string, args: string[]): Promise<Child> {
  const env = name.endsWith('appliance.ts') ? smallHeap(process.env) : process.env;
  const child: ChildProcess = fork(fileURLToPath(new URL(name, import.meta.url)), args, { env });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)));
  failed.catch(() => {});
  const [{ port }] = (await Promise.race([once(child, 'message'), failed])) as [{ port: number }];
  return {
    port,
    pid: child.pid ?? 0,
    async ask(question) {
      child.send(question);
      const [told] = (await Promise.race([once(child, 'message'), failed])) as [Told];
      return told;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
