/** A rendered and checked template: what a workflow is made of. */
export interface TemplateDocument {
  name: string;
  version: string;
  /** Seconds that the whole workflow may take, from its first action's start; 0 is no limit. */
  globalTimeout: number;
  data: DataRules;
  services: TemplateService[];
  tasks: TemplateTask[];
  /** Run whenever an action has failed for good (proposal 0010). */
  onFailure: TemplateHook[];
  /** Run whenever an action, a task or the workflow has exceeded its limit. */
  onTimeout: TemplateHook[];
}

/** What the workflow's ephemeral data may be. */
export interface DataRules {
  /** `json`: an object, in which the keys of several writers are merged. `binary`: any bytes. */
  kind: 'json' | 'binary';
  /** Bytes; undefined: the appliance's own limit. */
  limit?: number;
}

/** Actions that one worker runs, one after another. */
export interface TemplateTask {
  name: string;
  /** Address of the worker as the template gives it: a MAC or IP address, a name, or `provisioner`. */
  worker: string;
  /** Seconds that its actions may take together, from the first one's start; 0 is no limit. */
  timeout: number;
  actions: TemplateAction[];
}

/** One step of a task. */
export interface TemplateAction {
  name: string;
  /** Seconds that the action may take; 0 is no limit. */
  timeout: number;
  retries: Retries;
  /** False: its `if` says that it is not for this workflow. */
  condition: boolean;
  /** Its success is reported before it is run, and nobody waits for its end. */
  background: boolean;
  run: ImageRun | VerbRun | JobTask;
}

/** How often an action that did not succeed is tried again. */
export interface Retries {
  /** Tries after the first; 0: none. */
  limit: number;
  /** Seconds until the first of them, doubled before each one after it, at most an hour. */
  backoff: number;
}

/** An action at the level of the whole workflow. It runs where the failed one did, unless it names a worker. */
export interface TemplateHook {
  name: string;
  worker?: string;
  /** Seconds; 0 is no limit of its own. */
  timeout: number;
  run: ImageRun;
}

/** What a container is made from, whatever it is for. */
export interface Container {
  /** Image reference as the template gives it. */
  image: string;
  /** Arguments of the image's entry point. */
  command: string[];
  /** `source:destination[:options]`, one for each mount. */
  volumes: string[];
  environment: Record<string, string>;
  /** `host` or `container:<name>`. */
  pid?: string;
  /** Docker's network mode, such as `host` or `none`. */
  network?: string;
  /** Undefined: actions are privileged and services are not. */
  privileged?: boolean;
  /** Bytes. */
  memory?: number;
  /** Processors, such as 0.5. */
  cpus?: number;
}

/** An action done in a container; the task's volumes and environment are already merged into its own. */
export interface ImageRun extends Container {
  kind: 'image';
  /** Run in the same image after the action has exceeded a limit for good. */
  onTimeout?: HookCommand;
  /** Run in the same image after the action has failed for good. */
  onFailure?: HookCommand;
}

export interface HookCommand {
  command: string[];
  /** Seconds; 0 is no limit of its own. */
  timeout: number;
}

/** An action that is run as a Job: a Task of the content, or a script or file of the template's own. */
export interface JobTask {
  kind: 'job';
  /** Name of the Task, which is filled in when its Job is created; of a script or file, the action's. */
  task: string;
  /** Values of params that come before all others. */
  params?: Record<string, unknown>;
  /** For its scripts and containers. */
  environment?: Record<string, string>;
  /** The script or file, where it is no Task of the content. */
  step?: { name: string; path?: string; content: string; interpreter?: string };
}

/** An action that the worker does itself, after its report was acknowledged. */
export interface VerbRun {
  kind: 'verb';
  verb: Verb;
}

export const VERBS = ['reboot', 'poweroff', 'kexec'] as const;
export type Verb = (typeof VERBS)[number];

/** A container in the background of a workflow (proposal 0014). */
export interface TemplateService extends Container {
  name: string;
  /** As a task's. */
  worker: string;
  /** `key=value` as written; the same key may come several times. */
  labels: string[];
  ports: ServicePort[];
  /** Undefined: the image's own, if it has one. */
  healthcheck?: Healthcheck;
  restart: RestartPolicy;
  /** Seconds in which it must be up, and healthy where that is checked. */
  startTimeout: number;
}

export interface ServicePort {
  /** Inside the container. */
  port: number;
  /** On the worker's own address; undefined: any that is free. */
  published?: number;
  protocol: 'tcp' | 'udp';
}

/** As in a Dockerfile; times in seconds. */
export interface Healthcheck {
  /** `['CMD', …]`, `['CMD-SHELL', 'command line']`, or `['NONE']`. */
  test: string[];
  interval: number;
  timeout: number;
  retries: number;
  startPeriod: number;
}

export interface RestartPolicy {
  when: 'never' | 'on-failure' | 'always';
  /** Undefined: as often as it takes. */
  limit?: number;
}
