/** Network cards: Ethernet with hardware behind it, so no loopback, bridges, bonds, tunnels, or functions for guests. */
import { LIST_MAX, type NetworkInterface, plainMac } from './inventory.ts';
import type { Tree } from './tree.ts';

/** linux/if_arp.h */
const ARPHRD_ETHER = '1';
/** Kernel documentation, ABI/testing/sysfs-class-net, addr_assign_type. */
const MAC_FROM: Readonly<Record<string, NetworkInterface['macFrom']>> = {
  0: 'card',
  1: 'chance',
  2: 'other',
  3: 'set',
};
const PCI = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

export async function readInterfaces(tree: Tree): Promise<NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for (const name of await tree.names('sys/class/net')) {
    const card = await readInterface(tree, name);
    if (card !== undefined) found.push(card);
    if (found.length === LIST_MAX) break;
  }
  return found;
}

async function readInterface(tree: Tree, name: string): Promise<NetworkInterface | undefined> {
  const at = `sys/class/net/${name}`;
  // What has no device is made by the kernel; what has a `physfn` is a function that another card lends to guests.
  if (!(await tree.exists(`${at}/device`)) || (await tree.exists(`${at}/device/physfn`))) return undefined;
  if ((await tree.text(`${at}/type`)) !== ARPHRD_ETHER) return undefined;
  const mac = plainMac(await tree.text(`${at}/address`));
  if (mac === undefined) return undefined;
  const macFrom = MAC_FROM[(await tree.text(`${at}/addr_assign_type`)) ?? ''];
  const device = (await tree.real(`${at}/device`)) ?? '';
  const steps = device.split('/');
  const slot = steps.findLastIndex((step) => PCI.test(step));
  const usb = steps.some((step) => /^usb\d+$/.test(step));
  const ids = slot === -1 ? undefined : steps.slice(0, slot + 1).join('/');
  // A USB card's ids are those of the device, one above its interface; beyond a PCI card's there are only the bus's.
  const idsAt = usb ? steps.slice(0, -1).join('/') : ids;
  const [vendor, model] = usb ? ['idVendor', 'idProduct'] : ['vendor', 'device'];
  return {
    name,
    mac,
    permanentMac: macFrom === 'card' ? mac : plainMac(await tree.text(`${at}/bonding_slave/perm_hwaddr`)),
    macFrom,
    driver: await tree.linked(`${at}/device/driver`),
    // Reading it is an error while the interface is down.
    link: (await tree.text(`${at}/carrier`)) === '1' ? 'up' : 'down',
    speed: speedOf(await tree.number(`${at}/speed`)),
    bus: usb ? 'usb' : slot !== -1 ? 'pci' : await tree.linked(`${at}/device/subsystem`),
    pci: usb ? undefined : steps[slot],
    vendorId: idsAt === undefined ? undefined : idOf(await tree.text(`${idsAt}/${vendor}`)),
    deviceId: idsAt === undefined ? undefined : idOf(await tree.text(`${idsAt}/${model}`)),
  };
}

/** Drivers that do not know say -1, 0 or 2^32 - 1. */
function speedOf(speed: number | undefined): number | undefined {
  return speed !== undefined && speed > 0 && speed <= 100_000_000 ? speed : undefined;
}

function idOf(text: string | undefined): string | undefined {
  return /^(?:0x)?([0-9a-f]{4})$/.exec(text ?? '')?.[1];
}
