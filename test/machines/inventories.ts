/** Inventories of machines that do not exist. */
import type { Inventory, NetworkInterface } from '../../src/inventory/inventory.ts';

/** A network card with a MAC of its own. */
export function card(mac: string, name = 'eno1'): NetworkInterface {
  return { name, mac, permanentMac: mac, macFrom: 'card', link: 'up', speed: 10_000, bus: 'pci', driver: 'ixgbe' };
}

/** A server, with some parts replaced. */
export function anvil(parts: Partial<Inventory>): Inventory {
  const disk = { rotational: false, removable: false, logicalSector: 512, physicalSector: 4096 };
  return {
    architecture: 'amd64',
    kernel: '6.12.1',
    boot: 'c3a0f9d2-0000-4000-8000-00000000beef',
    cpu: { model: 'Hammer(R) 6130 CPU @ 2.10GHz', sockets: 2, cores: 32, threads: 64 },
    memory: { total: 256 * 2 ** 30, usable: 255 * 2 ** 30 },
    disks: [
      { name: 'nvme0n1', size: 1_600_321_314_816, model: 'Furnace PM1725', transport: 'nvme', ...disk },
      { name: 'sda', size: 480_103_981_056, model: 'Tongs SSD 860', transport: 'sata', ...disk },
      { name: 'sdb', size: 4_000_787_030_016, model: 'Slag ST4000', transport: 'sata', ...disk, rotational: true },
    ],
    interfaces: [card('9c:00:5e:00:00:01'), card('9c:00:5e:00:00:02', 'eno2')],
    firmware: { kind: 'uefi', secureBoot: 'on', vendor: 'Blacksmith', version: '2.1.7', date: '02/03/2024' },
    system: {
      uuid: '6f1c2a7e-3b5d-4c8e-9a10-b2c3d4e5f607',
      vendor: 'Blacksmith Inc.',
      product: 'Anvil 640',
      serial: 'ANV7K2Q',
      boardSerial: 'BRD99X31',
      chassisSerial: 'CHS4410Z',
    },
    virtual: false,
    rootOnly: [],
    ...parts,
  };
}
