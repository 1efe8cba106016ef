/** A rendered and checked template: what a workflow is made of. */
export interface TemplateDocument {
  name: string;
  version: string;
  /** Seconds that the whole workflow may take; 0 is no limit. */
  globalTimeout: number;
  tasks: TemplateTask[];
}

/** Actions that one worker runs, one after another. */
export interface TemplateTask {
  name: string;
  /** Address of the worker as the template gives it: a MAC or IP address. */
  worker: string;
  actions: TemplateAction[];
}

/** One step of a task. */
export interface TemplateAction {
  name: string;
  /** Seconds that the action may take; 0 is no limit. */
  timeout: number;
  run: ImageRun | VerbRun;
}

/** An action done in a container; the task's volumes and environment are already merged into its own. */
export interface ImageRun {
  kind: 'image';
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
  /** Command run in the same image after a time-out; empty for none. */
  onTimeout: string[];
  /** Command run in the same image after a failure; empty for none. */
  onFailure: string[];
}

/** An action that the worker does itself, after its report was acknowledged. */
export interface VerbRun {
  kind: 'verb';
  verb: Verb;
}

export type Verb = 'reboot' | 'poweroff';
