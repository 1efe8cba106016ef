/** Workers of Tinkerbell's three dialects, as they behave by their documentation. Each says everything twice. */
import { type Refusal, Refused, type Service } from './peer.ts';
import { PROTOS, type Served } from './served.ts';

/** One action as a worker runs it. Returns the state to report; undefined: the machine is switched off in the middle. */
export type Run = (action: { name: string; image: string; environment: string[] }) => 'SUCCESS' | 'FAILED' | undefined;

export interface Worker {
  /** Asks once, and does what is to be done. Returns how many actions it began. */
  poll(run: Run): Promise<number>;
  refusals: Refusal[];
}

/** A worker of 0.2 to 0.12: contexts, actions, reports by name; it goes on by itself while it is its turn. */
export function oldWorker({ client }: Served, era: 'cli' | 'slim', id: string): Worker {
  const pkg = era === 'cli' ? `${PROTOS}.workflow` : 'proto';
  const call: Service = client.service(`${pkg}.WorkflowService`, pkg);
  const refusals: Refusal[] = [];
  const report = async (message: object): Promise<boolean> => {
    // A duplicate of every report.
    for (let n = 0; n < 2; n++) {
      try {
        await call('ReportActionStatus', ['WorkflowActionStatus', 'Empty'], message);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refusals.push(error.refusal);
        return false;
      }
    }
    return true;
  };
  return {
    refusals,
    async poll(run) {
      let begun = 0;
      const contexts = await call(
        'GetWorkflowContexts',
        ['WorkflowContextRequest', 'WorkflowContext'],
        { worker_id: id },
        { stream: true },
      );
      for (const context of contexts) {
        const workflow_id = context.workflow_id;
        const [list] = await call('GetWorkflowActions', ['WorkflowActionsRequest', 'WorkflowActionList'], {
          workflow_id,
        });
        const actions = list.action_list;
        let index = Number(context.current_action_index ?? 0);
        // proto3 leaves out what is zero: STATE_PENDING.
        let state: string = context.current_action_state ?? 'STATE_PENDING';
        if (!context.current_action) index = 0;
        else if (state === 'STATE_SUCCESS') index++;
        else if (state === 'STATE_FAILED' || state === 'STATE_TIMEOUT') continue;
        while (index < actions.length && actions[index].worker_id === id) {
          const action = actions[index];
          const said = { workflow_id, task_name: action.task_name, action_name: action.name, worker_id: id };
          if (state !== 'STATE_RUNNING') {
            const message = 'Started execution';
            if (!(await report({ ...said, action_status: 'STATE_RUNNING', message }))) break;
          }
          begun++;
          const result = run({ environment: [], ...action });
          if (result === undefined) return begun;
          if (!(await report({ ...said, action_status: `STATE_${result}`, seconds: 2 }))) break;
          if (result === 'FAILED') break;
          state = 'STATE_PENDING';
          index++;
        }
      }
      return begun;
    },
  };
}

/** The newest agent: one action at a time, by its id. */
export function newestAgent({ client }: Served, id: string): Worker & { nothing: Refusal[] } {
  const call: Service = client.service('proto.WorkflowService', 'proto');
  const refusals: Refusal[] = [];
  const nothing: Refusal[] = [];
  const report = async (message: object): Promise<boolean> => {
    for (let n = 0; n < 2; n++) {
      try {
        await call('ReportActionStatus', ['ActionStatusRequest', 'ActionStatusResponse'], message);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refusals.push(error.refusal);
        return false;
      }
    }
    return true;
  };
  return {
    refusals,
    nothing,
    async poll(run) {
      let action: Record<string, never>;
      try {
        [action] = (await call('GetAction', ['ActionRequest', 'ActionResponse'], {
          agent_id: id,
          agent_attributes: { cpu: { total_cores: 4, processors: [{ id: 0, vendor: 'x' }] }, memory: { total: '8G' } },
        })) as [Record<string, never>];
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        nothing.push(error.refusal);
        return 0;
      }
      const { workflow_id, task_id, action_id, name } = action;
      const execution_start = new Date(5000).toISOString();
      const said = { workflow_id, agent_id: id, task_id, action_id, action_name: name, execution_start };
      if (!(await report({ ...said, action_state: 'RUNNING' }))) return 0;
      const result = run({ environment: [], ...action } as never);
      if (result === undefined) return 1;
      const execution_stop = new Date(7000).toISOString();
      const done = { execution_stop, execution_duration: '2s', message: { message: 'action completed' } };
      await report({ ...said, ...done, action_state: result });
      return 1;
    },
  };
}
