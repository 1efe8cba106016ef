/** What the command line of Tinkerbell 0.2 to 0.8 calls about workflows. */
import type { StoredEvent } from '../../store/events.ts';
import type { Workflow } from '../../workflows/workflow.ts';
import { contextOf, stateOf } from './contexts.ts';
import { timestamp } from './messages/timestamp.ts';
import type { WORKFLOW_METHODS, WorkflowActionStatus, Workflow as WorkflowMessage } from './messages/workflow.ts';
import type { GrpcParts } from './parts.ts';
import type { MessageOf, Sendable } from './protobuf/message.ts';
import type { Handlers } from './protobuf/service.ts';
import { GrpcError } from './status.ts';
import { contextsFor } from './worker-calls.ts';
import type { TinkerbellWorkers } from './workers.ts';

type WorkflowMethods = Pick<
  typeof WORKFLOW_METHODS,
  | 'CreateWorkflow'
  | 'GetWorkflow'
  | 'DeleteWorkflow'
  | 'ListWorkflows'
  | 'GetWorkflowContext'
  | 'ShowWorkflowEvents'
  | 'GetWorkflowContextList'
>;

/** The administrator's calls of WorkflowService. */
export function workflowCalls({ workflows, events }: GrpcParts, workers: TinkerbellWorkers): Handlers<WorkflowMethods> {
  return {
    async CreateWorkflow({ template, hardware }) {
      return { id: (await workflows.create({ template, devices: readDevices(hardware) })).id };
    },
    async GetWorkflow({ id }) {
      return presentWorkflow(workflows.get(id));
    },
    async DeleteWorkflow({ id }) {
      await workflows.delete(id);
      return {};
    },
    async *ListWorkflows() {
      for (const workflow of await workflows.list()) yield { ...presentWorkflow(workflow), data: '' };
    },
    async GetWorkflowContext({ id }) {
      return contextOf(workflows.get(id), 'cli', (machine) => machine);
    },
    async *ShowWorkflowEvents({ id }) {
      const workflow = workflows.get(id);
      for (const event of await events.ofWorkflow(workflow.id)) {
        const shown = presentEvent(workflow.id, event);
        if (shown) yield shown;
      }
    },
    async GetWorkflowContextList(request, caller) {
      return { workflow_contexts: await contextsFor(workers, request, 'cli', caller) };
    },
  };
}

/** The JSON map of `tink workflow create -r`. */
function readDevices(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new GrpcError('INVALID_ARGUMENT', `hardware is not a JSON map such as {"device_1": "52:54:00:00:00:01"}`);
}

function presentWorkflow({
  id,
  template,
  devices,
  rendered,
  state,
  createdAt,
  updatedAt,
}: Workflow): Sendable<MessageOf<typeof WorkflowMessage>> {
  return {
    id,
    template,
    hardware: JSON.stringify(devices),
    state: stateOf(state),
    created_at: timestamp(createdAt),
    updated_at: timestamp(updatedAt),
    data: rendered,
  };
}

/** An event as their table shows it: an action began, or ended. Others they do not know. */
function presentEvent(workflow: string, event: StoredEvent): Sendable<WorkflowActionStatus> | undefined {
  const { kind, data, time, machine = '' } = event;
  if (kind !== 'action.started' && kind !== 'action.ended') return undefined;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const started = kind === 'action.started';
  const state = text(data.state) as 'SUCCESS' | 'FAILED' | 'TIMEOUT' | 'CANCELLED';
  return {
    workflow_id: workflow,
    task_name: text(data.task),
    action_name: text(data.name),
    action_status: stateOf(started ? 'RUNNING' : state),
    seconds: typeof data.seconds === 'number' ? Math.round(data.seconds) : 0,
    message: started ? 'Started execution' : text(data.message),
    created_at: timestamp(time),
    worker_id: machine,
  };
}
