/**
 * THE decision: what does this machine boot now, and why. DHCP, TFTP, HTTP scripts and `explain` all ask here, so they
 * cannot disagree. Pure: what is known of the machine goes in, a plan with its reason comes out.
 */
import type { Machine } from '../machines/machines.ts';
import { interfaceOf } from '../machines/machines.ts';
import type { MachineWork } from '../machines/work.ts';

/** What a machine is to boot. */
export type BootPlan = {
  /** Stable code, for scripts and tests. */
  reason:
    | 'unknown-machine'
    | 'discovery'
    | 'netboot-not-allowed'
    | 'no-workflow'
    | 'workflow-waiting'
    | 'installed'
    | 'nothing-installed'
    | 'own-script'
    | 'boot-environment';
  /** The same for people, one sentence. */
  sentence: string;
} & (
  | /** The in-memory OS with our worker; where a service brings a boot script, only if that comes to nothing. */ {
      boot: 'osie';
      autoIpxe?: AutoIpxe;
      /** The worker is to say that it is in this environment. */
      environment?: typeof OSIE;
      /** Nobody knows the machine: its worker is to say first what it is made of. */
      discovers?: true;
    }
  | /** The boot environment of this name, which is none of our own. */ { boot: 'environment'; environment: string }
  | /** A script that the hardware data names: text, or a URL to chain to. */ {
      boot: 'script';
      script: { url: string } | { contents: string };
    }
  | /** The system on its own disk. */ { boot: 'local' }
  | /** No answer: the firmware goes on with its boot order. */ { boot: 'nothing' }
);

/** The environment that is the in-memory OS. */
const OSIE = 'osie' as const;
const OSIE_PLAN = { boot: 'osie' } as const;

/** The script `/auto.ipxe` of a service of the workflow whose turn it is (documents 0013 and 0014). */
export interface AutoIpxe {
  /** Id of the workflow. */
  workflow: string;
  /** `starting`: it is not to be had yet. */
  state: 'up' | 'starting';
}

export interface Known {
  machine: Machine;
  /** MAC address that asks. */
  mac: string;
  work: MachineWork;
  /** Where a service of the first workflow in the queue has it. */
  autoIpxe?: AutoIpxe | undefined;
  life?: BootLife | undefined;
}

/** What becomes of a machine that nobody knows: no answer, or it boots, and is made a machine of ours. */
export const UNKNOWN_POLICIES = ['ignore', 'discover'] as const;
export type UnknownPolicy = (typeof UNKNOWN_POLICIES)[number];

/** What of a machine's life its boots depend on. */
export interface BootLife {
  stage?: string | undefined;
  /** The boot environment that it is to be in; undefined: none is set. */
  bootEnv?: string | undefined;
  /** Id of the workflow that its stage has made. */
  workflow?: string | undefined;
}

/**
 * Decides. A machine that is to be in a boot environment boots that, unless a workflow has its turn that not its stage but
 * somebody else has made: that is run in the OSIE. Without an environment, a machine without any workflow is ignored; one
 * with work boots the OSIE; one that a workflow installed boots its disk; one whose workflows have all ended without
 * installing a system comes back to the OSIE, where it can be reached for the next one.
 * @param unknown what becomes of a machine that nobody knows
 */
export function plan(known: Known | undefined, unknown: UnknownPolicy = 'ignore'): BootPlan {
  if (!known) return unknownPlan(unknown);
  const { machine, mac, work } = known;
  const netboot = interfaceOf(machine, mac)?.netboot;
  if (netboot?.allow_pxe === false) {
    return {
      boot: 'nothing',
      reason: 'netboot-not-allowed',
      sentence: `${machine.name} may not boot from the network: allow_pxe is false in its hardware data`,
    };
  }
  if (netboot?.ipxe?.contents) {
    return {
      boot: 'script',
      script: { contents: netboot.ipxe.contents },
      reason: 'own-script',
      sentence: `${machine.name} has an iPXE script of its own in its hardware data`,
    };
  }
  if (netboot?.ipxe?.url) {
    return {
      boot: 'script',
      script: { url: netboot.ipxe.url },
      reason: 'own-script',
      sentence: `${machine.name} has the iPXE script ${netboot.ipxe.url} in its hardware data`,
    };
  }
  const [next] = work.queue;
  const { autoIpxe, life } = known;
  if (life?.bootEnv !== undefined && (next === undefined || next === life.workflow))
    return environmentPlan(machine.name, life.stage, life.bootEnv);
  const osie = life?.bootEnv === undefined ? OSIE_PLAN : { ...OSIE_PLAN, environment: OSIE };
  if (next !== undefined && autoIpxe?.workflow === next) {
    return {
      ...osie,
      autoIpxe,
      reason: 'workflow-waiting',
      sentence: `workflow ${next} is to be run on ${machine.name}, and ${
        autoIpxe.state === 'up' ? 'a service of it has' : 'has to start a service that has'
      } its boot script`,
    };
  }
  if (next !== undefined) {
    return { ...osie, reason: 'workflow-waiting', sentence: `workflow ${next} is to be run on ${machine.name}` };
  }
  if (work.installed) {
    return {
      boot: 'local',
      reason: 'installed',
      sentence: `workflow ${work.installed.workflow} installed a system on ${work.installed.disks.join(', ')} of ${machine.name}, and nothing else is to be done`,
    };
  }
  if (work.ended > 0) {
    return {
      boot: 'osie',
      reason: 'nothing-installed',
      sentence: `${machine.name} has no installed system and nothing to do: it waits in the OSIE for its next workflow`,
    };
  }
  return {
    boot: 'nothing',
    reason: 'no-workflow',
    sentence: `no workflow is defined for ${machine.name}, so its request to boot is ignored`,
  };
}

function unknownPlan(policy: UnknownPolicy): BootPlan {
  switch (policy) {
    case 'ignore':
      return { boot: 'nothing', reason: 'unknown-machine', sentence: 'no machine has this MAC address' };
    case 'discover':
      return {
        ...OSIE_PLAN,
        discovers: true,
        reason: 'discovery',
        sentence: 'no machine has this MAC address: it boots the in-memory system, to be discovered',
      };
  }
}

function environmentPlan(machine: string, stage: string | undefined, environment: string): BootPlan {
  const who = stage === undefined ? machine : `${machine} is in stage ${stage} and`;
  const told = { reason: 'boot-environment', sentence: `${who} is to boot ${inWords(environment)}` } as const;
  switch (environment) {
    case OSIE:
      return { boot: 'osie', environment, ...told };
    case 'local':
      return { boot: 'local', ...told };
    case 'ignore':
      return { boot: 'nothing', ...told };
    default:
      return { boot: 'environment', environment, ...told };
  }
}

function inWords(environment: string): string {
  switch (environment) {
    case OSIE:
      return 'environment osie, the in-memory system';
    case 'local':
      return 'environment local, the system on its own disk';
    case 'ignore':
      return 'environment ignore: its request is not answered';
    default:
      return `environment ${environment}`;
  }
}
