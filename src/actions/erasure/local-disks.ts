/** The disks of a machine, from what the inventory reads of them. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readDisks } from '../../inventory/disks.ts';
import type { Disk as Known } from '../../inventory/inventory.ts';
import { Tree } from '../../inventory/tree.ts';
import type { Host } from '../action.ts';

export type { Known };

/** All disks, by the kernel's names. */
export async function knownDisks({ sys }: Host): Promise<Map<string, Known>> {
  return new Map((await readDisks(new Tree(dirname(sys)))).map((disk) => [disk.name, disk]));
}

/** Of these the machine's own: not removable, and not on another computer. */
export async function localDisks(known: ReadonlyMap<string, Known>, host: Host): Promise<string[]> {
  const own: string[] = [];
  for (const { name, removable } of known.values()) {
    if (!removable && !(await isRemote(name, host))) own.push(`/dev/${name}`);
  }
  return own;
}

/** iSCSI, Fibre Channel, and NVMe over a network. */
async function isRemote(name: string, { sys }: Host): Promise<boolean> {
  const device = join(sys, 'block', name, 'device');
  const path = await realpath(device).catch(() => '');
  if (/\/(?:session\d+|rport-[\d:-]+)\//.test(path)) return true;
  const transport = (await readFile(join(device, 'transport'), 'utf8').catch(() => '')).trim();
  return name.startsWith('nvme') && transport !== '' && transport !== 'pcie';
}
