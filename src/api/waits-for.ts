/** Why a workflow does not move, as far as can be told from here. */
import { PROVISIONER } from '../machines/provisioner.ts';
import { holdUp } from '../workflows/engine/index.ts';
import { currentAction, isFinal, type Workflow } from '../workflows/workflow.ts';
import type { Services } from './services.ts';

/** Seconds of silence after which a worker is waited for rather than trusted to be at work. */
const SILENT = 90;

export function waitsForOf({ machines, lastSeen, clock }: Pick<Services, 'machines' | 'lastSeen' | 'clock'>) {
  const nameOf = (machine: string): string => machines.get(machine)?.name ?? machine;
  return (record: Workflow): string | undefined => {
    const action = record.actions[currentAction(record) ?? -1];
    if (!action || isFinal(record.state)) return undefined;
    const name = nameOf(action.machine);
    const { queue } = machines.work(action.machine);
    if (action.machine !== PROVISIONER && queue[0] !== record.id) return `workflow ${queue[0]} is before it on ${name}`;
    const held = action.state === 'RUNNING' ? undefined : holdUp(record, clock());
    if (held !== undefined) return held;
    const silent = lastSeen.silentFor(action.machine);
    if (silent === undefined && action.machine === PROVISIONER)
      return 'the appliance’s own worker, which has not been heard: tinsmith status says whether it is on';
    if (silent === undefined) return `machine ${name} to boot: its worker has not been heard`;
    if (silent > SILENT) return `the worker of ${name}, last heard ${Math.round(silent)} s ago`;
    return action.state === 'RUNNING' ? undefined : `the worker of ${name} to begin action ${action.name}`;
  };
}
