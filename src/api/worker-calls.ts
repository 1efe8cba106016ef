/** What workers say by the thousand: the same whether it comes through express or past it. */
import { TinsmithError } from '../errors.ts';
import type { Machine } from '../machines/machines.ts';
import { PROVISIONER } from '../machines/provisioner.ts';
import {
  type Assignment,
  type HeartbeatAnswer,
  heartbeat,
  type LogAnswer,
  logPost,
  type ReportAnswer,
  report,
  workQuery,
} from '../worker/protocol.ts';
import type { WorkerMachine } from '../workflows/assignments.ts';
import { Dresser } from './dress.ts';
import { parseInput } from './input.ts';
import type { Services } from './services.ts';

/** Takes a body as it came, and gives what is answered as JSON. */
export type WorkerCall = (machine: WorkerMachine, body: unknown) => object | Promise<object>;

/** Takes a query as it came. `host` is our address as the worker knows it. */
export type WorkerQuestion = (machine: WorkerMachine, query: object, host: string) => Promise<object>;

/** The calls, and who makes them. */
export interface WorkerCalls {
  /**
   * The machine that a boot's token opens.
   * @throws TinsmithError UNAUTHORIZED, FORBIDDEN (it opens the discovery of a machine that nobody knows)
   */
  machineOf(token: string | undefined): { machine: WorkerMachine & Partial<Machine>; token: string };
  /** By their names below `/api/v1/worker/`. */
  calls: Record<string, WorkerCall>;
  /** What is asked with GET, by the same names. */
  questions: Record<string, WorkerQuestion>;
}

export function workerCalls(services: Services): WorkerCalls {
  const { assignments, output, machines, workerTokens, lastSeen, stream } = services;
  const dresser = new Dresser(services);
  return {
    questions: {
      async work(machine, query, host): Promise<Assignment> {
        const { boot, agent } = parseInput(workQuery, query);
        return dresser.work(await assignments.ask(machine, boot, agent), host);
      },
    },
    machineOf(token) {
      const id = token === undefined ? undefined : workerTokens.machineOf(token);
      const machine = id === PROVISIONER ? { id, name: id } : id === undefined ? undefined : machines.get(id);
      if (token === undefined || !machine) {
        const unknown = token === undefined ? undefined : workerTokens.unknownOf(token);
        if (unknown !== undefined)
          throw new TinsmithError('FORBIDDEN', `This token opens the discovery of ${unknown}, and nothing else yet.`, {
            next: 'Have the worker of that machine say what it is made of first: POST /api/v1/worker/discover',
          });
        throw new TinsmithError(
          'UNAUTHORIZED',
          'This token opens no machine: it is of an earlier boot, or of another appliance.',
          { next: 'Restart the machine, so that it gets a new one.' },
        );
      }
      lastSeen.note(machine.id);
      return { machine, token };
    },
    calls: {
      report: (machine, body): Promise<ReportAnswer> => assignments.report(machine, parseInput(report, body)),
      log: async (machine, body): Promise<LogAnswer> => ({
        next: await output.log(machine, parseInput(logPost, body)),
      }),
      heartbeat(machine, body): HeartbeatAnswer {
        const { progress, ...answer } = assignments.heartbeat(machine, parseInput(heartbeat, body));
        if (progress) {
          const { workflow, action } = progress;
          const { task, name, attempt } = workflow.actions[action] ?? { task: '', name: '', attempt: 0 };
          stream.tell({
            kind: 'progress',
            workflow: workflow.id,
            machine: machine.id,
            data: { action, attempt, task, name, progress: progress.progress },
          });
        }
        return answer;
      },
    },
  };
}
