/** Workflows as the API shows them: the record, its times as ISO 8601, and what can be derived. */
import { z } from 'zod';
import { VERBS } from '../../workflows/template/document.ts';
import { ACTION_STATES, SERVICE_STATES, WORKFLOW_STATES } from '../../workflows/workflow.ts';
import { instant, pageQuery } from './page.ts';

export const workflowState = z.enum(WORKFLOW_STATES).meta({ id: 'WorkflowState' });
export const actionState = z.enum(ACTION_STATES).meta({ id: 'ActionState' });
export const serviceState = z.enum(SERVICE_STATES).meta({ id: 'ServiceState' });

const seconds = z.number().min(0);
const limit = seconds.describe('Seconds; 0 is no limit.');

const container = z.object({
  image: z.string(),
  command: z.array(z.string()),
  volumes: z.array(z.string()).describe('`source:destination[:options]`'),
  environment: z.record(z.string(), z.string()),
  pid: z.string().optional(),
  network: z.string().optional(),
  privileged: z.boolean().optional(),
  memory: z.number().optional().describe('Bytes.'),
  cpus: z.number().optional(),
});

const hookCommand = z.object({ command: z.array(z.string()), timeout: limit });
const imageRun = container.extend({
  kind: z.literal('image'),
  onTimeout: hookCommand.optional(),
  onFailure: hookCommand.optional(),
});
const verbRun = z.object({ kind: z.literal('verb'), verb: z.enum(VERBS) });
const jobTask = z
  .object({
    kind: z.literal('job'),
    task: z.string(),
    params: z.record(z.string(), z.unknown()).optional().describe('Values of params that come before all others.'),
    environment: z.record(z.string(), z.string()).optional().describe('For its scripts and containers.'),
    step: z
      .object({
        name: z.string(),
        path: z.string().optional(),
        content: z.string(),
        interpreter: z.string().optional(),
      })
      .optional()
      .describe('A script or a file of the template’s own; absent: a Task of the content.'),
  })
  .describe('It is run as a Job: a Task is filled in when its Job is created.');

export const action = z
  .object({
    task: z.string(),
    name: z.string(),
    machine: z.string().describe('Id of the machine whose worker runs it.'),
    hook: z
      .enum(['on-failure', 'on-timeout', 'on_failure', 'on_timeout'])
      .optional()
      .describe('It is run because another has failed or timed out.'),
    timeout: limit,
    retries: z.object({ limit: z.int().min(0), backoff: seconds }),
    condition: z.boolean().describe('False: its `if` says that it is not for this workflow.'),
    background: z.boolean(),
    run: z.discriminatedUnion('kind', [imageRun, verbRun, jobTask]),
    state: actionState,
    attempt: z.int().min(0).describe('Attempts begun so far.'),
    retried: z.int().min(0).optional(),
    notBefore: instant.optional().describe('It is not tried again before.'),
    boot: z.string().optional(),
    startedAt: instant.optional(),
    endedAt: instant.optional(),
    seconds: seconds.optional(),
    exitCode: z.int().optional(),
    message: z.string().optional(),
    logTail: z.array(z.string()).optional(),
    diskWrites: z.record(z.string(), z.number()).optional().describe('Bytes written to each local disk.'),
    bootableDisks: z.array(z.string()).optional(),
  })
  .meta({ id: 'Action' });
export type Action = z.infer<typeof action>;

export const task = z
  .object({
    name: z.string(),
    machine: z.string().describe('Id of the machine.'),
    timeout: limit,
    startedAt: instant.optional(),
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof task>;

/** What became of a service, with its times in whatever form they are told. */
const progressOf = <T extends z.ZodType>(time: T) => ({
  state: serviceState,
  starts: z.int().min(0).describe('Times that it was started.'),
  boot: z.string().optional(),
  exitCode: z.int().optional(),
  message: z.string().optional(),
  endpoints: z
    .record(z.string(), z.string())
    .optional()
    .describe('Where it is reached, by its ports in the container: `{ "80": "192.168.1.5:32768" }`.'),
  since: time.optional().describe('The last change of its state.'),
  takenAt: time.optional().describe('The first time that its worker took it up.'),
});
/** As in events: times in ms since 1970. */
export const serviceProgress = z.object(progressOf(z.number()));

export const service = container
  .extend({
    name: z.string(),
    worker: z.string().describe('Its worker as the template gives it.'),
    machine: z.string().describe('Id of the machine whose worker runs it.'),
    labels: z.array(z.string()),
    ports: z.array(z.object({ port: z.int(), published: z.int().optional(), protocol: z.enum(['tcp', 'udp']) })),
    healthcheck: z
      .object({
        test: z.array(z.string()),
        interval: seconds,
        timeout: seconds,
        retries: z.int(),
        startPeriod: seconds,
      })
      .optional(),
    restart: z.object({ when: z.enum(['never', 'on-failure', 'always']), limit: z.int().optional() }),
    startTimeout: seconds,
    ...progressOf(instant),
  })
  .meta({ id: 'Service' });
export type ServiceView = z.infer<typeof service>;

const hook = z.object({
  name: z.string(),
  worker: z.string().optional(),
  machine: z.string().optional(),
  timeout: limit,
  run: imageRun,
});

/** What a workflow whose task can no longer succeed will end with, once its hooks have run. */
const outcomeOf = <T extends z.ZodType>(time: T) =>
  z.object({
    state: z.enum(['FAILED', 'TIMEOUT']),
    message: z.string(),
    hooks: z.int().min(0).describe('Position of the first hook among the actions.'),
    until: time.describe('What has not run by then is not run.'),
  });
/** As in events: times in ms since 1970. */
export const outcomeFact = outcomeOf(z.number());

export const workflow = z
  .object({
    id: z.string(),
    name: z.string().describe('Name of its template.'),
    template: z.string().describe('Id of its template; empty where a stage of a machine has made it.'),
    stage: z.string().optional().describe('The stage whose Tasks it runs.'),
    devices: z.record(z.string(), z.unknown()).describe('Names in the template to MAC or IP addresses.'),
    rendered: z.string().describe('The template as it was rendered; secrets are masked.'),
    globalTimeout: limit,
    data: z.object({ kind: z.enum(['json', 'binary']), limit: z.number().optional().describe('Bytes.') }),
    tasks: z.array(task),
    actions: z.array(action).describe('Those of the tasks in their order, then the hooks that were called.'),
    services: z.array(service),
    onFailure: z.array(hook),
    onTimeout: z.array(hook),
    state: workflowState,
    message: z.string().optional().describe('Why it ended so.'),
    outcome: outcomeOf(instant).optional(),
    pausedAt: instant.optional().describe('Nothing more is begun until it is resumed.'),
    begunAt: instant.optional().describe('Its turn came: its services were started.'),
    servedAt: instant.optional().describe('All its services had been up.'),
    startedAt: instant.optional().describe('Its first action was reported to have begun.'),
    installed: z.array(z.string()).optional().describe('Disks with a system installed by it.'),
    createdAt: instant,
    updatedAt: instant,
    progress: z.int().min(0).max(100).describe('Percent.'),
    currentTask: z.string().optional(),
    currentAction: z.string().optional(),
    currentWorker: z.string().optional().describe('Id of the machine whose turn it is.'),
    currentActionState: actionState.optional(),
    waitsFor: z.string().optional().describe('Why nothing moves at the moment.'),
  })
  .meta({ id: 'Workflow' });
export type Workflow = z.infer<typeof workflow>;

export const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name that a template can use');

/** Body of `POST workflows`. */
export const newWorkflow = z
  .strictObject({
    template: z.string().min(1).max(200).describe('Id or name of the template.'),
    hardware: z
      .record(identifier, z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.unknown())]))
      .describe('Names in the template to MAC or IP addresses: `{ "device_1": "52:54:00:00:00:01" }`.'),
    secrets: z
      .record(identifier, z.string().max(65_536))
      .optional()
      .describe('Values for the template that are stored apart and never shown.'),
  })
  .meta({ id: 'NewWorkflow' });
export type NewWorkflow = z.infer<typeof newWorkflow>;

/** An action by its name, or by its position from 0. */
const whichAction = z.union([z.string().min(1).max(200), z.int().min(0).max(9999)]);
/** Body of `POST workflows/:id/retry`. */
export const retryBody = z.strictObject({
  from: whichAction
    .optional()
    .describe('Action to go on from: its name, or its position from 0; else the one that failed.'),
});
/** Body of `POST workflows/:id/skip`. */
export const skipBody = z.strictObject({
  action: whichAction.optional().describe('Action to skip: its name, or its position from 0; else the current one.'),
});

/** Query of `GET workflows`. */
export const workflowsQuery = pageQuery.extend({
  state: workflowState.optional(),
  machine: z.string().max(255).optional().describe('Id, name, MAC or IP address of a machine that takes part.'),
  template: z.string().max(200).optional().describe('Id or name of the template.'),
});
