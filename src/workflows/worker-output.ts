/** What the containers and scripts of workers write, as it is taken and told. */
import { TinsmithError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { LogEntry, LogPost, ServiceLogPost } from '../worker/protocol.ts';
import type { WorkerMachine } from './assignments.ts';
import { appendLog, type LogOf } from './logs.ts';
import type { WorkflowRecords } from './records.ts';
import { maskOf } from './secrets.ts';
import type { Workflow } from './workflow.ts';

/** Output as it is stored, for those who follow it. */
export interface Output {
  workflow: string;
  machine: string;
  data: Record<string, unknown>;
}

/** Takes output: what is answered is on disk. */
export class WorkerOutput {
  readonly #store: Store;
  readonly #records: WorkflowRecords;
  readonly #onLog: (output: Output) => void;

  /** @param parts.onLog told of output as it is stored. It is not an event: the log itself is the record. */
  constructor(parts: { store: Store; records: WorkflowRecords; onLog: (output: Output) => void }) {
    this.#store = parts.store;
    this.#records = parts.records;
    this.#onLog = parts.onLog;
  }

  /** Takes output of an action. Returns the number expected next. */
  log(machine: WorkerMachine, { from, entries, ...key }: LogPost): Promise<number> {
    return this.#append(machine, key, from, entries, (workflow) => {
      const action = workflow.actions[key.action];
      if (action?.machine !== machine.id) return undefined;
      if (key.attempt > action.attempt + 1)
        throw new TinsmithError('CONFLICT', `Action ${action.name} has had no attempt ${key.attempt}.`, {
          next: 'Report first that the attempt has begun.',
        });
      return { action: key.action, task: action.task, name: action.name, attempt: key.attempt };
    });
  }

  /** Takes output of a service. Returns the number expected next. */
  serviceLog(machine: WorkerMachine, { from, entries, ...key }: ServiceLogPost): Promise<number> {
    return this.#append(machine, key, from, entries, (workflow) => {
      const service = workflow.services[key.service];
      if (service?.machine !== machine.id) return undefined;
      return { service: key.service, name: service.name, start: key.start };
    });
  }

  #append(
    machine: WorkerMachine,
    of: LogOf,
    from: number,
    entries: LogEntry[],
    describe: (workflow: Workflow) => Record<string, unknown> | undefined,
  ): Promise<number> {
    return this.#store.change((transaction) => {
      const workflow = this.#records.get(of.workflow, transaction);
      const about = workflow && describe(workflow);
      if (!workflow || !about) {
        const what = 'service' in of ? `service ${of.service}` : `action ${of.action}`;
        throw new TinsmithError(
          'NOT_FOUND',
          `There is no ${what} of workflow ${of.workflow} on machine ${machine.name}.`,
          { next: 'Send no more of its output: the workflow was deleted, or the output is another machine’s.' },
        );
      }
      const mask = maskOf(transaction, workflow.id);
      const said = mask ? entries.map((entry) => ({ ...entry, text: mask(entry.text) })) : entries;
      const { next, first, added } = appendLog(transaction, of, from, said);
      if (added.length > 0) {
        const data = { ...about, from: first, entries: added };
        transaction.afterwards(() => this.#onLog({ workflow: workflow.id, machine: machine.id, data }));
      }
      return next;
    });
  }
}
