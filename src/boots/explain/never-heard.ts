/** Of a machine that no packet has come from. Pure. */
import type { ExplainFacts, Said } from './facts.ts';
import { timeOf, withoutEnd } from './words.ts';

export function neverHeard({ who, macs, machine, network, isPlayed }: ExplainFacts): Said {
  const { dhcp, startedAt, missedAt } = network;
  const nothing = `Nothing has been heard of ${who}: no packet from ${macs.join(' or ')} has reached this appliance`;
  switch (dhcp.state) {
    case 'failed':
      return {
        state: 'missing',
        code: 'dhcp-failed',
        sentence: `${nothing}, which hears none: ${withoutEnd(dhcp.why ?? 'DHCP could not be started')}`,
        next: 'See what is wrong, and what to do: tinsmith status',
      };
    case 'off':
      return {
        state: 'missing',
        code: 'dhcp-off',
        sentence: `${nothing}, where DHCP is switched off: another server has to send it here`,
        next: 'Point the DHCP server of the network here, or start the appliance with --dhcp proxy.',
      };
    case 'up':
      if (isPlayed)
        return {
          state: 'missing',
          code: 'only-played',
          sentence: `Nothing has been heard of ${who} itself: it was only played, by tinsmith doctor --client`,
          next: `See what was answered: tinsmith trace ${macs[0] ?? who}. Then switch the machine on.`,
        };
      if (machine === undefined && missedAt !== undefined)
        return {
          state: 'missing',
          code: 'not-kept',
          sentence: `Nothing is known of ${who}: no packet from it has reached this appliance, or it came with more unknown machines than are remembered, as happened last at ${timeOf(missedAt)}`,
          next: 'Add it as a machine (tinsmith machine add) and switch it on again: of machines that are known, everything is kept.',
        };
      return {
        state: 'missing',
        code: 'never-heard',
        sentence: `${nothing} since it started at ${timeOf(startedAt)}`,
        next: 'Check that it is switched on, boots from the network, and is on a network that the appliance serves: tinsmith status',
      };
  }
}
