/** What is decided for a MAC address now, with all that is known of its machine. */
import type { Machine, Machines } from '../machines/machines.ts';
import type { Environments } from './environments.ts';
import { type AutoIpxe, type BootPlan, plan, type UnknownPolicy } from './plan.ts';

/** Who knows what the decision depends on. */
export interface PlanParts {
  machines: Pick<Machines, 'byMac' | 'work'>;
  /** What becomes of machines that nobody knows; ignored by default. */
  unknown?: UnknownPolicy | undefined;
  /** The boot script that a service of the machine's next workflow has; none counts by default. */
  autoIpxe?: ((machine: string) => AutoIpxe | undefined) | undefined;
  environments?: Pick<Environments, 'lifeOf'> | undefined;
}

/** The one decision, and the machine that it is about; undefined: nobody knows it. */
export function planFor(
  { machines, unknown, autoIpxe, environments }: PlanParts,
  mac: string,
): { plan: BootPlan; machine: Machine | undefined } {
  const machine = machines.byMac(mac);
  if (!machine) return { machine, plan: plan(undefined, unknown) };
  const { id } = machine;
  const known = { machine, mac, work: machines.work(id), autoIpxe: autoIpxe?.(id), life: environments?.lifeOf(id) };
  return { machine, plan: plan(known) };
}
