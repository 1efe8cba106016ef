/** `tinsmith inventory`: what the machine is made of that it is called on. */
import type { Disk, Inventory, NetworkInterface } from '../inventory/inventory.ts';
import { command } from './command.ts';
import { outputFlag, table, writeJson } from './output.ts';
import { formatBytes } from './timeline-output.ts';

export const inventory = command({
  usage: 'inventory',
  summary: 'Show what this machine is made of, as workers tell the appliance',
  examples: [
    ['inventory', 'Processors, memory, disks, network cards and firmware in a table'],
    ['inventory -o json', 'All that is known, for scripts; root reads serial numbers too'],
  ],
  flags: (yargs) => outputFlag(yargs),
  async run(args, terminal) {
    const { readInventory } = await import('../inventory/read.ts');
    const found = await readInventory();
    if (args.output === 'json') return writeJson(terminal, found);
    const { isJunk } = await import('../inventory/junk.ts');
    terminal.stdout.write(`${table(['Part', 'What'], rowsOf(found, isJunk))}\n`);
    if (found.rootOnly.length > 0)
      terminal.stdout.write(`Only root may read: ${found.rootOnly.join(', ')}. Run it as root to see them.\n`);
  },
});

/**
 * The inventory for people: a row for each part, the details of one separated by commas.
 * @param isJunk which serial numbers and names are left out
 */
export function rowsOf(found: Inventory, isJunk: (value: string) => boolean): [part: string, what: string][] {
  const { system, cpu, memory, firmware, bmc, cloud } = found;
  const real = (value: string | undefined): string | undefined =>
    value === undefined || isJunk(value) ? undefined : value;
  const labelled = (label: string, value: string | undefined): string | undefined =>
    real(value) === undefined ? undefined : `${label} ${value}`;
  const rows: [string, (string | undefined)[]][] = [
    [
      'System',
      [
        [real(system.vendor), real(system.product)].filter(Boolean).join(' '),
        labelled('serial number', system.serial),
        labelled('asset tag', system.assetTag),
        labelled('UUID', system.uuid),
      ],
    ],
    [
      'CPU',
      [
        cpu.model,
        counted(cpu.sockets, 'socket'),
        counted(cpu.cores, 'core'),
        counted(cpu.threads, 'thread'),
        found.architecture,
      ],
    ],
    ['Memory', [binary(memory.total), memory.modules && modulesOf(memory.modules)]],
    ...found.disks.map((disk): [string, (string | undefined)[]] => [`Disk ${disk.name}`, diskOf(disk)]),
    ...found.interfaces.map((card): [string, (string | undefined)[]] => [`Network ${card.name}`, cardOf(card)]),
    [
      'Firmware',
      [
        firmware.kind === 'uefi' ? `UEFI, Secure Boot ${firmware.secureBoot}` : 'BIOS',
        [real(firmware.vendor), real(firmware.version)].filter(Boolean).join(' '),
        firmware.date,
      ],
    ],
    ['BMC', bmc ? [bmc.address, bmc.mac] : []],
    ['Hypervisor', found.virtual ? [found.hypervisor] : []],
    ['Cloud', cloud ? [cloud.name, cloud.instance] : []],
    ['Kernel', [found.kernel]],
  ];
  return rows
    .map(([part, what]): [string, string] => [part, what.filter(Boolean).join(', ')])
    .filter(([, what]) => what !== '');
}

function diskOf({ size, model, serial, transport, rotational, removable }: Disk): (string | undefined)[] {
  // A virtual disk, or a stick, is called rotational by default.
  const turns = transport === 'sata' || transport === 'scsi' ? (rotational ? 'rotating' : 'SSD') : undefined;
  return [
    formatBytes(size),
    transport,
    turns,
    removable ? 'removable' : undefined,
    model,
    serial && `serial number ${serial}`,
  ];
}

function cardOf({ mac, permanentMac, link, speed, driver, pci }: NetworkInterface): (string | undefined)[] {
  const own = permanentMac !== undefined && permanentMac !== mac ? `its own ${permanentMac}` : undefined;
  return [mac, own, link, speed === undefined ? undefined : `${speed} Mb/s`, driver, pci && `PCI ${pci}`];
}

/** `8 × 32 GiB`, for each size. */
function modulesOf(modules: NonNullable<Inventory['memory']['modules']>): string {
  const sizes = Map.groupBy(modules, ({ size }) => size);
  return [...sizes].map(([size, { length }]) => `${length} × ${binary(size)}`).join(' + ');
}

function counted(count: number, noun: string): string | undefined {
  return count === 0 ? undefined : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** As memory is sold: `16 GiB`. */
function binary(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
