/**
 * What worker and server say to each other, as JSON over HTTP under `/api/v1/worker/`, with the boot's token as bearer.
 * The server decides what runs; the worker asks, runs, and reports until its report is acknowledged. Every report
 * carries (workflow, action, attempt), so that it can be repeated any number of times.
 */
import { z } from 'zod';

/** Names one attempt at one action: `action` is its position in the workflow, counted over all tasks from 0. */
export const attemptKey = z.object({
  workflow: z.string().min(1).max(64),
  action: z.int().min(0).max(9999),
  attempt: z.int().min(1).max(9999),
});
export type AttemptKey = z.infer<typeof attemptKey>;

/** `POST hello`: a worker has started. `boot` is the kernel's boot id: a new one means that the machine was restarted. */
export const hello = z.object({
  mac: z.string().max(64),
  boot: z.string().min(1).max(64),
  version: z.string().max(100),
  /** Seconds since the kernel started. */
  uptime: z.number().min(0).optional(),
  /** Bytes. */
  memory: z.number().min(0).optional(),
});
export type Hello = z.infer<typeof hello>;

export interface HelloAnswer {
  machine: { id: string; name: string };
  /** The server's clock, ms since 1970. */
  time: number;
}

/** What a worker is given to do. */
export type Assignment =
  | ({
      kind: 'action';
      task: string;
      name: string;
      /** How many actions the workflow has. */
      total: number;
      /** Limit for the action in seconds, from the start of its container; 0 means none. */
      timeout: number;
      run: ContainerRun | { kind: 'verb' };
    } & AttemptKey)
  /** Do this now: the server has the report that came before it. Given again until the machine has another boot id. */
  | { kind: 'verb'; verb: 'reboot' | 'poweroff' | 'kexec'; workflow: string }
  | { kind: 'idle'; reason: string };

export interface ContainerRun {
  kind: 'container';
  /** The image as the template names it. */
  image: string;
  /** Where to pull it from: the same name, or one in the server's own registry (`192.168.1.1:8080/busybox:1`). */
  pull: string;
  /** Mount the worker's own executable as `/usr/bin/tinsmith`: a built-in action, pulled without its largest layer. */
  mountsExecutable: boolean;
  command: string[];
  environment: Record<string, string>;
  /** `source:destination[:options]` */
  volumes: string[];
  pid?: string;
  network?: string;
}

/** `GET work?boot=…&wait=…` */
export const workQuery = z.object({
  boot: z.string().min(1).max(64),
  /** How long the server may hold the answer back while there is nothing to do, seconds. */
  wait: z.coerce.number().min(0).max(60).default(0),
});

/** One piece of a container's output: a line with its newline, or a fragment without one. */
export const logEntry = z.object({
  /** ms since 1970 */
  at: z.number(),
  stream: z.enum(['stdout', 'stderr']),
  text: z.string().max(65_536),
});
export type LogEntry = z.infer<typeof logEntry>;

/** `POST log`: entries from number `from` on. The answer says which number the server expects next. */
export const logPost = attemptKey.extend({ from: z.int().min(0), entries: z.array(logEntry).max(5000) });
export type LogPost = z.infer<typeof logPost>;
export interface LogAnswer {
  next: number;
}

/** How far an action is, for those that can tell (`progress {…}` lines of the built-in actions). Bytes. */
export const progress = z.object({
  downloaded: z.number().min(0).optional(),
  total: z.number().min(0).optional(),
  written: z.number().min(0).optional(),
});
export type Progress = z.infer<typeof progress>;

/** `POST heartbeat`: the attempt is still running here. */
export const heartbeat = attemptKey.extend({ boot: z.string().min(1).max(64), progress: progress.optional() });
export type Heartbeat = z.infer<typeof heartbeat>;
export interface HeartbeatAnswer {
  /** False: the server no longer wants this attempt (workflow deleted, attempt superseded): stop and clean up. */
  continue: boolean;
  reason: string;
}

/** `POST report`: an attempt has begun or ended. */
export const report = attemptKey.extend({
  boot: z.string().min(1).max(64),
  state: z.enum(['RUNNING', 'SUCCESS', 'FAILED', 'TIMEOUT']),
  /** The worker's clock, ms since 1970. */
  at: z.number(),
  /** How long the container ran. */
  seconds: z.number().min(0).optional(),
  exitCode: z.int().optional(),
  /** Why it failed, one sentence; the server adds machine and action. */
  message: z.string().max(2000).optional(),
  /** The last lines of the output. */
  logTail: z.array(z.string().max(1000)).max(50).optional(),
  /** Bytes written to each local disk while the action ran, from the kernel's own counters. */
  diskWrites: z.record(z.string().max(64), z.number().min(0)).optional(),
  /** Local disks that firmware could boot from, seen after the action: boot code in sector 0, or an EFI system partition. */
  bootableDisks: z.array(z.string().max(64)).max(256).optional(),
});
export type Report = z.infer<typeof report>;
export interface ReportAnswer {
  acknowledged: true;
  /** What the report changed: `recorded`, `repeated` (known already), or `superseded` (a later attempt counts). */
  outcome: 'recorded' | 'repeated' | 'superseded';
}
