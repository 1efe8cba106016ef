/**
 * What the HTTP API under `/api/v1` says: the shapes that server, command line and console share. Types only; times are
 * ISO 8601 in UTC unless said otherwise, identifiers are UUIDs, every list comes as `{ data: […] }`.
 */
import type { ErrorCode, Problem } from '../errors.ts';
import type { LogEntry, Progress } from '../worker/protocol.ts';
import type { ActionRecord, Workflow as WorkflowRecord, WorkflowState } from '../workflows/workflow.ts';

/** Every answer but a status and a preview. */
export interface Data<T> {
  data: T;
}

/** An error as RFC 9457 problem details (`application/problem+json`). */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  /** What happened, to which machine or field, and why. */
  detail: string;
  code: ErrorCode;
  /** What to do about it. */
  next?: string;
  problems?: readonly Problem[];
}

/** `GET status` */
export interface Status {
  version: string;
  commit: string;
  /** Version of Node, such as `v24.21.0`. */
  node: string;
  startedAt: string;
  state: 'ready' | 'degraded';
  roles: RoleStatus[];
  dataDirectory: string;
}
export interface RoleStatus {
  /** `dhcp`, `proxy-dhcp`, `tftp`, `http`, … */
  name: string;
  state: 'up' | 'failed' | 'off';
  /** Addresses it answers on, such as `192.168.1.1:69 (eth0)`. */
  bound: string[];
  /** Why it failed. */
  problem?: { code: ErrorCode; message: string; next?: string };
}

/** `GET machines`, `GET machines/:id` (id, name, MAC or IP address) */
export interface Machine {
  id: string;
  name: string;
  /** The hardware data as it was pushed. */
  hardware: Record<string, unknown>;
  interfaces: { mac: string; address?: string; hostname?: string }[];
  createdAt: string;
  updatedAt: string;
  /** Id of the active workflow. */
  workflow?: string;
  /** The system that a workflow has installed, on which disks, and when it first called home. */
  installed?: { workflow: string; at: string; disks: string[]; heardAt?: string };
  /** The worker last heard from this machine; `boot` is the kernel's boot id. */
  worker?: { lastSeen: string; boot: string; version: string };
}

/** `POST machines`: one piece of hardware data, or an array of them. */
export interface MachinesPushed extends Data<Machine | Machine[]> {
  warnings: string[];
}

/** `GET templates[?name=]`, `GET|PUT templates/:id`, `POST templates` (the YAML as body) */
export interface Template {
  id: string;
  name: string;
  /** The YAML as it was given. */
  data: string;
  createdAt: string;
  updatedAt: string;
}

/** Body of `POST workflows`. */
export interface NewWorkflow {
  /** Id or name of the template. */
  template: string;
  /** Names in the template to MAC or IP addresses: `{ "device_1": "52:54:00:00:00:01" }`. */
  hardware: Record<string, string>;
}

export type Action = Omit<ActionRecord, 'startedAt' | 'endedAt'> & { startedAt?: string; endedAt?: string };

/** `GET workflows`, `GET workflows/:id` */
export type Workflow = Omit<WorkflowRecord, 'createdAt' | 'updatedAt' | 'actions'> & {
  actions: Action[];
  createdAt: string;
  updatedAt: string;
  /** Percent, 0 to 100. */
  progress: number;
  currentTask?: string;
  currentAction?: string;
  /** Id of the machine whose turn it is. */
  currentWorker?: string;
  currentActionState?: WorkflowState;
  /** Why nothing moves at the moment, one sentence. */
  waitsFor?: string;
};

/** `GET workflows/:id/events`: one line of an action's history. */
export interface WorkflowActionEvent {
  workflow: string;
  /** Id of the machine. */
  worker: string;
  task: string;
  /** Name of the action, and its position in the workflow from 0. */
  action: string;
  index: number;
  attempt: number;
  state: WorkflowState;
  /** How long the action ran. */
  seconds: number;
  message: string;
  at: string;
  exitCode?: number;
  logTail?: string[];
}

/** `GET workflows/:id/logs[?action=NAME|INDEX&attempt=N]`: the output of one attempt at one action. */
export interface ActionLog {
  /** Position of the action in the workflow, from 0. */
  action: number;
  name: string;
  attempt: number;
  entries: LogEntry[];
}

/** `GET trace/:mac`: one thing that happened to a machine on its way, and why. */
export interface TraceEntry {
  time: string;
  mac: string;
  role: 'dhcp' | 'tftp' | 'http' | 'script' | 'worker' | 'system';
  /** The packet or request: `DHCPDISCOVER`, `GET /boot/vmlinuz`. */
  what: string;
  outcome: 'answered' | 'ignored' | 'refused' | 'completed' | 'failed';
  /** Stable name of the reason, such as `unknown-machine`. */
  reason: string;
  /** The same for people. */
  sentence: string;
  /** Evidence: addresses, sizes in bytes, durations in ms, options. */
  details: Record<string, unknown>;
}

/** `GET trace`: the last entry of every MAC address heard of. */
export interface TraceSummary {
  mac: string;
  /** Name of the machine, when it is one of ours. */
  machine?: string;
  last: TraceEntry;
}

/** `GET images` */
export interface Image {
  /** Such as `docker.io/library/busybox:1.36`. */
  reference: string;
  digest: string;
  /** Bytes. */
  size: number;
  architecture: string;
  loadedAt: string;
  /** Part of the executable: cannot be deleted. */
  builtin: boolean;
}

/** `GET preview/:machine`: what the machine would be given if it asked now. */
export interface Preview {
  boot: string;
  reason: string;
  sentence: string;
  /** The iPXE script, without its token. */
  script?: string;
}

/** Names an attempt in an event, with the names that people know it by. */
interface EventAction {
  action: number;
  attempt: number;
  task: string;
  name: string;
}

/** What an event says, by its kind. `at` is ms since 1970 by the worker's clock. */
export interface StreamFacts {
  'workflow.created': { name: string; actions: { task: string; name: string; machine: string; timeout: number }[] };
  'action.started': EventAction & { boot: string; at: number };
  'action.ended': EventAction & {
    boot: string;
    at: number;
    state: 'SUCCESS' | 'FAILED' | 'TIMEOUT';
    seconds: number;
    message: string;
    exitCode?: number;
    logTail?: string[];
  };
  'action.lost': EventAction & { boot: string; at: number };
  'workflow.ended': { state: 'SUCCESS' | 'FAILED' | 'TIMEOUT'; message: string; installed: string[]; at: number };
  'workflow.deleted': { at: number };
  log: EventAction & { from: number; entries: LogEntry[] };
  progress: EventAction & { progress: Progress };
  'boot.trace': TraceEntry;
  'machine.added': { name: string };
  'machine.updated': { name: string };
  'machine.deleted': { name: string };
  'machine.called-home': { installed: boolean };
  /** All that was kept has been told; what follows happens now. */
  'stream.live': Record<string, never>;
}

/**
 * `GET events[?workflow=ID][&machine=ID…]`, server-sent: `id:` is `seq` (left out when it is 0), `event:` is
 * `kind`, `data:` is this as JSON. With `Last-Event-ID: n` the events kept since n come first (0: all of them), then
 * `stream.live`, which comes at once without that header. `machine=` may be given several times; beside `workflow=` it
 * adds what is told of those machines themselves (their boot). A comment line comes at least every 20 s.
 */
export type StreamEvent = {
  [Kind in keyof StreamFacts]: {
    /** Position in the stream, for Last-Event-ID; 0 for what is only told live and not kept. */
    seq: number;
    time: string;
    kind: Kind;
    /** Id of the machine, and of the workflow, that it is about. */
    machine?: string;
    workflow?: string;
    data: StreamFacts[Kind];
  };
}[keyof StreamFacts];
