/** iPXE's scripts: what a machine is to boot, in the words of iPXE. */
import type { Admitted } from '../boot-scripts.ts';
import { scriptOfEnvironment } from './environment.ts';
import { PREVIEW_TOKEN, scriptOf } from './scripts.ts';

export async function ipxeScript({ plan, machine, facts, issue, environments }: Admitted): Promise<string> {
  if (plan.boot !== 'environment') {
    const needsToken = plan.boot === 'osie' && plan.autoIpxe?.state !== 'starting';
    return scriptOf(plan, { ...facts, token: needsToken ? await issue() : PREVIEW_TOKEN });
  }
  return scriptOfEnvironment(environments, machine, plan.environment, facts, issue);
}
