/** What is wrong with a computer, from what is known of it. Pure. */
import type { Facts } from '../facts.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import { judgeBoot, judgeClock, judgeData, judgeMemory } from './computer.ts';
import {
  judgeContainer,
  judgeFirewall,
  judgeForwarding,
  judgeInterfaces,
  judgeOtherServers,
  judgePorts,
} from './network.ts';

export function judge(facts: Facts): Finding[] {
  const { appliance, interfaces, ports } = facts;
  const served = interfaces.filter((each) => each.served).map(({ name }) => name);
  const roleWarnings = appliance?.isHere ? appliance.status.roles.flatMap(({ warning: told }) => told ?? []) : [];
  return [
    ...judgeRights(facts),
    ...judgeAppliance(facts),
    ...judgePorts(facts),
    ...judgeInterfaces(interfaces),
    ...judgeOtherServers(facts.otherServers, roleWarnings),
    ...judgeFirewall(facts.firewall, ports, served),
    ...judgeForwarding(facts.network, interfaces),
    ...judgeContainer(facts.container),
    ...judgeData(facts.data),
    ...judgeClock(facts.clock),
    ...judgeBoot(facts.boot),
    ...judgeMemory(facts.boot, appliance),
  ];
}

function judgeRights({ isRoot }: Facts): Finding[] {
  if (isRoot) return [];
  const sentence =
    'This does not run as root: who holds a port, what the firewall does and who gives addresses may stay hidden.';
  return [warning('not-root', sentence, 'Run it with sudo.')];
}

function judgeAppliance({ appliance, applianceRefused }: Facts): Finding[] {
  if (applianceRefused !== undefined)
    return [
      warning(
        'appliance-not-asked',
        `The appliance could not be asked: ${applianceRefused}`,
        'Run this as root, or give its token: --token-file; and see that the firewall lets in what comes by the interface lo.',
      ),
    ];
  if (appliance === undefined) return [ok('appliance', 'No appliance runs here: this is what one would find.')];
  const failed = appliance.status.roles.filter(({ state }) => state === 'failed');
  if (failed.length === 0)
    return [
      ok(
        'appliance',
        `The appliance at ${appliance.url} is ${appliance.status.state}, version ${appliance.status.version}.`,
      ),
    ];
  return failed.map(({ name, problem: why }) =>
    problem(
      'role-failed',
      `The appliance at ${appliance.url} runs without ${name}: ${why?.message ?? 'it failed'}`,
      why?.next ?? 'Look into its log.',
    ),
  );
}
