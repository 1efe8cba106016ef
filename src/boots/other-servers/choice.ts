/** Which DHCP mode suits a network, by who answers there already. Pure. */
import { TinsmithError } from '../../errors.ts';
import { describe, givesAddresses, type OtherServer } from './server.ts';

/** How addresses are given: to known machines, by somebody else, or to everyone from a range. */
export type DhcpChoice = 'reservation' | 'proxy' | 'pool';

/** What whoever runs the appliance should know of its mode on this network. */
export interface ModeWarning {
  code: 'nobody-gives-addresses' | 'another-server-gives-addresses' | 'network-not-looked-at';
  sentence: string;
  next: string;
}

/** What is known of the network: the servers that answered, and the interfaces that could be asked. */
export interface Found {
  servers: readonly OtherServer[];
  /** Names of the interfaces where somebody could have answered. */
  asked: readonly string[];
  /** Why others could not be asked, for people. */
  unasked: readonly string[];
}

const START_POOL = 'tinsmith up --dhcp pool --range FIRST-LAST';

/**
 * The mode that is begun with. Without a wish (`auto`) it is `proxy`, which disturbs nobody, even where nobody gives
 * addresses: giving them to everyone is for those only who ask for it.
 */
export function modeOf(wanted: DhcpChoice | 'auto'): DhcpChoice {
  return wanted === 'auto' ? 'proxy' : wanted;
}

/**
 * Refuses a mode that would do harm on its networks.
 * @param servers that answer there
 * @param besideOther `pool` is begun with even where another server gives addresses
 * @throws TinsmithError CONFLICT for `pool` where another server gives addresses
 */
export function checkMode(mode: DhcpChoice, servers: readonly OtherServer[], besideOther: boolean): void {
  const named = nameGivers(servers);
  if (mode !== 'pool' || besideOther || named === '') return;
  throw new TinsmithError(
    'CONFLICT',
    `Addresses are not given to everyone, because another DHCP server does that on this network: ${named}.`,
    {
      next: 'Start with --dhcp proxy, which works beside it; or switch that server off; or, where both are meant to be, start with --beside-other-dhcp on.',
    },
  );
}

/** What is to be said of a mode on a network as it is now. */
export function warningOf(mode: DhcpChoice, { servers, asked, unasked }: Found): ModeWarning | undefined {
  const named = nameGivers(servers);
  switch (mode) {
    case 'proxy':
      if (named !== '') return undefined;
      if (asked.length === 0)
        return {
          code: 'network-not-looked-at',
          sentence: `It is not known whether anybody gives addresses on this network${unasked.length > 0 ? `: ${unasked.join('; ')}` : ''}.`,
          next: `Machines need a DHCP server beside this appliance. Where there is none: ${START_POOL}`,
        };
      return {
        code: 'nobody-gives-addresses',
        sentence: `NOBODY GIVES ADDRESSES on this network (${asked.join(', ')}): no DHCP server answered, and this appliance only says what to boot.`,
        next: `To give addresses from here: ${START_POOL}. To known machines only: tinsmith up --dhcp reservation`,
      };
    case 'reservation':
    case 'pool':
      return named === ''
        ? undefined
        : {
            code: 'another-server-gives-addresses',
            sentence: `Another DHCP server gives addresses on this network: ${named}. A machine that takes its address may never boot from here.`,
            next: 'Switch that server off, or start with --dhcp proxy, which works beside it.',
          };
  }
}

/** Empty where nobody gives addresses. */
function nameGivers(servers: readonly OtherServer[]): string {
  return servers.filter(givesAddresses).map(describe).join('; ');
}
