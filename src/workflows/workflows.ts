/** The workflows we have, from the side of people: made, looked at, told what to do, deleted. */
import { TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { PROVISIONER } from '../machines/provisioner.ts';
import { masker } from '../mask.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { WorkflowData } from './data.ts';
import { type Command, dueAt, expire, type Heard, obey } from './engine/index.ts';
import type { Journal } from './journal.ts';
import { clearLogs } from './logs.ts';
import type { WorkflowRecords } from './records.ts';
import { type PlanOptions, planWorkflow, renderFor } from './render.ts';
import { checkSecrets, deleteSecrets, maskWorkflow, putSecrets } from './secrets.ts';
import { checkTemplate } from './template/index.ts';
import type { Template, Templates } from './templates.ts';
import { currentAction, isFinal, machinesOf, type Workflow } from './workflow.ts';

/** What a workflow is made from. */
export interface WorkflowOrder {
  /** Id or name of the template. */
  template: string;
  /** Names in the template to MAC or IP addresses, or any other values. */
  devices: Record<string, unknown>;
  /** What templates see as `.secrets.NAME`; masked wherever it is shown. */
  secrets?: Readonly<Record<string, string>>;
  /** The machine that `.hardware` is, where the devices name none. */
  machine?: string;
  /** A UUID; a new one by default. */
  id?: string;
}

/** Every workflow there is. */
export class Workflows {
  readonly #store: Store;
  readonly #records: WorkflowRecords;
  readonly #journal: Journal;
  readonly #data: WorkflowData;
  readonly #machines: Machines;
  readonly #templates: Templates;
  readonly #values: PlanOptions['extra'];
  readonly #named: PlanOptions['named'];
  readonly #heard: Heard;
  readonly #clock: () => number;
  readonly #newId: () => string;

  /** @param parts.values values for every template beside the devices, such as the server's address. */
  constructor(parts: {
    store: Store;
    records: WorkflowRecords;
    journal: Journal;
    data: WorkflowData;
    machines: Machines;
    templates: Templates;
    values: (machine: Machine | undefined) => Record<string, unknown>;
    named: PlanOptions['named'];
    heard: Heard;
    clock: () => number;
    newId: () => string;
  }) {
    this.#store = parts.store;
    this.#records = parts.records;
    this.#journal = parts.journal;
    this.#data = parts.data;
    this.#machines = parts.machines;
    this.#templates = parts.templates;
    this.#values = parts.values;
    this.#named = parts.named;
    this.#heard = parts.heard;
    this.#clock = parts.clock;
    this.#newId = parts.newId;
  }

  /**
   * Renders a template for the machines it names and queues it on them.
   * @throws TinsmithError NOT_FOUND, INVALID_INPUT (template: line and column), CONFLICT (the id is taken)
   */
  async create(order: WorkflowOrder): Promise<Workflow> {
    const secrets = order.secrets ?? {};
    checkSecrets(secrets);
    const template = this.#templates.find(order.template);
    const planned = planWorkflow({
      ...this.#optionsOf(order, template, order.id ?? this.#newId()),
      now: this.#clock(),
    });
    const { workflow, unmasked } = maskWorkflow(planned, secrets);
    return this.#store.change((transaction) => {
      if (this.#records.get(workflow.id, transaction))
        throw new TinsmithError('CONFLICT', `There is a workflow ${workflow.id} already.`, {
          next: 'Give this one another id, or none.',
        });
      for (const id of machinesOf(workflow)) {
        if (id !== PROVISIONER && transaction.get(`machine/${id}`) === undefined)
          throw new TinsmithError('CONFLICT', `Machine ${id} has just been deleted.`, {
            next: 'Add it again, or name another machine.',
          });
      }
      if (unmasked) putSecrets(transaction, workflow.id, unmasked);
      return this.#journal.create(transaction, workflow);
    });
  }

  /**
   * Refuses what create would, for machines and a template that need not be stored yet.
   * @throws TinsmithError as create
   */
  check(
    order: Omit<WorkflowOrder, 'template' | 'machine'>,
    about: { template: Template; machines: Pick<Machines, 'find'>; machine?: Machine | undefined },
  ): void {
    const options = this.#optionsOf(order, about.template, order.id ?? this.#newId());
    planWorkflow({ ...options, machines: about.machines, machine: about.machine, now: this.#clock() });
  }

  /**
   * What a template would become, secrets masked; nothing is stored.
   * @param order.data a template's text, in place of a template that is stored
   * @throws TinsmithError as create
   */
  preview(
    order: Omit<WorkflowOrder, 'template' | 'id'> & ({ template: string } | { data: string; lenient?: boolean }),
  ): {
    text: string;
    warnings: string[];
  } {
    const template =
      'data' in order
        ? { id: '', ...checkTemplate(order.data, order), ...order, createdAt: 0, updatedAt: 0 }
        : this.#templates.find(order.template);
    const { text, warnings } = renderFor(this.#optionsOf(order, template, '00000000-0000-0000-0000-000000000000'));
    return { text: masker(Object.values(order.secrets ?? {}))(text), warnings: warnings.map(({ message }) => message) };
  }

  #optionsOf(
    { devices, secrets = {}, machine }: Omit<WorkflowOrder, 'template'>,
    template: Template,
    id: string,
  ): Omit<PlanOptions, 'now'> {
    return {
      ...{ id, template, devices, secrets },
      machine: machine === undefined ? undefined : this.#machines.find(machine),
      lenient: template.lenient ?? false,
      machines: this.#machines,
      extra: this.#values,
      named: this.#named,
    };
  }

  /** @throws TinsmithError NOT_FOUND */
  get(id: string): Workflow {
    return this.find(id) ?? notFound(id);
  }

  find(id: string): Workflow | undefined {
    return this.#records.get(id.toLowerCase());
  }

  list(): Promise<Workflow[]> {
    return this.#records.list();
  }

  /**
   * Tells a workflow to do something.
   * @param allow refuses, by throwing, to change the workflow as it is.
   * @throws TinsmithError NOT_FOUND, CONFLICT (it cannot, in its state)
   */
  async tell(id: string, command: Command, allow: (before: Workflow) => void = () => {}): Promise<Workflow> {
    return this.#change(id, (transaction, workflow) => {
      allow(workflow);
      const result = obey(workflow, command, this.#clock());
      if (result.outcome === 'refused') {
        throw new TinsmithError('CONFLICT', `Workflow ${workflow.id} cannot ${command.command}: ${result.sentence}.`, {
          next: `See how it stands: tinsmith workflow state ${workflow.id}`,
        });
      }
      return this.#journal.record(transaction, workflow, result.events);
    });
  }

  /** Deletes a workflow with its history, data, logs and secrets; the worker of a running one is told to stop. */
  async delete(id: string, allow: (before: Workflow) => void = () => {}): Promise<Workflow> {
    const deleted = await this.#change(id, (transaction, workflow) => {
      allow(workflow);
      this.#journal.remove(transaction, workflow);
      deleteSecrets(transaction, workflow.id);
      return workflow;
    });
    await clearLogs(this.#store, deleted.id);
    await this.#data.clear(deleted.id);
    await this.#store.clear(`workflow-event/${deleted.id}/`);
    return deleted;
  }

  /** When a workflow is to be looked at again without anybody asking, ms since 1970. */
  dueAt(workflow: Workflow): number | undefined {
    return dueAt(workflow, this.#heard, this.#clock());
  }

  /** Looks at a workflow because its time has come. Returns the machine that may begin its action now, if there is one. */
  async expire(id: string): Promise<string | undefined> {
    return this.#store.change((transaction) => {
      const workflow = this.#records.get(id, transaction);
      if (!workflow || isFinal(workflow.state)) return undefined;
      const events = expire(workflow, this.#heard, this.#clock());
      const after = this.#journal.record(transaction, workflow, events);
      return after.actions[currentAction(after) ?? -1]?.machine;
    });
  }

  /** Ids of those that have not ended. */
  active(): Promise<string[]> {
    return this.#records.active();
  }

  #change(id: string, change: (transaction: Transaction, workflow: Workflow) => Workflow): Promise<Workflow> {
    return this.#store.change((transaction) =>
      change(transaction, this.#records.get(id.toLowerCase(), transaction) ?? notFound(id)),
    );
  }
}

function notFound(id: string): never {
  throw new TinsmithError('NOT_FOUND', `There is no workflow ${id}.`, {
    next: 'See which there are: tinsmith workflow list',
  });
}
