/** The services of a workflow: when its tasks may begin, and what a worker's word on a service means. */
import type { ServiceReport } from '../../worker/protocol.ts';
import { isFinal, type ServiceProgress, type ServiceRecord, type Workflow, type WorkflowEvent } from '../workflow.ts';
import { fail } from './consequences.ts';
import { fold } from './fold.ts';

/** The service that the tasks must wait for, if there is one. Once all have been up, none holds anything up any more. */
export function waitingService({ services, servedAt }: Workflow): ServiceRecord | undefined {
  return servedAt === undefined ? services.find((service) => !hasBeenUp(service)) : undefined;
}

/** A service may end: what it was there for is done. */
function hasBeenUp({ state }: ServiceProgress): boolean {
  return state === 'UP' || state === 'HEALTHY' || state === 'ENDED';
}

/** Whether a service has, or is about to have, a container. */
function isThere({ state }: Pick<ServiceProgress, 'state'>): boolean {
  return !['PENDING', 'ENDED', 'FAILED', 'STOPPED'].includes(state);
}

/** Whether a workflow's services are to be there. */
export function wantsServices(workflow: Workflow): boolean {
  return workflow.begunAt !== undefined && !isFinal(workflow.state);
}

/**
 * What a worker's word on a service means.
 * @param endpoints where the service is reached, by its ports in the container
 */
export function takeServiceReport(
  workflow: Workflow,
  report: ServiceReport,
  endpoints: Record<string, string> | undefined,
  now: number,
): WorkflowEvent[] {
  const service = workflow.services[report.service];
  if (!service) return [];
  // Of an earlier run of it, which a retry has not begun again: what is there now is to go, and opens nothing.
  if (workflow.begunAt === undefined && isThere(report)) return [];
  const progress: ServiceProgress = {
    state: report.state,
    starts: report.starts,
    boot: report.boot,
    exitCode: report.exitCode,
    message: report.message,
    endpoints,
    since: now,
    takenAt: service.takenAt ?? now,
  };
  if (isSame(service, progress)) return [];
  const changed: WorkflowEvent = { kind: 'service.changed', service: report.service, at: now, progress };
  return [changed, ...afterChange(fold(workflow, changed), report.service, now)];
}

function afterChange(workflow: Workflow, index: number, now: number): WorkflowEvent[] {
  if (!wantsServices(workflow) || workflow.servedAt !== undefined || workflow.outcome) return [];
  const service = workflow.services[index];
  if (service?.state === 'FAILED') return failStart(workflow, service, 'it will not be started again', now);
  return waitingService(workflow) ? [] : [{ kind: 'workflow.served', at: now }];
}

/** A service that is not up in time, or not at all, before any task: the workflow has no ground to stand on. */
export function failStart(workflow: Workflow, service: ServiceRecord, why: string, now: number): WorkflowEvent[] {
  const last = [service.state, service.message].filter(Boolean).join(': ');
  const message = `Service ${service.name} did not come up, so no task was begun: ${why}; its last state is ${last}`;
  return fail(workflow, { state: 'FAILED', message, action: undefined }, now);
}

function isSame(before: ServiceProgress, after: ServiceProgress): boolean {
  const key = ({ state, starts, boot, exitCode, message, endpoints }: ServiceProgress): string =>
    JSON.stringify([state, starts, boot, exitCode, message, endpoints]);
  return key(before) === key(after);
}
