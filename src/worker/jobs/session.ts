/** The processes of a script: a session of their own (setsid(2)), so that they can be found and ended together. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { GRACE } from '../left-over.ts';

/** How often it is looked whether they have ended, ms. */
const LOOK_EVERY = 50;
/** Processes that SIGKILL does not end (they hang in the kernel) are given up after this, ms. */
const KILL_LIMIT = 10_000;

/** A session, by its first process; the time tells it from another that got the same number later. */
export interface Session {
  pid: number;
  /** In clock ticks since the kernel started: field 22 of /proc/PID/stat. */
  startTime: number;
}

interface Process {
  pid: number;
  state: string;
  session: number;
  startTime: number;
}

/** The session of a process that has just been made to begin one. Undefined: it has ended already. */
export function sessionOf(pid: number): Session | undefined {
  const found = processAt(String(pid));
  return found && { pid, startTime: found.startTime };
}

/**
 * Ends all processes of a session: SIGTERM, and SIGKILL after 10 s for those that are left.
 * @returns how many could not be ended
 */
export async function endSession(session: Session, clock: Clock): Promise<number> {
  // Those that are stopped would not hear of it before they go on.
  for (const pid of membersOf(session)) for (const signal of ['SIGTERM', 'SIGCONT'] as const) send(pid, signal);
  if ((await gone(session, GRACE * 1000, clock, () => {})) === 0) return 0;
  // Again and again: there may be new ones.
  return gone(session, KILL_LIMIT, clock, (pid) => send(pid, 'SIGKILL'));
}

/** Waits until there are none any more, or for so many ms. @returns how many there still are */
async function gone(session: Session, ms: number, clock: Clock, each: (pid: number) => void): Promise<number> {
  for (const until = clock.uptime() + ms; ; ) {
    const left = membersOf(session);
    if (left.length === 0 || clock.uptime() >= until) return left.length;
    left.forEach(each);
    await clock.sleep(LOOK_EVERY);
  }
}

/** Processes of the session that have not ended. */
function membersOf({ pid: leader, startTime }: Session): number[] {
  const first = processAt(String(leader));
  // The number is another's now, and all of ours are gone: the kernel gives no number away that a session still has.
  if (first && first.startTime !== startTime) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processAt(name) ?? [])
    .filter(({ session, state }) => session === leader && state !== 'Z' && state !== 'X')
    .map(({ pid }) => pid);
}

function processAt(name: string): Process | undefined {
  try {
    return readStat(readFileSync(`/proc/${name}/stat`, 'utf8'));
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** proc_pid_stat(5): the name of the program, in parentheses, may have spaces and parentheses itself. */
export function readStat(text: string): Process | undefined {
  const after = text.lastIndexOf(')');
  const fields = text.slice(after + 2).split(' ');
  const [state = '', , , session] = fields;
  const found = { pid: Number.parseInt(text, 10), state, session: Number(session), startTime: Number(fields[19]) };
  return after === -1 || !Number.isInteger(found.startTime) ? undefined : found;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
