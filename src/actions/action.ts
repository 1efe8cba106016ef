/** What the built-in actions have in common: where they write, what they run on, and how they fail. */
import { type SpawnOptions, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where an action's output goes; `signal` tells it to stop. */
export type ActionIo = { stdout: Writable; stderr: Writable; signal: AbortSignal };

/** Variables of the environment, with Tinkerbell's names. */
export type Environment = { readonly [name: string]: string | undefined };

/** How a program ended: `code` is 128 + the signal's number for one that was killed; `complaint` the end of its stderr. */
export type Ended = { code: number; complaint: string };

/** The machine that an action runs on, so that a test can put another in its place. */
export interface Host {
  /** Runs a program to its end, its output passed on to `output` where that is given. Rejects when it cannot be started. */
  run(program: string, args: readonly string[], output?: ActionIo): Promise<Ended>;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** ms, from some beginning. */
  clock(): number;
  /** ms since 1970. */
  now(): number;
  /** As Math.random. */
  random(): number;
  /** Where file systems are mounted. */
  mountPoint: string;
  /** `/proc` and `/sys`. */
  proc: string;
  sys: string;
  /** Tests write to files in place of disks; in truth a regular file in /dev is a mistake that fills the memory. */
  regularFilesAsDisks: boolean;
}

/** Why an action failed, for people, and its exit code: 64 for bad variables, 1 for all else (or as the action says). */
export class ActionFailure extends Error {
  readonly exit: number;

  constructor(message: string, exit = 1, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ActionFailure';
    this.exit = exit;
  }
}

export const EXIT_USAGE = 64;

/** Resolves to the exit code. */
export type Action = (environment: Environment, io: ActionIo, host: Host) => Promise<number>;

const COMPLAINT_MAX = 2000;
const SIGNALS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 };

/** Runs a program without a shell. */
export async function runProgram(program: string, args: readonly string[], output?: ActionIo): Promise<Ended> {
  const options: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'], signal: output?.signal };
  const child = spawn(program, args, options);
  let complaint = '';
  child.stdout?.on('data', (bytes: Buffer) => output?.stdout.write(bytes));
  child.stderr?.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-COMPLAINT_MAX);
    output?.stderr.write(bytes);
  });
  return await new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'there is no such program here' : error.message;
      reject(new ActionFailure(`${program} cannot be run: ${why}`, 1, error));
    });
    child.once('close', (code, signal) => {
      resolve({ code: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0), complaint: complaint.trim() });
    });
  });
}

/** The machine that this process runs on. */
export const linuxHost: Host = {
  run: runProgram,
  wait: async (ms, signal) => await sleep(ms, undefined, { signal }),
  clock: () => performance.now(),
  now: () => Date.now(),
  random: () => Math.random(),
  mountPoint: '/mountAction',
  proc: '/proc',
  sys: '/sys',
  regularFilesAsDisks: false,
};

/** Runs a program that must succeed; `what` completes "cannot …". Throws an ActionFailure with what the program complained of. */
export async function must(host: Host, what: string, program: string, args: readonly string[]): Promise<void> {
  const { code, complaint } = await host.run(program, args);
  if (code === 0) return;
  throw new ActionFailure(`cannot ${what}: ${complaint === '' ? `${program} ended with ${code}` : complaint}`);
}

/** Writes one line of an action's output. */
export function say(io: ActionIo, line: string): void {
  io.stdout.write(`${line}\n`);
}

/** A number of bytes for people: `431 MB`. Units of 1000, as on disks' labels. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  const value = bytes / 1000 ** power;
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power - 1]}`;
}
