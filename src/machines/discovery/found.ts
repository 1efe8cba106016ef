/** The hardware data of a machine that was found, made of its inventory. Pure. */

import type { z } from 'zod';
import type { Inventory } from '../../inventory/inventory.ts';
import { isJunk } from '../../inventory/junk.ts';
import type { hardware } from '../hardware.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';

/** Interfaces that hardware data may have. */
const INTERFACES_MAX = 64;
/** Tinkerbell's words for architectures. */
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/** MAC addresses of a machine's cards as its firmware has them, that which it was booted with first. */
export function macsOf(inventory: Inventory, booted: string): string[] {
  const lasting = new Set(fingerprintOf(inventory).macs);
  const own = inventory.interfaces.map(({ mac, permanentMac }) => permanentMac ?? mac);
  return [...new Set([booted, ...own.filter((mac) => lasting.has(mac))])].slice(0, INTERFACES_MAX);
}

/** The machine's own UUID, where it tells anything. */
export function ownId({ system: { uuid = '' } }: Inventory): string | undefined {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid);
  return isUuid && !isJunk(uuid) ? uuid : undefined;
}

/** The name of a machine that no rule names, as Digital Rebar gives it. */
export function nameOfMac(mac: string): string {
  return `d${mac.replaceAll(':', '')}`;
}

/** Hardware data as they would have been pushed. */
export function hardwareOf(
  { architecture, firmware, interfaces }: Inventory,
  { id, name, macs }: { id: string; name: string; macs: readonly string[] },
): z.input<typeof hardware> {
  const nameOf = (mac: string): string | undefined =>
    interfaces.find((each) => each.permanentMac === mac || each.mac === mac)?.name;
  const known = { arch: ARCHITECTURES[architecture] ?? architecture, uefi: firmware.kind === 'uefi' };
  return {
    id,
    network: {
      interfaces: macs.map((mac, i) => ({
        dhcp: { mac, ...(i === 0 ? { hostname: name } : {}), ...known, iface_name: nameOf(mac) },
        netboot: { allow_pxe: true, allow_workflow: true },
      })),
    },
  };
}
