/** Networks by their first and last address. */
import { addressNumber } from '../../addresses.ts';

/** The first and the last address of a network. */
export function endsOf(address: string, prefix: number): { first: number; last: number } {
  const hosts = 2 ** (32 - prefix);
  const first = Math.floor(addressNumber(address) / hosts) * hosts;
  return { first, last: first + hosts - 1 };
}

const ENDS = new WeakMap<{ address: string; prefix: number }, { first: number; last: number }>();

/** Whether an address lies in a network. */
export function isWithin(address: string, network: Readonly<{ address: string; prefix: number }>): boolean {
  let ends = ENDS.get(network);
  if (ends === undefined) {
    ends = endsOf(network.address, network.prefix);
    ENDS.set(network, ends);
  }
  const { first, last } = ends;
  const number = addressNumber(address);
  return number >= first && number <= last;
}
