/** What the workers of Tinkerbell 0.2 to 0.12 call. */
import { actionsOf, contextOf, type Era } from './contexts.ts';
import type { SLIM_METHODS, WorkflowActionStatus, WorkflowContext } from './messages/workflow.ts';
import type { GrpcParts } from './parts.ts';
import type { Caller, Handlers } from './protobuf/service.ts';
import type { Said } from './reports.ts';
import { GrpcError } from './status.ts';
import type { TinkerbellWorkers } from './workers.ts';

/** The contexts of the workflows that are for a worker now: none, or one. */
export async function contextsFor(
  workers: TinkerbellWorkers,
  { worker_id: id }: { worker_id: string },
  era: Era,
  caller: Caller,
): Promise<WorkflowContext[]> {
  const machine = machineIfKnown(workers, id, caller);
  const turn = machine && (await workers.turn(machine, id));
  return turn && 'key' in turn ? [contextOf(turn.workflow, era, workers.nameIn(era))] : [];
}

/** A worker that nobody knows yet has no workflows; some end at an error, and its hardware may still be pushed. */
function machineIfKnown(workers: TinkerbellWorkers, id: string, caller: Caller) {
  try {
    return workers.machineOf(id, caller);
  } catch (error) {
    if (error instanceof GrpcError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** The calls that both kinds of workers with a list of actions make. */
export function workerCalls(
  { workflows, machines }: GrpcParts,
  workers: TinkerbellWorkers,
  era: Era,
): Handlers<typeof SLIM_METHODS> {
  return {
    async *GetWorkflowContexts(request, caller) {
      yield* await contextsFor(workers, request, era, caller);
    },
    async GetWorkflowActions({ workflow_id: id }, caller) {
      const workflow = workflows.get(id);
      const mine = workers.machinesAt(workflow, caller);
      if (mine.length === 0 && !caller.administrator) throw notIn(id, caller);
      return { action_list: actionsOf(workflow, era, workers.nameIn(era), workers.runOf(workflow, mine)) };
    },
    async ReportActionStatus(status, caller) {
      const said = readReport(status);
      // Some leave out who they are: then it is the machine whose action it is.
      const id = status.worker_id || machineOfAction(status) || '';
      await workers.report(workers.machineOf(id, caller), status.workflow_id, said);
      return {};
    },
  };

  function machineOfAction({ workflow_id, task_name, action_name }: WorkflowActionStatus): string | undefined {
    const action = workflows
      .find(workflow_id)
      ?.actions.find(({ task, name }) => task === task_name && name === action_name);
    return action && machines.get(action.machine)?.id;
  }
}

/** The caller is the worker of no machine of a workflow. */
export function notIn(workflow: string, { address }: Caller): GrpcError {
  return new GrpcError(
    'PERMISSION_DENIED',
    `${address} is not the address of a machine of workflow ${workflow}: only its workers may see or change what is in it.`,
  );
}

function readReport(status: WorkflowActionStatus): Said {
  const { workflow_id, task_name: task, action_name: action, action_status, seconds, message } = status;
  for (const [what, value] of Object.entries({ 'workflow id': workflow_id, 'task name': task, 'action name': action }))
    if (value === '') throw new GrpcError('INVALID_ARGUMENT', `invalid ${what}: it is empty`);
  return { state: reportedState(action_status), of: { task, action }, seconds, message };
}

/** The state of a report, whatever its dialect: `STATE_RUNNING` or `RUNNING`. */
export function reportedState(state: string): Said['state'] {
  const name = state.replace(/^STATE_/, '');
  switch (name) {
    case 'RUNNING':
    case 'SUCCESS':
    case 'FAILED':
    case 'TIMEOUT':
      return name;
    default:
      throw new GrpcError('INVALID_ARGUMENT', `${state} is nothing to report: an action runs, or has ended`);
  }
}
