/** Whose turn it is: what the worker of a machine is to do next. */
import { currentAction, isFinal, type Workflow, type WorkflowEvent } from '../workflow.ts';
import { waitingService } from './services.ts';

/** What the worker of a machine is to do in a workflow. */
export type Step =
  | { step: 'run'; action: number; attempt: number }
  /** Another machine's turn, not yet time, or nothing left. */
  | { step: 'wait'; reason: string };

/** The next step for a machine, with what must be recorded first: an attempt of an earlier boot is lost. */
export function nextStep(
  workflow: Workflow,
  machine: string,
  boot: string,
  now: number,
): { events: WorkflowEvent[]; step: Step } {
  const index = currentAction(workflow);
  const action = index === undefined ? undefined : workflow.actions[index];
  const wait = (reason: string): ReturnType<typeof nextStep> => ({ events: [], step: { step: 'wait', reason } });
  if (isFinal(workflow.state) || index === undefined || !action)
    return wait(`the workflow has ended: ${workflow.state}`);
  if (action.machine !== machine)
    return wait(`task ${action.task} of workflow ${workflow.name} is at action ${action.name} on another machine`);
  if (action.state === 'RUNNING' && action.boot === boot)
    return { events: [], step: { step: 'run', action: index, attempt: action.attempt } };
  const reason = holdUp(workflow, now);
  if (reason !== undefined) return wait(reason);
  const lost: WorkflowEvent[] =
    action.state === 'RUNNING'
      ? [{ kind: 'action.lost', action: index, attempt: action.attempt, boot: action.boot ?? '', at: now }]
      : [];
  return { events: lost, step: { step: 'run', action: index, attempt: action.attempt + 1 } };
}

/** Why nothing may be begun at the moment, or undefined when the current action may. */
export function holdUp(workflow: Workflow, now: number): string | undefined {
  if (workflow.pausedAt !== undefined) return `workflow ${workflow.name} is paused`;
  if (workflow.begunAt === undefined)
    return `workflow ${workflow.name} has not had its turn on the machine of its first task`;
  const service = workflow.outcome ? undefined : waitingService(workflow);
  if (service) return `service ${service.name} of workflow ${workflow.name} is ${service.state}, not up yet`;
  const action = workflow.actions[currentAction(workflow) ?? -1];
  const left = Math.ceil(((action?.notBefore ?? 0) - now) / 1000);
  return action && left > 0 ? `action ${action.name} is tried again in ${left} s` : undefined;
}
