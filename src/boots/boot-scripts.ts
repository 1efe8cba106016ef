/**
 * Hands out what a machine is to boot, in the words of whatever loader it has: iPXE's script, GRUB's or PXELINUX's
 * configuration. There is one decision for all of them, and one check of who asks: a boot's token is in what they are told.
 */
import { TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { type Network, notThisCard, notThisMachine } from './asker.ts';
import type { BootFiles } from './boot-files.ts';
import type { Environments } from './environments.ts';
import { PREVIEW_TOKEN } from './ipxe/scripts.ts';
import type { WorkerFacts } from './kernel-arguments.ts';
import type { BootPlan } from './plan.ts';
import { type PlanParts, planFor } from './plan-for.ts';
import { PLAYED } from './played.ts';

export interface BootScriptParts extends Network, PlanParts {
  machines: Machines;
  bootFiles: Pick<BootFiles, 'missing' | 'kernel'>;
  /** Extra kernel arguments for the OSIE and boot environments. */
  kernelArguments: string[];
  /** Port on which we hear syslog. */
  syslog?: number | undefined;
  issueToken(machine: string): Promise<string>;
  /** Makes a token for a machine that nobody knows, which opens its discovery and nothing else. */
  issueUnknownToken(mac: string): Promise<string>;
  environments?: Environments | undefined;
}

export interface ScriptRequest {
  mac: string;
  /** Where it comes from. */
  remote: string;
  /** `http://ADDRESS:PORT`, as the machine reaches us. */
  server: string;
  /** It is only looked at: no token in it opens anything, and anybody who may look may have it. */
  preview: boolean;
  /** It is asked for by who only plays the machine: no token in it opens anything. */
  played?: boolean | undefined;
  /** Services of workflows may have a script of their own, which is for iPXE. */
  services: boolean;
  /** What was asked for, for the trace. */
  what: string;
}

/** What a script is made from. */
export interface Admitted {
  plan: Exclude<BootPlan, { boot: 'nothing' }>;
  /** Undefined: nobody knows it. */
  machine: Machine | undefined;
  facts: Omit<WorkerFacts, 'token'>;
  /** Makes the boot's token; called once at most. */
  issue: () => Promise<string>;
  environments: Environments | undefined;
}

export class BootScripts {
  readonly #parts: BootScriptParts;

  constructor(parts: BootScriptParts) {
    this.#parts = parts;
  }

  /** What is decided for a machine now. */
  planFor(mac: string, services: boolean): { plan: BootPlan; machine: Machine | undefined } {
    return planFor(services ? this.#parts : { ...this.#parts, autoIpxe: undefined }, mac);
  }

  /**
   * The script for a machine, and a note of it in the trace.
   * @param make writes it, in the words of one loader
   * @throws TinsmithError NOT_FOUND (nothing is to be booted), FORBIDDEN (somebody else asks), UNAVAILABLE (something is
   *   missing), INVALID_INPUT (a template that cannot be filled in)
   */
  async give(request: ScriptRequest, make: (admitted: Admitted) => Promise<string>): Promise<string> {
    const { mac, remote, server, preview, played, services } = request;
    const { trace, bootFiles, kernelArguments, syslog, environments } = this.#parts;
    const { plan: decided, machine } = this.planFor(mac, services);
    const autoIpxe = decided.boot === 'osie' ? decided.autoIpxe : undefined;
    const note = (outcome: 'answered' | 'refused' | 'ignored', reason: string, sentence: string): void =>
      trace.note({
        mac,
        role: 'script',
        what: request.what,
        outcome,
        reason,
        sentence,
        details: {
          boot: decided.boot,
          ...(decided.boot === 'environment' && { environment: decided.environment }),
          ...(autoIpxe && { service: autoIpxe.state }),
          remote,
          ...(played && PLAYED),
        },
      });
    if (decided.boot === 'nothing') {
      note('ignored', decided.reason, decided.sentence);
      throw new TinsmithError('NOT_FOUND', `There is no script for ${mac}: ${decided.sentence}.`, {
        next: `See why: tinsmith explain ${mac}`,
      });
    }
    const isSecret = decided.boot === 'osie' || decided.boot === 'environment';
    const stranger = (): string | undefined =>
      machine ? notThisMachine(this.#parts, machine, mac, remote) : notThisCard(this.#parts, mac, remote);
    const strange = isSecret && !preview ? stranger() : undefined;
    if (strange !== undefined) {
      const name = machine?.name ?? mac;
      note('refused', 'not-this-machine', strange);
      throw new TinsmithError('FORBIDDEN', `The script of ${name} is for the machine itself: ${strange}.`, {
        next: `See it with: tinsmith explain ${name}`,
      });
    }
    // What a service boots may need nothing of ours.
    const missing = decided.boot === 'osie' && !autoIpxe ? bootFiles.missing() : undefined;
    if (missing !== undefined) {
      note('refused', 'no-osie', missing);
      // Whatever is missing for the kernel is said there, with what to do.
      await bootFiles.kernel();
    }
    let issued: Promise<string> | undefined;
    const issue = (): Promise<string> => {
      issued ??= preview || played ? Promise.resolve(PREVIEW_TOKEN) : this.#issue(machine, mac);
      return issued;
    };
    try {
      const facts = { server, mac, arguments: kernelArguments, syslog };
      const script = await make({ plan: decided, machine, facts, issue, environments });
      note('answered', decided.reason, decided.sentence);
      return script;
    } catch (error) {
      if (error instanceof TinsmithError)
        note('refused', error.code === 'INVALID_INPUT' ? 'template' : 'no-environment', error.message);
      throw error;
    }
  }

  #issue(machine: Machine | undefined, mac: string): Promise<string> {
    return machine ? this.#parts.issueToken(machine.id) : this.#parts.issueUnknownToken(mac);
  }
}
