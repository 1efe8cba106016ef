/** Tinkerbell's workers as workers of ours: they ask, report and are answered by the same engine. */
import { TinsmithError } from '../../errors.ts';
import type { Machine, Machines } from '../../machines/machines.ts';
import type { AttemptKey } from '../../worker/protocol.ts';
import { TINKERBELL_BOOT } from '../../workflows/engine/index.ts';
import { secretsOf, unmaskedRun } from '../../workflows/secrets.ts';
import type { ImageRun } from '../../workflows/template/document.ts';
import type { Workflow } from '../../workflows/workflow.ts';
import type { Visible, WorkerName } from './contexts.ts';
import type { GrpcParts, GrpcPolicy } from './parts.ts';
import type { Caller } from './protobuf/service.ts';
import { CANNOT, meaningOf, type Said } from './reports.ts';
import { GrpcError } from './status.ts';
import { stranger } from './trust.ts';

/** A worker of ours that was heard within so many seconds has the machine: no other is given its work. */
const OWN_WORKER_FRESH = 90;
/** Actions that are failed for a worker in one question, because it cannot do them. */
const FAILED_AT_ONCE = 16;
/** Finished or deleted workflows that we remember having handed out. */
const HANDED_OUT = 4096;

/** An attempt that a worker is to make. */
export interface Turn {
  workflow: Workflow;
  key: AttemptKey;
  run: ImageRun;
}

/** Finds the machine that a worker speaks for, gives it work, and takes its reports. */
export class TinkerbellWorkers {
  readonly #parts: GrpcParts;
  readonly #policy: GrpcPolicy;
  /** The id by which each machine's worker last asked. */
  readonly #names = new Map<string, string>();
  /** Workflows that a worker was given, by machine and workflow: one may be deleted while its worker is at it. */
  readonly #handedOut = new Set<string>();

  constructor(parts: GrpcParts, policy: GrpcPolicy) {
    this.#parts = parts;
    this.#policy = policy;
  }

  /**
   * The machine whose worker calls.
   * @param id what the worker calls itself: the id of the hardware, a MAC or an IP address, or a name
   * @throws GrpcError INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED
   */
  machineOf(id: string, caller: Caller): Machine {
    if (id === '') throw new GrpcError('INVALID_ARGUMENT', 'invalid worker id: it is empty');
    const machine = find(this.#parts.machines, id);
    if (!machine)
      throw new GrpcError('NOT_FOUND', `no Workflows found: no machine has the id, MAC or IP address ${id}`);
    const why = this.#stranger(machine, caller);
    if (why !== undefined) {
      this.#parts.log.warn({ machine: machine.name, address: caller.address, worker: id }, 'a gRPC call was refused');
      throw new GrpcError(
        'PERMISSION_DENIED',
        `${why}: its worker must call from there. Correct the hardware data or, where nobody else can reach this port, start the server with --grpc-trust any.`,
      );
    }
    return machine;
  }

  #stranger(machine: Machine, caller: Caller): string | undefined {
    return stranger(machine, caller.address, this.#policy.trust, (address) => this.#parts.neighbour(address));
  }

  /** The machines of a workflow as whose worker a caller can act. */
  machinesAt(workflow: Workflow, caller: Caller): Machine[] {
    const ids = new Set([...workflow.actions, ...workflow.services].map(({ machine }) => machine));
    return [...ids].flatMap((id) => {
      const machine = this.#parts.machines.get(id);
      return machine && this.#stranger(machine, caller) === undefined ? [machine] : [];
    });
  }

  /** How a machine is named to the worker of one: as it calls itself or, while that is not known, as its era would. */
  nameIn(era: 'cli' | 'slim'): WorkerName {
    return (id) => {
      const machine = this.#parts.machines.get(id);
      return this.#names.get(id) ?? (era === 'cli' || !machine ? id : macOf(machine));
    };
  }

  /** Notes that a machine's worker is there. False: our own has the machine, and this one is to do nothing. */
  async #heard(machine: Machine, name: string): Promise<boolean> {
    const { lastSeen, machines, assignments } = this.#parts;
    const boot = bootOf(machine);
    const { worker } = machines.work(machine.id);
    if (worker?.boot !== boot) {
      const silent = lastSeen.silentFor(machine.id);
      if (worker && silent !== undefined && silent < OWN_WORKER_FRESH) return false;
      await assignments.hello(machine, { mac: macOf(machine), boot, version: 'tinkerbell' });
    }
    lastSeen.note(machine.id);
    this.#names.set(machine.id, name);
    return true;
  }

  /** What a machine's worker is to do now; or why nothing. */
  async turn(machine: Machine, name: string): Promise<Turn | { waits: string; queued: boolean }> {
    const { assignments, machines, clock } = this.#parts;
    const waits = (reason: string) => ({ waits: reason, queued: machines.work(machine.id).queue.length > 0 });
    if (!(await this.#heard(machine, name))) return waits(`the worker of this server has machine ${machine.name}`);
    const boot = bootOf(machine);
    for (let failed = 0; failed < FAILED_AT_ONCE; failed++) {
      const work = await assignments.ask(machine, boot);
      if (work.kind === 'idle' || work.kind === 'exit') {
        if (failed === 0 && (await this.#failServices(machine, boot))) continue;
        return waits(work.reason);
      }
      if (work.kind === 'verb') return waits(`the machine is to ${work.verb}`);
      const { workflow, key, run } = work;
      if (run.kind === 'image') {
        this.#remember(machine.id, workflow.id);
        return { workflow, key, run };
      }
      const message = run.kind === 'verb' ? `it is the verb ${run.verb}: ${CANNOT}` : `it is a Job: ${CANNOT}`;
      await assignments.report(machine, { ...key, boot, state: 'FAILED', at: clock(), seconds: 0, message });
    }
    return waits('its actions cannot be done by a worker of Tinkerbell');
  }

  /** Says of the services that this worker would have to run that they cannot. */
  async #failServices(machine: Machine, boot: string): Promise<boolean> {
    const { assignments, workflows } = this.#parts;
    let told = false;
    for (const { workflow, service, starts } of await assignments.services(machine)) {
      if (workflows.find(workflow)?.services[service]?.state !== 'PENDING') continue;
      const message = `a worker of Tinkerbell cannot run services; boot the machine with the worker of this server, or run it on the provisioner`;
      await assignments.service(machine, { workflow, service, boot, state: 'FAILED', starts, message }, undefined);
      told = true;
    }
    return told;
  }

  /**
   * Takes a report. When this returns, what it says is on disk, or was before.
   * @throws GrpcError with the state that the worker should have
   */
  async report(machine: Machine, workflowId: string, said: Said): Promise<void> {
    const { machines, lastSeen } = this.#parts;
    // Only of the worker that has the machine: our own may be back while an old one still reports.
    if (machines.work(machine.id).worker?.boot === bootOf(machine)) lastSeen.note(machine.id);
    try {
      await this.#take(machine, workflowId, said);
    } catch (error) {
      if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
      // Deleted while its worker was at it: refused for ever, the worker would report for ever.
      if (said.state !== 'RUNNING' && this.#handedOut.has(`${machine.id}/${workflowId.toLowerCase()}`)) return;
      throw new GrpcError('NOT_FOUND', `invalid workflow id: there is no workflow ${workflowId}`);
    }
  }

  async #take(machine: Machine, workflowId: string, said: Said): Promise<void> {
    const { workflows, assignments, machines, clock } = this.#parts;
    const workflow = workflows.get(workflowId);
    const first = machines.work(machine.id).queue[0] === workflow.id;
    const meaning = meaningOf({ workflow, machine, first, boot: bootOf(machine), now: clock() }, said);
    switch (meaning.meaning) {
      case 'known':
        return;
      case 'refused':
        throw new GrpcError(meaning.code, meaning.sentence);
      case 'report':
        for (const report of meaning.reports) await assignments.report(machine, report);
    }
  }

  /** The container of an action: as it is for the worker that runs it, with its secrets masked for others. */
  runOf(workflow: Workflow, mine: readonly Machine[]): (visible: Visible) => ImageRun {
    const unmasked = secretsOf(this.#parts.store, workflow.id);
    return ({ index, action, run }) => {
      const isMine = mine.some(({ id }) => id === action.machine);
      const real = unmasked && isMine ? unmaskedRun(unmasked, workflow.actions, index) : undefined;
      return real?.kind === 'image' ? real : run;
    };
  }

  #remember(machine: string, workflow: string): void {
    const key = `${machine}/${workflow}`;
    if (!this.#handedOut.has(key) && this.#handedOut.size >= HANDED_OUT) this.#handedOut.clear();
    this.#handedOut.add(key);
  }
}

/** Tinkerbell's workers have no boot id: after a restart of the machine they go on with what they were at. */
export function bootOf(machine: Machine): string {
  return `${TINKERBELL_BOOT}${machine.id}`;
}

function macOf(machine: Machine): string {
  return machine.hardware.network.interfaces[0]?.dhcp.mac ?? machine.id;
}

function find(machines: Machines, reference: string): Machine | undefined {
  try {
    return machines.find(reference);
  } catch {
    return undefined;
  }
}
