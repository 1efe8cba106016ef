/** Reads what a machine is made of, on the machine itself. */
import os from 'node:os';
import { type Run, readBmc, runHere } from './bmc.ts';
import { readDisks } from './disks.ts';
import { readInterfaces } from './interfaces.ts';
import { type Inventory, plainText } from './inventory.ts';
import { readMemory, readProcessors } from './processors.ts';
import { memoryModules, processorName } from './smbios.ts';
import { readCloud, readFirmware, readSystem, readVirtual } from './system.ts';
import { Tree } from './tree.ts';

/** `uname -m` in Go's words (GOARCH), which Digital Rebar and container images have too. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  i686: '386',
  i386: '386',
  aarch64: 'arm64',
  armv6l: 'arm',
  armv7l: 'arm',
  armv8l: 'arm',
  loongarch64: 'loong64',
};

/**
 * The inventory of the machine. Parts that are not there, or cannot be read, are absent; never throws for want of them.
 * As a normal user, what only root may read is absent and named in `rootOnly`.
 * @param options.root where /sys, /proc, /dev and /run are
 */
export async function readInventory({
  root = '/',
  run = runHere,
}: {
  root?: string;
  run?: Run;
} = {}): Promise<Inventory> {
  const tree = new Tree(root);
  const table = await tree.bytes('sys/firmware/dmi/tables/DMI', 'memory.modules');
  const system = await readSystem(tree);
  const { bmc, denied } = await readBmc(tree, run);
  // `arch` is there since Linux 6.1.
  const machine = (await tree.text('proc/sys/kernel/arch')) ?? os.machine();
  const read: Inventory = {
    architecture: ARCHITECTURES[machine] ?? plainText(machine) ?? 'unknown',
    kernel: (await tree.text('proc/sys/kernel/osrelease')) ?? 'unknown',
    boot: (await tree.text('proc/sys/kernel/random/boot_id')) ?? 'unknown',
    cpu: await readProcessors(tree, table && processorName(table)),
    memory: await readMemory(tree, table && memoryModules(table)),
    disks: await readDisks(tree),
    interfaces: await readInterfaces(tree),
    firmware: await readFirmware(tree),
    system,
    bmc,
    ...(await readVirtual(tree, system)),
    cloud: await readCloud(tree, system),
    rootOnly: [...tree.denied, ...(denied ? ['bmc'] : [])],
  };
  // What is absent has no key, here as where it was sent to.
  return JSON.parse(JSON.stringify(read)) as Inventory;
}
