/** Puts together what `explain` needs to know of a machine, from all the parts that know it. */

import type { Environments } from '../boots/environments.ts';
import {
  type ExplainFacts,
  type Explanation,
  explain as explainBoot,
  lastBoot,
  type RoleFacts,
} from '../boots/explain/index.ts';
import type { AutoIpxe, UnknownPolicy } from '../boots/plan.ts';
import { planFor } from '../boots/plan-for.ts';
import { isPlayed, ownEntries } from '../boots/played.ts';
import type { TraceEntry } from '../boots/trace.ts';
import { interfaceOf, type Machine } from '../machines/machines.ts';
import { currentAction, isFinal } from '../workflows/workflow.ts';
import { autoIpxeOf } from './routes/services.ts';
import type { Services } from './services.ts';
import { waitsForOf } from './waits-for.ts';

/** What it is about: a machine of ours with its MAC addresses, or an address that is nobody’s. */
export interface Subject {
  machine: Machine | undefined;
  macs: string[];
}

export interface Explaining {
  factsOf(subject: Subject): ExplainFacts;
  /** Its trace, oldest first. */
  entriesOf(subject: Subject): TraceEntry[];
  explain(subject: Subject): Explanation;
}

export function explaining(
  services: Services,
  boot: { environments?: Environments | undefined; unknown?: UnknownPolicy | undefined },
): Explaining {
  const { machines, lives, workflows, trace, clock, lastSeen, discovery, serverUrl } = services;
  const waitsFor = waitsForOf(services);

  const autoIpxe = (id: string): AutoIpxe | undefined => autoIpxeOf(services, id);
  const machineFacts = (machine: Machine, mac: string): ExplainFacts['machine'] => {
    const { id } = machine;
    const { queue, installed, verb, worker, last } = machines.work(id);
    const { halt, locked } = lives.get(id);
    const inventory = discovery.inventories.of(id)?.inventory;
    const next = queue[0] === undefined ? undefined : workflows.find(queue[0]);
    const over = last === undefined ? undefined : workflows.find(last);
    return {
      workerAt: lastSeen.of(id) ?? worker?.at,
      installed,
      ...{ halt, locked, restarts: verb },
      workflow: next && workflowFacts(next, id, waitsFor(next)),
      ended: over && {
        ...{ id: over.id, name: over.name, state: over.state },
        message: over.message ?? '',
        at: over.outcome?.until ?? over.updatedAt,
      },
      memory: inventory?.memory.total,
      secureBoot: inventory?.firmware.secureBoot,
      binary: interfaceOf(machine, mac)?.netboot?.ipxe?.binary,
    };
  };

  const entriesOf = ({ macs }: Subject): TraceEntry[] =>
    ownEntries(macs.flatMap((mac) => trace.of(mac))).sort((a, b) => a.time - b.time);
  const factsOf = (subject: Subject): ExplainFacts => {
    const { machine, macs } = subject;
    // As the card boots that was heard, where there are several.
    const mac = lastBoot(entriesOf(subject))[0]?.mac ?? macs[0] ?? '';
    const address = machine?.hardware.network.interfaces[0]?.dhcp.ip?.address;
    return {
      who: machine?.name ?? macs[0] ?? '',
      macs,
      plan: planFor({ machines, autoIpxe, ...boot }, mac).plan,
      machine: machine && machineFacts(machine, mac),
      network: {
        ...rolesOf(services),
        server: serverUrl(address),
        startedAt: Date.parse(services.startedAt),
        missedAt: trace.missedAt,
      },
      isPlayed: macs.some((each) => trace.of(each).some(isPlayed)),
    };
  };
  return {
    ...{ factsOf, entriesOf },
    explain: (subject) => explainBoot(entriesOf(subject), factsOf(subject), clock()),
  };
}

function workflowFacts(
  workflow: NonNullable<ReturnType<Services['workflows']['find']>>,
  machine: string,
  waits: string | undefined,
) {
  const { id, name, pausedAt } = workflow;
  const action = workflow.actions[currentAction(workflow) ?? -1];
  const isHere = action?.machine === machine && action.state === 'RUNNING' && !isFinal(workflow.state);
  const since = action?.heardAt ?? action?.startedAt ?? 0;
  return {
    ...{ id, name, waitsFor: waits, paused: pausedAt !== undefined },
    ...(isHere && { action: { name: action.name, since } }),
  };
}

function rolesOf({ status }: Pick<Services, 'status'>): Pick<ExplainFacts['network'], 'dhcp' | 'tftp' | 'http'> {
  const { roles } = status();
  const of = (word: string): RoleFacts => {
    const own = roles.filter(({ name }) => name === word || name.startsWith(`${word} `));
    const best = own.find(({ state }) => state === 'up') ?? own.find(({ state }) => state === 'failed') ?? own[0];
    // Where nobody says, it is another's: nothing is known to be wrong with it.
    return best ? { state: best.state, why: best.problem?.message } : { state: 'up' };
  };
  return { dhcp: of('dhcp'), tftp: of('tftp'), http: of('http') };
}
