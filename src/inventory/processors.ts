/** Processors and memory. */
import type { Inventory, MemoryModule } from './inventory.ts';
import { plainText } from './inventory.ts';
import type { Tree } from './tree.ts';

const CPUS = 'sys/devices/system/cpu';
const BLOCKS = 'sys/devices/system/memory';

/** @param named how SMBIOS calls the processor, for architectures whose /proc/cpuinfo has no name */
export async function readProcessors(tree: Tree, named: string | undefined): Promise<Inventory['cpu']> {
  const info = (await tree.raw('proc/cpuinfo')) ?? '';
  const blocks = info.split(/\n\s*\n/).map(fieldsOf);
  const ofX86 = blocks.find((fields) => fields.has('model name'))?.get('model name');
  const counts = (await fromTopology(tree)) ?? fromCpuinfo(blocks);
  return { model: plainText(ofX86) ?? named ?? armName(blocks), ...counts };
}

function fieldsOf(block: string): Map<string, string> {
  const lines = block.split('\n').map((line) => line.split(/\s*:\s*/, 2));
  return new Map(lines.map(([key = '', value = '']) => [key.trim(), value.trim()]));
}

type Counts = Pick<Inventory['cpu'], 'sockets' | 'cores' | 'threads'>;

/** What the kernel knows of those that are online; undefined: nothing. */
async function fromTopology(tree: Tree): Promise<Counts | undefined> {
  const names = (await tree.names(CPUS)).filter((name) => /^cpu\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => ({
      socket: await tree.text(`${CPUS}/${name}/topology/physical_package_id`),
      // Threads of one core have the same list. `core_id` alone is unique in its die only.
      core: await tree.text(`${CPUS}/${name}/topology/thread_siblings_list`),
    })),
  );
  const online = found.filter(({ core }) => core !== undefined);
  return online.length === 0 ? undefined : countsOf(online);
}

function fromCpuinfo(blocks: Map<string, string>[]): Counts {
  const found = blocks
    .filter((fields) => fields.has('processor'))
    .map((fields) => ({
      socket: fields.get('physical id'),
      core: `${fields.get('physical id')}:${fields.get('core id') ?? fields.get('processor')}`,
    }));
  return countsOf(found);
}

function countsOf(threads: { socket: string | undefined; core: string | undefined }[]): Counts {
  return {
    sockets: new Set(threads.map(({ socket }) => socket)).size,
    cores: new Set(threads.map(({ core }) => core)).size,
    threads: threads.length,
  };
}

/** The numbers by which ARM's makers tell their cores apart. */
function armName(blocks: Map<string, string>[]): string | undefined {
  const arm = blocks.find((fields) => fields.has('CPU implementer'));
  return arm && plainText(`ARM ${arm.get('CPU implementer')} ${arm.get('CPU part') ?? ''}`);
}

/** @param modules undefined: not known */
export async function readMemory(tree: Tree, modules: MemoryModule[] | undefined): Promise<Inventory['memory']> {
  const info = (await tree.raw('proc/meminfo')) ?? '';
  const usable = Number(/^MemTotal:\s+(\d{1,12}) kB$/m.exec(info)?.[1] ?? 0) * 1024;
  const inSlots = modules?.reduce((sum, { size }) => sum + size, 0) ?? 0;
  return { total: Math.max(usable, inSlots > 0 ? inSlots : await inBlocks(tree)), usable, modules };
}

/** Memory by the kernel's blocks, which count what it keeps to itself too (kernel documentation, memory-hotplug.rst). */
async function inBlocks(tree: Tree): Promise<number> {
  const size = Number.parseInt((await tree.text(`${BLOCKS}/block_size_bytes`)) ?? '', 16);
  const blocks = (await tree.names(BLOCKS)).filter((name) => /^memory\d+$/.test(name)).length;
  return Number.isSafeInteger(size * blocks) ? size * blocks : 0;
}
