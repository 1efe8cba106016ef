/** What the newest agent calls. */
import { assignmentOf, attemptOf } from './contexts.ts';
import type { AGENT_METHODS } from './messages/agent.ts';
import type { Handlers } from './protobuf/service.ts';
import { GrpcError } from './status.ts';
import { reportedState } from './worker-calls.ts';
import type { TinkerbellWorkers } from './workers.ts';

/** The newest agent's two calls. */
export function agentCalls(workers: TinkerbellWorkers, clock: () => number): Handlers<typeof AGENT_METHODS> {
  return {
    async GetAction({ agent_id: agent }, caller) {
      const machine = workers.machineOf(agent, caller);
      const turn = await workers.turn(machine, agent);
      if ('key' in turn) return assignmentOf(turn.workflow, turn.key, turn.run, agent);
      const noAction = { subject: agent, description: turn.waits };
      if (turn.queued) throw new GrpcError('FAILED_PRECONDITION', `no action available: ${turn.waits}`, noAction);
      throw new GrpcError('NOT_FOUND', `no Workflows found: ${turn.waits}`, noAction);
    },
    async ReportActionStatus(request, caller) {
      const of = attemptOf(request.action_id);
      if (request.workflow_id === '') throw new GrpcError('INVALID_ARGUMENT', 'invalid workflow id: it is empty');
      if (request.task_id === '') throw new GrpcError('INVALID_ARGUMENT', 'invalid task name: it is empty');
      if (!of) throw new GrpcError('INVALID_ARGUMENT', `invalid action name: there is no action ${request.action_id}`);
      const { execution_start: start, execution_stop: stop } = request;
      // Only the difference: the clock of a machine that has just booted may be years away.
      const seconds = start ? (stop?.seconds ?? clock() / 1000) - start.seconds : 0;
      await workers.report(workers.machineOf(request.agent_id, caller), request.workflow_id, {
        state: reportedState(request.action_state),
        of,
        seconds: Math.max(0, Math.min(seconds, MOST_SECONDS)),
        message: request.message?.message ?? '',
      });
      return {};
    },
  };
}

/** A year: what a clock that was set meanwhile may claim. */
const MOST_SECONDS = 365 * 24 * 3600;
