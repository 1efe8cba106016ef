/** What the worker wants of a container engine. The real one is Docker Engine (docker-engine.ts). */
import type { DiskCounters } from './disks.ts';
import type { LogFrame } from './output.ts';
import type { AttemptKey, Progress } from './protocol.ts';

/** An engine that could not be asked, or said no. */
export class EngineError extends Error {
  /** HTTP status of the engine's answer; undefined: there was none. */
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

/** What any container is made from. */
export interface Container {
  name: string;
  image: string;
  /** Empty: the image's own. The image's entrypoint is kept in any case. */
  command: string[];
  environment: Record<string, string>;
  /** `source:destination[:options]` */
  binds: string[];
  network: string;
  pid: string;
  privileged: boolean;
  /** Bytes. */
  memory?: number;
  /** Processors. */
  cpus?: number;
}

/** A container for an attempt at an action. */
export interface ContainerSpec extends Container {
  key: AttemptKey;
  /** It goes on beside the actions after it. */
  background: boolean;
  /** The disks' counters before it starts, kept with the container for a worker that adopts it. */
  disks: DiskCounters;
}

/** A container that a worker made. */
export interface FoundContainer {
  id: string;
  key: AttemptKey;
  disks: DiskCounters;
  background: boolean;
  /** `made`: it has never been started. */
  condition: 'made' | 'running' | 'ended';
}

export interface ContainerState {
  running: boolean;
  /** ms since 1970; undefined: it has never started. */
  startedAt?: number;
  /** ms since 1970; undefined: it has not ended. */
  finishedAt?: number;
  exitCode: number;
  outOfMemory: boolean;
  /** The engine's words when it could not run it. */
  error: string;
}

/** Every call throws EngineError, and the signal's reason when that is aborted. */
export interface ContainerEngine {
  /** Name and version, when it answers. */
  ping(): Promise<string>;
  /** Pulls an image, telling bytes as they come. */
  pull(image: string, told: (progress: Progress) => void, signal: AbortSignal): Promise<void>;
  hasImage(image: string): Promise<boolean>;
  /** All containers that a worker made, running or not. */
  list(): Promise<FoundContainer[]>;
  /** Makes a container, or finds the one of the same name that an earlier call made. Returns its id. */
  create(spec: ContainerSpec): Promise<string>;
  start(id: string): Promise<void>;
  inspect(id: string): Promise<ContainerState>;
  /** Resolves when a container that was started has ended. */
  wait(id: string, signal: AbortSignal): Promise<void>;
  /** The output from the first message on; ends when the container has. */
  logs(id: string, signal: AbortSignal): AsyncIterable<LogFrame>;
  /** The last few messages of the output as they are recorded now. */
  lastLogs(id: string): Promise<LogFrame[]>;
  /** SIGTERM, and SIGKILL after so many seconds. Returns when it has ended. */
  stop(id: string, grace: number): Promise<void>;
  /** Removes it, running or not, with its anonymous volumes. */
  remove(id: string): Promise<void>;
}

/** Whether two keys name the same attempt. */
export const sameAttempt = (a: AttemptKey, b: AttemptKey): boolean =>
  a.workflow === b.workflow && a.action === b.action && a.attempt === b.attempt;
