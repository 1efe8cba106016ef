/**
 * What worker and server say to each other, as JSON over HTTP under `/api/v1/worker/`, with the boot's token as bearer.
 * The server decides what runs; the worker asks, runs, and reports until its report is acknowledged. Every report
 * carries (workflow, action, attempt), so that it can be repeated any number of times.
 */
import { z } from 'zod';
import { inventory } from '../inventory/inventory.ts';
import type { Healthcheck, RestartPolicy, ServicePort, Verb } from '../workflows/template/document.ts';
import { SERVICE_STATES } from '../workflows/workflow.ts';

/** Characters of a message in a report: more is not taken. */
export const MESSAGE_LIMIT = 2000;

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
  /** A new one for each start of a worker: of two at once, the second is refused. */
  agent: z.string().min(1).max(64).optional(),
  /** Boot environment that the machine is in; absent: the in-memory system. */
  bootEnv: z.string().min(1).max(255).optional(),
});
export type Hello = z.infer<typeof hello>;

/** The answer to `hello`. */
export interface HelloAnswer {
  machine: { id: string; name: string };
  /** The server's clock, ms since 1970. */
  time: number;
}

/**
 * `POST discover`: the worker of a machine that nobody knows says what that is made of, before its hello. The token of its
 * boot opens nothing else until this is answered, and the machine's own work from then on. 409 and others with a problem
 * while the machine cannot be taken: asked again later, it may be.
 */
export const discover = z.object({
  mac: z.string().max(64),
  inventory,
  boot: z.string().min(1).max(64),
  version: z.string().max(100),
  agent: z.string().min(1).max(64).optional(),
});
export type Discover = z.infer<typeof discover>;
/** The machine that it is, or has become. */
export type DiscoverAnswer = Pick<HelloAnswer, 'machine'>;

/** `POST inventory`: what a machine that is known is made of; once for each start of its worker. */
export const inventoryPost = z.object({ inventory });
export type InventoryPost = z.infer<typeof inventoryPost>;
export interface InventoryAnswer {
  kept: true;
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
      /** Report success when everything is ready, then run it and go on. */
      background: boolean;
      /** What its ephemeral data, `/workflow/data`, may be; `limit` in bytes. */
      data: { kind: 'json' | 'binary'; limit: number };
      run: ContainerRun | { kind: 'verb'; verb: Verb } | JobRun;
    } & AttemptKey)
  /** Do this now: the server has the report that came before it. Given again until the machine has another boot id. */
  | { kind: 'verb'; verb: Verb; workflow: string }
  /** End: the server has the report that came before it. A worker that is started later works again. */
  | { kind: 'exit'; reason: string }
  | { kind: 'idle'; reason: string };

/** A Task: its files are written, and its scripts and containers are run, one after another, in a folder of its own. */
export interface JobRun<C = ContainerRun> {
  kind: 'job';
  /** Id of the Job. */
  job: string;
  steps: JobStep<C>[];
  /** For its scripts, beside what the worker adds. */
  environment: Record<string, string>;
  /** What exit codes mean: `sane` are bits (16 stop, 32 power off, 64 reboot, 128 incomplete), `original` 1 reboot, 2 incomplete. */
  codes: 'sane' | 'original';
  /** Texts that must not appear in what is shown or sent of its output. */
  secrets: string[];
}
/** One step of a Task, filled in. */
export type JobStep<C = ContainerRun> = TextStep | ContainerStep<C>;
interface Step {
  name: string;
  /** Seconds that it may take; absent: no limit. */
  timeout?: number;
}
/** A container. It is run to its end, and its exit code means what that of a script does. */
export interface ContainerStep<C = ContainerRun> extends Step {
  container: C;
  path?: undefined;
  content?: undefined;
}
/** A file or a script. */
export interface TextStep extends Step {
  container?: undefined;
  /** The file to be written, absolute or below the Job's folder. Absent: `content` is a script, to be run. */
  path?: string;
  content: string;
  /** What runs the script; absent: its own first line says so. */
  interpreter?: string;
}

/** A container as the server wants it, for an action or a service. */
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
  /** Undefined: an action is, a service is not. */
  privileged?: boolean;
  /** Bytes. */
  memory?: number;
  /** Processors, such as 0.5. */
  cpus?: number;
  /** Texts that must not appear in what is shown or sent of its output. */
  secrets: string[];
}

/**
 * `GET services[?folders=ID,…]`: the services that this worker is to have running now; whatever else it has, is to be stopped and
 * removed. Asked at the start, whenever the stream says `services`, and now and then.
 */
export interface ServicesAnswer {
  services: WantedService[];
  /** Of the workflows asked about, those of which nothing more will come: their folders may go. */
  over: string[];
}
/** Workflows that are asked about at once, at most. */
export const WORKFLOWS_ASKED = 50;
/** Query of `GET services`: ids of workflows that have a folder on this machine, with commas. */
export const servicesQuery = z.object({
  folders: z
    .string()
    .max(64 * WORKFLOWS_ASKED)
    .transform((text) => text.split(',').filter(Boolean))
    .default([]),
});
/** A service that is to run, and how. */
export interface WantedService {
  workflow: string;
  /** Its position among the workflow's services, from 0. */
  service: number;
  name: string;
  run: ContainerRun;
  labels: string[];
  ports: ServicePort[];
  healthcheck?: Healthcheck;
  restart: RestartPolicy;
  /** Starts that the server knows of, by any worker: the next one's number is greater. Absent: none. */
  starts?: number;
}

/** `POST service`: what has become of a service. Sent at each change, and again after a new hello. */
export const serviceReport = z.object({
  workflow: z.string().min(1).max(64),
  service: z.int().min(0).max(999),
  boot: z.string().min(1).max(64),
  state: z.enum(SERVICE_STATES).exclude(['PENDING']),
  /** Times that it was started, over all workers that had it. */
  starts: z.int().min(0),
  exitCode: z.int().optional(),
  message: z.string().max(MESSAGE_LIMIT).optional(),
  /** The port on this machine by which each of the container's ports is reached, by its number: `{ "80": 32768 }`. */
  ports: z.record(z.string().regex(/^[0-9]{1,5}$/), z.int().min(1).max(65_535)).optional(),
});
export type ServiceReport = z.infer<typeof serviceReport>;
/** `wanted` false: stop it and remove it. */
export interface ServiceReportAnswer {
  wanted: boolean;
}

/** `POST service-log`: output of one start of a service, as `log` for actions. */
export const serviceLogPost = z.object({
  workflow: z.string().min(1).max(64),
  service: z.int().min(0).max(999),
  start: z.int().min(1),
  from: z.int().min(0),
  entries: z.lazy(() => z.array(logEntry).max(5000)),
});
export type ServiceLogPost = z.infer<typeof serviceLogPost>;

/**
 * `GET data?workflow=ID`: the workflow's ephemeral data as bytes, version in the header of this name; 0 and nothing when
 * there is none yet. `PUT data?workflow=ID&action=N&attempt=N&base=VERSION` with the bytes: what the worker made of that
 * version. 409 with a problem when it cannot be merged with what others wrote meanwhile.
 */
export const DATA_VERSION_HEADER = 'tinsmith-data-version';
export const dataQuery = z.object({ workflow: z.string().min(1).max(64) });
export const dataUpdateQuery = z.object({
  workflow: z.string().min(1).max(64),
  action: z.coerce.number().pipe(z.int().min(0).max(9999)),
  attempt: z.coerce.number().pipe(z.int().min(1).max(9999)),
  base: z.coerce.number().pipe(z.int().min(0)),
});
export interface DataAnswer {
  version: number;
  /** Others wrote since `base`: what is stored is not what was sent; fetch it. */
  merged: boolean;
}

/**
 * `GET stream`: server-sent events that spare the worker asking. `event: work`: ask for work. `event: services`: ask for
 * the services. `event: stop`, with an attempt's key and `reason` as JSON data: it is no longer wanted. A comment comes at
 * least every 30 s; after 75 s of silence the worker opens another.
 */
export const stopNotice = attemptKey.extend({ reason: z.string() });
export type StopNotice = z.infer<typeof stopNotice>;

/** Query of `GET params?name=NAME`, the name once or several times: the params of this machine that count for it. */
export const paramsQuery = z.object({
  name: z.preprocess(
    (given) => (typeof given === 'string' ? [given] : given),
    z.array(z.string().min(1).max(255)).min(1).max(100),
  ),
});
/**
 * What they are, those left out that nobody gives; secure ones are opened, for the machine's own scripts. `POST params`
 * with `set` and `unset`, as for machines, changes those of the machine itself; secure ones are sealed with this key.
 */
export interface ParamsAnswer {
  params: Record<string, { value: unknown; from: string }>;
  /** Those of the names asked for whose values must be sealed. */
  secure: string[];
  sealingKey: string;
}
/** What a `POST params` has changed. */
export interface ParamsChanged {
  set: string[];
  unset: string[];
}

/** `GET work?boot=…` */
export const workQuery = z.object({ boot: z.string().min(1).max(64), agent: z.string().min(1).max(64).optional() });

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
  /** `INCOMPLETE`, of a Job only: it is to be run again, as the same Job. */
  state: z.enum(['RUNNING', 'SUCCESS', 'FAILED', 'TIMEOUT', 'INCOMPLETE']),
  /** What its script wants done with the machine, or the worker, once the report is acknowledged. */
  exit: z.enum(['stop', 'reboot', 'poweroff']).optional(),
  /** The worker's clock, ms since 1970. */
  at: z.number(),
  /** How long the container ran. */
  seconds: z.number().min(0).optional(),
  exitCode: z.int().optional(),
  /** Why it failed, one sentence; the server adds machine and action. */
  message: z.string().max(MESSAGE_LIMIT).optional(),
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
