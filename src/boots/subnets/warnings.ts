/** What may well be a mistake in a subnet, and is no reason to refuse it; and what is amiss with reserved addresses. Pure. */

import { addressNumber, dotted } from '../../addresses.ts';
import type { Hardware } from '../../machines/hardware.ts';
import { contains, meet, startOf } from './addresses.ts';
import { sameRelay } from './check.ts';
import type { Parsed } from './parsed.ts';

/** An interface of the appliance. */
export interface OwnInterface {
  name: string;
  address: string;
  netmask: string;
}

/** What of DHCP this appliance serves since its start. */
export interface Served {
  /** Not with `--dhcp off`. */
  isOn: boolean;
  /** Port 4011, which is bound at the start or not at all. */
  hasBootService: boolean;
}

/** An address that a machine has for itself. */
export interface Reservation {
  machine: string;
  /** Where it stands in the machine's hardware data. */
  field: string;
  address: string;
}

/** The addresses that are reserved for a machine. */
export function reservationsOf(machine: { name: string; hardware: Hardware }): Reservation[] {
  return machine.hardware.network.interfaces.flatMap(({ dhcp: { ip } }, index) => {
    const field = `network.interfaces[${index}].dhcp.ip.address`;
    return ip === undefined ? [] : [{ machine: machine.name, field, address: ip.address }];
  });
}

/** What to think over about a subnet that is put. */
export function warningsAbout(parsed: Parsed, interfaces: readonly OwnInterface[], served: Served): string[] {
  const { subnet, cidr, ranges, excluded } = parsed;
  const about = `subnet ${subnet.name}`;
  const own = interfaces.filter(({ address }) => contains(cidr, addressNumber(address)));
  return [
    ...unserved(parsed, served),
    ...(ranges.length > 0 && subnet.mode !== 'pool'
      ? [`${about} has ranges, which only mode pool gives addresses of; its mode is ${subnet.mode}`]
      : []),
    ...(subnet.interface !== undefined && !interfaces.some(({ name }) => name === subnet.interface)
      ? [`${about} is for interface ${subnet.interface}, which is not served now`]
      : []),
    ...excluded.flatMap((each, index) =>
      ranges.some((range) => meet(range, each))
        ? []
        : [`${about} leaves out ${subnet.exclude?.[index]}, which is in none of its ranges: nobody is given it anyway`],
    ),
    ...own.flatMap(({ name, address }) =>
      ranges.some((range) => meet(range, { first: addressNumber(address), last: addressNumber(address) }))
        ? [`${about} has the appliance’s own address ${address} (${name}) in its ranges; nobody is given it`]
        : [],
    ),
  ];
}

/** Where requests of a relay that two subnets name go, whose networks have nothing else in common. */
export function warningsBeside({ subnet, relays = [] }: Parsed, others: readonly Parsed[]): string[] {
  return others.flatMap((other) => {
    if (other.subnet.name === subnet.name || other.subnet.interface !== subnet.interface) return [];
    if (!relays.some((relay) => other.relays?.some((each) => sameRelay(relay, each)))) return [];
    const [first, second] = [subnet, other.subnet].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [
      `subnets ${first?.name} and ${second?.name} are by the same relay: its requests are of ${first?.name}, unless it selects a link of ${second?.name} (option 82, sub-option 5)`,
    ];
  });
}

/** What a subnet lacks that was decided on when the appliance was started. */
function unserved({ subnet: { name, mode, enabled } }: Parsed, { isOn, hasBootService }: Served): string[] {
  if (mode === 'off' || enabled === false) return [];
  if (!isOn)
    return [`subnet ${name} is kept, but nobody is answered: DHCP is off; start the appliance without --dhcp off`];
  if (mode !== 'proxy' || hasBootService) return [];
  const why = 'port 4011 is not served, where some firmware asks what to boot';
  return [`subnet ${name} is in mode proxy, and ${why}: start the appliance again`];
}

/** What is amiss with a reserved address, beside the subnets that there are; undefined: nothing. */
export function warningAt(
  { address }: Pick<Reservation, 'address'>,
  subnets: readonly Parsed[],
  interfaces: readonly OwnInterface[],
): string | undefined {
  const own = interfaces.find((each) => each.address === address);
  if (own) return `${address} is this computer's own (${own.name}), and the machine will not be given it`;
  if (subnets.length === 0) return undefined;
  const number = addressNumber(address);
  const found = subnets.filter(({ cidr }) => contains(cidr, number));
  const routed = found.find(({ routers }) => routers.includes(number));
  if (routed) return `${address} is the address of a router of subnet ${routed.subnet.name}`;
  if (found.length > 0 || interfaces.some((each) => isBeside(each, number))) return undefined;
  const known = subnets.slice(0, 5).map(({ subnet }) => `${subnet.name} ${subnet.network}`);
  const more = subnets.length > known.length ? ', …' : '';
  return `${address} is in no subnet (${known.join(', ')}${more}), and the machine will not be given it`;
}

/** Whether an address is in the network of an interface, which is served without a subnet too. */
function isBeside({ address, netmask }: OwnInterface, number: number): boolean {
  const prefix = 32 - Math.log2(2 ** 32 - addressNumber(netmask));
  return dotted(startOf(addressNumber(address), prefix)) === dotted(startOf(number, prefix));
}
