/** Processor time of other processes, from /proc: exact to the nanosecond, unlike the ticks of /proc/PID/stat. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Begins to count what a process, its threads and its children run. The answer gives the seconds since then, without what
 * has ended meanwhile: ask while it is there.
 */
export function countProcessorSeconds(pid: number): () => number {
  const before = nanosecondsByThread(pid);
  return () => {
    const since = [...nanosecondsByThread(pid)].map(([thread, ran]) => ran - (before.get(thread) ?? 0));
    return since.reduce((sum, one) => sum + one, 0) / 1e9;
  };
}

function nanosecondsByThread(pid: number): Map<string, number> {
  const family = [pid, ...childrenOf(pid)];
  const threads = family.flatMap((member) => foldersIn(`/proc/${member}/task`).map((each) => [member, each] as const));
  return new Map(
    threads.map(([member, thread]) => [
      thread,
      Number(readOrNothing(`/proc/${member}/task/${thread}/schedstat`).split(' ')[0]),
    ]),
  );
}

/** Whether a process, or one in the same network namespace, has a UDP port bound. */
export function hasBoundUdp(pid: number, port: number): boolean {
  const local = `:${port.toString(16).padStart(4, '0').toUpperCase()} `;
  return readOrNothing(`/proc/${pid}/net/udp`).includes(local);
}

/** Whether a process, or one in the same network namespace, listens on a TCP port, over IPv4 or IPv6. */
export function listensOnTcp(pid: number, port: number): boolean {
  // Local address, remote address, and the state "listen" (proc(5), include/net/tcp_states.h).
  const listening = new RegExp(`:${port.toString(16).padStart(4, '0').toUpperCase()} [0-9A-F]+:0000 0A `);
  return ['tcp', 'tcp6'].some((table) => listening.test(readOrNothing(`/proc/${pid}/net/${table}`)));
}

/** Bytes that a process and its children have resident, as /proc/PID/status says. */
export function residentBytes(pid: number): number {
  const kibibytes = [pid, ...childrenOf(pid)].map((member) =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${member}/status`))?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, one) => sum + one, 0) * 1024;
}

function childrenOf(parent: number): number[] {
  const processes = foldersIn('/proc').map(Number).filter(Number.isInteger);
  return processes.filter((pid) => {
    // After the name in parentheses come the state and the parent (proc(5)).
    const [, after = ''] = readOrNothing(`/proc/${pid}/stat`).split(') ');
    return Number(after.split(' ')[1]) === parent;
  });
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Content of a file of /proc, empty when its process is gone. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
