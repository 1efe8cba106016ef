import { addressNumber } from '../../addresses.ts';
import type { Network } from '../dhcp/network.ts';

/** What is kept of an address that was given to a client. */
export interface Lease {
  /** Dotted IPv4. */
  address: string;
  /** Lower case with colons. Clients are told apart by it alone: see `respond`. */
  mac: string;
  /** Name of the network it was given in. */
  network: string;
  /** ms since 1970; the start is that of the first time this client was given it without a break. */
  start: number;
  /** When the client was last told that it has it. */
  renewed: number;
  /** `FOR_EVER`: never. */
  end: number;
  /** Host name that the client gave itself (option 12). */
  hostname: string | undefined;
  /** The client has given it back. It gets the same again, as long as nobody else had it. */
  isReleased: boolean;
}

/** An end that never comes; a time that JSON can hold. */
export const FOR_EVER = 8.64e15;
/** Lease time of option 51 that never ends (RFC 2131 section 3.3), s. */
export const FOR_EVER_SECONDS = 0xffffffff;

/** Leases of a network that it does not give any more, as it is now. @param network undefined: it is gone */
export function abandoned(leases: Iterable<Lease>, name: string, network: Network | undefined, now: number): Lease[] {
  const ranges = network?.mode === 'pool' ? network.ranges : [];
  const isGiven = (address: number): boolean =>
    ranges.some(({ first, last }) => address >= addressNumber(first) && address <= addressNumber(last));
  return [...leases].filter(
    (lease) => lease.network === name && isActive(lease, now) && !isGiven(addressNumber(lease.address)),
  );
}

/** When a lease of so many seconds ends. */
export function endAfter(now: number, seconds: number): number {
  return seconds >= FOR_EVER_SECONDS ? FOR_EVER : now + seconds * 1000;
}

/** Whether a client has an address now. */
export function isActive(lease: Lease, now: number): boolean {
  return !lease.isReleased && lease.end > now;
}
