/** What firmware says of itself and of the machine. */
import { type Inventory, plainText } from './inventory.ts';
import type { Tree } from './tree.ts';

const DMI = 'sys/class/dmi/id';
const DEVICE_TREE = 'proc/device-tree';
const EFI = 'sys/firmware/efi';
/** UEFI specification, section 3.3: the variable, and the GUID of those that the specification defines. */
const SECURE_BOOT = `${EFI}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;

/** The machine by SMBIOS, or by its device tree where it has no SMBIOS. */
export async function readSystem(tree: Tree): Promise<Inventory['system']> {
  const dmi = (file: string, field: string): Promise<string | undefined> =>
    tree.text(`${DMI}/${file}`, `system.${field}`);
  const ofTree = async (file: string): Promise<string | undefined> => tree.text(`${DEVICE_TREE}/${file}`);
  return {
    uuid: (await dmi('product_uuid', 'uuid'))?.toLowerCase(),
    vendor: await dmi('sys_vendor', 'vendor'),
    product: (await dmi('product_name', 'product')) ?? (await ofTree('model')),
    sku: await dmi('product_sku', 'sku'),
    family: await dmi('product_family', 'family'),
    serial: (await dmi('product_serial', 'serial')) ?? (await ofTree('serial-number')),
    boardSerial: await dmi('board_serial', 'boardSerial'),
    chassisSerial: await dmi('chassis_serial', 'chassisSerial'),
    assetTag: await dmi('chassis_asset_tag', 'assetTag'),
  };
}

export async function readFirmware(tree: Tree): Promise<Inventory['firmware']> {
  const kind = (await tree.exists(EFI)) ? 'uefi' : 'bios';
  return {
    kind,
    secureBoot: kind === 'bios' ? 'off' : await secureBoot(tree),
    vendor: await tree.text(`${DMI}/bios_vendor`),
    version: await tree.text(`${DMI}/bios_version`),
    date: await tree.text(`${DMI}/bios_date`),
  };
}

/** Kernel documentation, filesystems/efivarfs.rst: four bytes of attributes, then the value. */
async function secureBoot(tree: Tree): Promise<Inventory['firmware']['secureBoot']> {
  const variable = await tree.bytes(SECURE_BOOT);
  if (variable?.length !== 5) return 'unknown';
  return variable.readUInt8(4) === 1 ? 'on' : 'off';
}

/** How hypervisors name the machines that they make up, by vendor and product. */
const HYPERVISORS: readonly [name: string, known: RegExp][] = [
  ['kvm', /^(?:QEMU|Bochs|Red Hat .*KVM|KVM|oVirt|OpenStack|DigitalOcean|Hetzner .*vServer|Google .*Compute Engine)/i],
  ['vmware', /^VMware/i],
  ['hyperv', /^Microsoft Corporation .*Virtual/i],
  ['virtualbox', /^(?:innotek|Oracle .*VirtualBox)/i],
  ['xen', /^Xen/i],
  ['parallels', /^Parallels/i],
  ['bhyve', /^(?:FreeBSD )?BHYVE/i],
  ['nutanix', /^Nutanix .*AHV/i],
  ['apple', /^Apple .*Virtual/i],
  // Its machines without a hypervisor are of a type such as `c5.metal`.
  ['nitro', /^Amazon EC2 (?!.*metal)/i],
];

/** Whether the machine is one of a hypervisor's: its processor says so (x86 only), or its name does. */
export async function readVirtual(
  tree: Tree,
  { vendor = '', product = '' }: Inventory['system'],
): Promise<Pick<Inventory, 'virtual' | 'hypervisor'>> {
  const flagged = /^flags\s*:.*\bhypervisor\b/m.test((await tree.raw('proc/cpuinfo')) ?? '');
  const named = HYPERVISORS.find(([, known]) => known.test(`${vendor} ${product}`))?.[0];
  if (!flagged && named === undefined) return { virtual: false };
  return { virtual: true, hypervisor: named ?? (await tree.text('sys/hypervisor/type')) ?? 'unknown' };
}

/** Names under which cloud-init goes by files that people wrote: their instance ids are often the same for many machines. */
const NO_CLOUD = new Set(['none', 'unknown', 'nocloud', 'fallback']);

/** The id that a cloud gave the machine, where local files tell it: cloud-init's, or EC2's name of the board. */
export async function readCloud(
  tree: Tree,
  { vendor }: Inventory['system'],
): Promise<Pick<Inventory, 'cloud'>['cloud']> {
  const told = cloudInit((await tree.raw('run/cloud-init/instance-data.json')) ?? '');
  if (told !== undefined) return told;
  const tag = await tree.text(`${DMI}/board_asset_tag`);
  return vendor === 'Amazon EC2' && tag !== undefined && /^i-[0-9a-f]{8,32}$/.test(tag)
    ? { name: 'aws', instance: tag }
    : undefined;
}

function cloudInit(json: string): Inventory['cloud'] {
  try {
    const { v1 } = JSON.parse(json) as { v1?: Record<string, unknown> };
    const [name, instance] = [v1?.cloud_name, v1?.instance_id].map((value) =>
      typeof value === 'string' ? plainText(value) : undefined,
    );
    if (name === undefined || instance === undefined || NO_CLOUD.has(name.toLowerCase())) return undefined;
    return { name, instance };
  } catch {
    return undefined;
  }
}
