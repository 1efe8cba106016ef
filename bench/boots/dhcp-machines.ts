/** The machines of the DHCP load: each boots over PXE. */
import { FULL } from '../../test/machines/examples.ts';
import { NETMASK, SERVER_ADDRESS } from './field.ts';

/** More than any server begins in one measurement. */
export const MACHINES = 10_000;

/** perfdhcp's clients have this MAC address and those after it. */
export const FIRST_MAC = '02:0c:01:00:00:00';

/** Hardware data as it is pushed to our store, as long as that of real machines. */
export function hardwareOf(index: number): unknown {
  return {
    id: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    metadata: FULL.metadata,
    network: {
      interfaces: [
        {
          dhcp: { mac: macOf(index), hostname: `node${index}`, ip: { address: addressOf(index), netmask: NETMASK } },
          netboot: { allow_pxe: true, ipxe: { url: `http://${SERVER_ADDRESS}/own.ipxe` } },
        },
      ],
    },
  };
}

function macOf(index: number): string {
  return `02:0c:01:00:${hex(index >> 8)}:${hex(index & 255)}`;
}

function addressOf(index: number): string {
  return `198.18.${4 + (index >> 8)}.${index & 255}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
