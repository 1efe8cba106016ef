/** What the workflows need to know of the lives of machines. The room `life` has it, and is built upon this one. */

import type { Problem } from '../errors.ts';
import type { Reader, Transaction } from '../store/store.ts';
import type { Hello, JobRun } from '../worker/protocol.ts';
import type { Container, JobTask } from './template/document.ts';
import type { Workflow, WorkflowEvent } from './workflow.ts';

/** The stages of machines, as workflows meet them. All that changes something does so in the change that it is given. */
export interface Stages {
  /** A worker has started. */
  hello(transaction: Transaction, machine: string, hello: Hello): void;
  /** Why the worker of a machine is to end, if it is. */
  exit(from: Reader, machine: string, agent: string | undefined): string | undefined;
  /**
   * Why nothing is to be begun on a machine, without an end.
   * @param workflow whose action would be: one that its stage has made, or a person; undefined: any of its stage
   */
  halted(from: Reader, machine: string, workflow?: Pick<Workflow, 'id' | 'stage'>): string | undefined;
  /** Why a machine has nothing to do, where its stage says so. */
  rests(from: Reader, machine: string): string | undefined;
  /**
   * A Task that a template names.
   * @returns the Tasks that are run before it, or what is wrong with it, by the action's fields (`task`, `params.NAME`)
   */
  named(run: JobTask): { before: string[] } | { problems: Problem[] };
  /**
   * What a Task is on a machine now: its Job is created, or taken up again.
   * @returns `failed` where it cannot be filled in: why, for people
   */
  begin(
    transaction: Transaction,
    workflow: Workflow,
    action: number,
    run: JobTask,
  ): { run: JobRun<Container> } | { failed: string };
  /** Something has happened to a workflow that has Jobs; it is given as it is after that. */
  happened(transaction: Transaction, workflow: Workflow, event: WorkflowEvent): void;
  /** Such a workflow has ended, and has left the queue of its machine. */
  ended(transaction: Transaction, workflow: Workflow): void;
}

/** Machines that have no stages. */
export const NO_STAGES: Stages = {
  hello: () => {},
  exit: () => undefined,
  halted: () => undefined,
  rests: () => undefined,
  named: ({ task }) => ({ problems: [{ field: 'task', message: `there is no Task ${task} here` }] }),
  begin: (_transaction, _workflow, _action, { task }) => ({ failed: `there is no Task ${task} here` }),
  happened: () => {},
  ended: () => {},
};
