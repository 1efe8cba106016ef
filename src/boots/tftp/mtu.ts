/** The MTU of the link an address is on. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

const ETHERNET_MTU = 1500;

/** MTU in bytes of the interface that owns `address`; Ethernet's where none does (such as 0.0.0.0) or it can not be read. */
export function mtuOf(address: string): number {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (!addresses?.some((own) => own.address === address)) continue;
    try {
      const mtu = Number(readFileSync(`/sys/class/net/${name.replace(/:.*$/, '')}/mtu`, 'latin1'));
      return mtu > 0 ? mtu : ETHERNET_MTU;
    } catch {
      return ETHERNET_MTU;
    }
  }
  return ETHERNET_MTU;
}
