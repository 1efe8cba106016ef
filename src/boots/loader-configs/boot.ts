/** What a machine is to boot, as a loader that is not iPXE needs to know it. */
import type { Admitted } from '../boot-scripts.ts';
import { readyEnvironment } from '../environments.ts';
import { bootifOf, DISCOVER, environmentArguments, osieArguments } from '../kernel-arguments.ts';

/** URLs of a kernel and its initrds, or what else there is to be done. */
export type LoaderBoot =
  | { boot: 'kernel'; what: string; kernel: string; initrds: string[]; line: string }
  /** The system on its own disk. */
  | { boot: 'local' }
  /** A script that only iPXE can run. */
  | { boot: 'ipxe'; what: string };

export async function loaderBoot({ plan, machine, facts, issue, environments }: Admitted): Promise<LoaderBoot> {
  const own = { bootif: bootifOf(facts.mac), initrds: [] };
  switch (plan.boot) {
    case 'local':
      return { boot: 'local' };
    case 'script':
      return { boot: 'ipxe', what: 'the iPXE script of its hardware data' };
    case 'osie': {
      const told = { ...facts, token: await issue() };
      if (plan.discovers) told.arguments = [DISCOVER, ...told.arguments];
      return {
        boot: 'kernel',
        what: 'the in-memory system',
        kernel: `${facts.server}/boot/${facts.mac}/vmlinuz`,
        // The worker is fetched over HTTP by the OSIE itself: through TFTP it would take longer than all the rest.
        initrds: [`${facts.server}/boot/${facts.mac}/osie.img`],
        line: osieArguments(told, plan.environment, own),
      };
    }
    case 'environment': {
      const { environment } = plan;
      const boots = await readyEnvironment(environments, machine, environment, facts.server, issue);
      if ('ipxe' in boots) return { boot: 'ipxe', what: `the iPXE script of environment ${environment}` };
      const told = { ...facts, token: await issue() };
      const { kernel, initrds, bootParams } = boots;
      return {
        boot: 'kernel',
        what: `environment ${environment}`,
        kernel,
        initrds,
        line: environmentArguments(bootParams, told, environment, own),
      };
    }
  }
}
