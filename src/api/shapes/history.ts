/** What a workflow has left behind: lines of its actions' history, output, versions of its data. */
import { z } from 'zod';
import { logEntry } from '../../worker/protocol.ts';
import { instant } from './page.ts';
import { actionState } from './workflow.ts';

/** `GET workflows/:id/events`: one line of an action's history. */
export const workflowActionEvent = z
  .object({
    workflow: z.string(),
    worker: z.string().describe('Id of the machine.'),
    task: z.string(),
    action: z.string().describe('Name of the action.'),
    index: z.int().min(0).describe('Its position in the workflow, from 0.'),
    attempt: z.int().min(0),
    state: actionState,
    seconds: z.number().describe('How long it ran.'),
    message: z.string(),
    at: instant,
    exitCode: z.int().optional(),
    logTail: z.array(z.string()).optional(),
  })
  .meta({ id: 'WorkflowActionEvent' });
export type WorkflowActionEvent = z.infer<typeof workflowActionEvent>;

/** `GET workflows/:id/logs[?action=NAME|INDEX&attempt=N]`: the output of one attempt at one action. */
export const actionLog = z
  .object({
    action: z.int().min(0).describe('Position of the action in the workflow, from 0.'),
    name: z.string(),
    attempt: z.int().min(1),
    entries: z.array(logEntry),
  })
  .meta({ id: 'ActionLog' });
export type ActionLog = z.infer<typeof actionLog>;

/** `GET workflows/:id/logs?service=NAME|INDEX[&start=N]`: the output of one start of one service. */
export const serviceLog = z
  .object({
    service: z.int().min(0).describe('Position of the service in the workflow, from 0.'),
    name: z.string(),
    start: z.int().min(1).describe('Which of its starts, from 1.'),
    entries: z.array(logEntry),
  })
  .meta({ id: 'ServiceLog' });
export type ServiceLog = z.infer<typeof serviceLog>;

/** Query of `GET workflows/:id/logs`. */
export const logsQuery = z.object({
  action: z.string().max(200).optional().describe('Only this action: its name, or its position from 0.'),
  attempt: z.coerce.number().pipe(z.int().min(1)).optional().describe('Only this attempt at it.'),
  service: z
    .string()
    .max(200)
    .optional()
    .describe('The output of this service instead: its name, or its position from 0.'),
  start: z.coerce.number().pipe(z.int().min(1)).optional().describe('Only this start of it.'),
});

/** Header of `GET workflows/:id/data`: the version that its body is; 0 where there is none yet. */
export const DATA_VERSION = 'tinsmith-data-version';

/** `GET workflows/:id/data/versions`: who wrote a version of the workflow's data, and when. */
export const dataVersion = z
  .object({
    version: z.int().min(1),
    at: instant,
    size: z.int().min(0).describe('Bytes.'),
    sha256: z.string(),
    worker: z.string().optional().describe('Id of the machine whose worker wrote it.'),
    task: z.string().optional(),
    action: z.string().optional(),
    by: z.string().describe('What wrote it, such as `worker` or `api`.'),
  })
  .meta({ id: 'DataVersion' });
export type DataVersion = z.infer<typeof dataVersion>;

/** `PUT workflows/:id/data` */
export const dataWritten = z
  .object({
    version: z.int().min(0).describe('The version that it now is.'),
    merged: z.boolean().describe('Others wrote since `base`: what is stored is not just what was sent.'),
  })
  .meta({ id: 'DataWritten' });
export type DataWritten = z.infer<typeof dataWritten>;

export const dataQuery = z.object({
  version: z.coerce.number().pipe(z.int().min(1)).optional().describe('A version of before; else the latest.'),
});
export const dataWriteQuery = z.object({
  base: z.coerce.number().pipe(z.int().min(0)).optional().describe('The version that this was made from.'),
});
