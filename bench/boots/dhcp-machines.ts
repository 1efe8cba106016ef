/** The machines of the DHCP benchmark, the same for every server: each has a reservation and boots over PXE. */
import { FULL } from '../../test/machines/examples.ts';

/** A hall of machines. dnsmasq looks through the whole list for each packet, so its figures depend on this. */
export const MACHINES = 1000;

/** perfdhcp's clients have this MAC address and those after it. */
export const FIRST_MAC = '02:0c:01:00:00:00';

/** RFC 2544: addresses for benchmarks. */
export const SERVER_ADDRESS = '198.18.0.1';
export const CLIENT_ADDRESS = '198.18.0.2';
export const NETMASK = '255.255.0.0';
export const PREFIX = 16;

export function macOf(index: number): string {
  return `02:0c:01:00:${hex(index >> 8)}:${hex(index & 255)}`;
}

export function addressOf(index: number): string {
  return `198.18.${4 + (index >> 8)}.${index & 255}`;
}

/** Hardware data as it is pushed to our store, as long as that of real machines. */
export function hardwareOf(index: number): unknown {
  return {
    id: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    metadata: FULL.metadata,
    network: {
      interfaces: [
        {
          dhcp: { mac: macOf(index), hostname: `node${index}`, ip: { address: addressOf(index), netmask: NETMASK } },
          netboot: { allow_pxe: true, ipxe: { url: 'http://198.18.0.1/own.ipxe' } },
        },
      ],
    },
  };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
