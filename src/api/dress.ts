/** Work as the engine gives it, dressed for the wire: where to pull the images from, and what is secret. */
import { TinsmithError } from '../errors.ts';
import type { Registry } from '../registry/index.ts';
import type { Assignment, ContainerRun, JobRun, WantedService } from '../worker/protocol.ts';
import type { WantedRecord, Work } from '../workflows/assignments.ts';
import type { WorkflowData } from '../workflows/data.ts';
import type { Container } from '../workflows/template/document.ts';

/** Knows the registry, and what a workflow's data may be. */
export class Dresser {
  readonly #registry: Registry;
  readonly #data: WorkflowData;

  constructor({ registry, data }: { registry: Registry; data: WorkflowData }) {
    this.#registry = registry;
    this.#data = data;
  }

  /** @param host our address as the worker knows it, from its Host header: the one that works for it. */
  work(work: Work, host: string): Assignment {
    if (work.kind !== 'action') return work;
    const { workflow, key, run, secrets } = work;
    const action = workflow.actions[key.action];
    if (!action) throw new TinsmithError('INTERNAL', `Workflow ${workflow.id} has lost its action ${key.action}.`);
    return {
      kind: 'action',
      ...key,
      task: action.task,
      name: action.name,
      total: workflow.actions.length,
      timeout: action.timeout,
      background: action.background,
      data: this.#data.rules(workflow.id),
      run: this.#run(run, secrets, host),
    };
  }

  service({ workflow, service, spec, secrets, starts }: WantedRecord, host: string): WantedService {
    const { name, labels, ports, healthcheck, restart } = spec;
    const run = this.#container(spec, secrets, host);
    return { workflow, service, name, run, labels, ports, healthcheck, restart, starts };
  }

  #run(
    run: Extract<Work, { kind: 'action' }>['run'],
    secrets: string[],
    host: string,
  ): Extract<Assignment, { kind: 'action' }>['run'] {
    switch (run.kind) {
      case 'verb':
        return run;
      case 'image':
        return this.#container(run, secrets, host);
      case 'job':
        return this.#job(run, host);
    }
  }

  #job({ steps, ...run }: JobRun<Container>, host: string): JobRun {
    const dressed = steps.map((step): JobRun['steps'][number] =>
      step.container ? { ...step, container: this.#container(step.container, run.secrets, host) } : step,
    );
    return { ...run, steps: dressed };
  }

  #container(container: Container, secrets: string[], host: string): ContainerRun {
    const { image, command, environment, volumes, pid, network, privileged, memory, cpus } = container;
    return {
      kind: 'container',
      image,
      ...this.#source(image, host),
      ...{ command, environment, volumes, pid, network, privileged, memory, cpus, secrets },
    };
  }

  #source(image: string, host: string): { pull: string; mountsExecutable: boolean } {
    if (!this.#registry.resolves(image)) return { pull: image, mountsExecutable: false };
    const { name, mountsExecutable } = this.#registry.pull(image, host);
    return { pull: name, mountsExecutable };
  }
}
