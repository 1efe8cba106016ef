/** Trees of /sys and /proc of machines that do not exist. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';

/** What is in a file, or `{ to }`: a link to another path of the tree. */
export type Tree = Record<string, string | Buffer | { to: string }>;

/** Writes a tree to a temporary folder that anybody may read, and that goes when the test is over. */
export function grow(t: TestContext, tree: Tree): string {
  const root = mkdtempSync(join(tmpdir(), 'inventory-'));
  chmodSync(root, 0o755);
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(tree)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(at, content);
    else symlinkSync(relative(dirname(at), join(root, content.to)), at);
  }
  return root;
}

export const UUID = '6f1c2a7e-3b5d-4c8e-9a10-b2c3d4e5f607';

const DMI: Record<string, string> = {
  bios_vendor: 'Blacksmith Firmware',
  bios_version: '2.1.7',
  bios_date: '02/03/2024',
  sys_vendor: 'Blacksmith Inc.',
  product_name: 'Anvil 640',
  product_sku: 'SKU=0A1B;Model=Anvil 640',
  product_family: 'Anvil',
  product_serial: 'ANV7K2Q',
  product_uuid: UUID,
  board_serial: 'BRD99X31',
  board_asset_tag: 'Default string',
  chassis_serial: 'CHS4410Z',
  chassis_asset_tag: 'rack 12 / 7',
};

/** One SMBIOS structure (DSP0134, section 6.1.2): `fields` are bytes by their offset. */
export function structure(type: number, length: number, fields: Record<number, number[]>, strings: string[]): Buffer {
  const data = Buffer.alloc(length);
  data.set([type, length, 0, 0]);
  for (const [offset, bytes] of Object.entries(fields)) data.set(bytes, Number(offset));
  const end = strings.length === 0 ? '\0\0' : `${strings.join('\0')}\0\0`;
  return Buffer.concat([data, Buffer.from(end, 'latin1')]);
}

/** A memory device; `size` is the two bytes of its field, `extended` the MiB beside them. */
export function memoryDevice(size: number, serial: string, extended = 0, technology = 3): Buffer {
  const le = [extended & 0xff, (extended >> 8) & 0xff, (extended >> 16) & 0xff, (extended >> 24) & 0xff];
  const fields = { 12: [size & 0xff, size >> 8], 16: [1], 23: [2], 24: [3], 26: [4], 28: le, 40: [technology] };
  return structure(17, 0x54, fields, ['DIMM A1', 'Bellows', serial, 'BLW-32G ']);
}

export const TABLE = Buffer.concat([
  structure(4, 0x30, { 16: [1] }, ['Hammer 9000 ']),
  structure(17, 0x28, { 12: [0, 0] }, []),
  memoryDevice(0x7fff, 'MEM10001', 32_768),
  memoryDevice(0x4000, 'MEM10002'),
  memoryDevice(0x7fff, 'PMEM0001', 131_072, 7),
  structure(127, 4, {}, []),
]);

const NIC = 'sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0';
const HBA = 'sys/devices/pci0000:00/0000:00:17.0';
const USB = 'sys/devices/pci0000:00/0000:00:14.0/usb1/1-3';

function disk(name: string, device: string, files: Record<string, string | Buffer>): Tree {
  const folder = `${device}/block/${name}`;
  const tree: Tree = { [`sys/block/${name}`]: { to: folder }, [`${folder}/device`]: { to: device } };
  for (const [path, content] of Object.entries(files))
    tree[path.startsWith('device/') ? `${device}/${path.slice(7)}` : `${folder}/${path}`] = content;
  return tree;
}

function card(name: string, device: string, driver: string, files: Record<string, string>): Tree {
  const folder = `${device}/net/${name}`;
  const tree: Tree = {
    [`sys/class/net/${name}`]: { to: folder },
    [`${folder}/device`]: { to: device },
    [`${folder}/type`]: '1\n',
    [`sys/bus/any/drivers/${driver}/bind`]: '',
    [`${device}/driver`]: { to: `sys/bus/any/drivers/${driver}` },
  };
  for (const [path, content] of Object.entries(files)) tree[`${folder}/${path}`] = content;
  return tree;
}

function virtualCard(name: string): Tree {
  const folder = `sys/devices/virtual/net/${name}`;
  return {
    [`sys/class/net/${name}`]: { to: folder },
    [`${folder}/type`]: '1\n',
    [`${folder}/address`]: '02:42:00:00:00:01\n',
  };
}

function identify(model: string): Buffer {
  const page = Buffer.alloc(572);
  page.write(model.padEnd(40), 60 + 54, 'latin1');
  page.subarray(60 + 54, 60 + 94).swap16();
  return page;
}

function cpu(number: number, socket: number, threads: string): Tree {
  const topology = `sys/devices/system/cpu/cpu${number}/topology`;
  return { [`${topology}/physical_package_id`]: `${socket}\n`, [`${topology}/thread_siblings_list`]: `${threads}\n` };
}

/** A server with one of everything. */
export const SERVER: Tree = {
  'proc/cpuinfo': [0, 1, 2, 3]
    .map(
      (n) => `processor\t: ${n}\nmodel name\t: Hammer(R) 6130 CPU @ 2.10GHz\nphysical id\t: 0\nflags\t\t: fpu vmx\n\n`,
    )
    .join(''),
  'proc/meminfo': 'MemTotal:       49400000 kB\nMemFree:        1 kB\n',
  'proc/sys/kernel/arch': 'x86_64\n',
  'proc/sys/kernel/osrelease': '6.12.1-anvil\n',
  'proc/sys/kernel/random/boot_id': 'c3a0f9d2-0000-4000-8000-00000000beef\n',
  ...cpu(0, 0, '0,2'),
  ...cpu(1, 1, '1,3'),
  ...cpu(2, 0, '0,2'),
  ...cpu(3, 1, '1,3'),
  'sys/devices/system/cpu/cpufreq/x': '',
  'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': Buffer.from([6, 0, 0, 0, 1]),
  'sys/firmware/dmi/tables/DMI': TABLE,
  ...Object.fromEntries(Object.entries(DMI).map(([file, text]) => [`sys/class/dmi/id/${file}`, `${text}\n`])),
  ...disk('sda', `${HBA}/ata1/host0/target0:0:0/0:0:0:0`, {
    size: '1875385008\n',
    removable: '0\n',
    'queue/rotational': '0\n',
    'queue/logical_block_size': '512\n',
    'queue/physical_block_size': '4096\n',
    'device/vendor': 'ATA     \n',
    'device/model': 'Tongs SSD 860 EN\n',
    'device/wwid': 'naa.5002538e00000001\n',
    'device/vpd_pg80': Buffer.from('\0\x80\0\x0a  SN860001', 'latin1'),
    'device/vpd_pg89': identify('Tongs SSD 860 ENDURANCE 960GB'),
  }),
  ...disk('sdb', `${USB}/1-3:1.0/host1/target1:0:0/1:0:0:0`, {
    size: '60062500\n',
    removable: '1\n',
    'queue/rotational': '1\n',
    'queue/logical_block_size': '512\n',
    'queue/physical_block_size': '512\n',
    'device/vendor': 'Cinder \n',
    'device/model': 'Stick\n',
  }),
  ...disk('nvme0n1', 'sys/devices/pci0000:5d/0000:5d:02.0/nvme/nvme0', {
    size: '3125627568\n',
    wwid: 'eui.0025384100000001\n',
    'queue/rotational': '0\n',
    'queue/logical_block_size': '4096\n',
    'device/model': 'Furnace PM1725                          \n',
    'device/serial': 'S3NVME00001         \n',
  }),
  // An empty card reader, the disk of a RAID, a loop, and a path of a multipath disk.
  ...disk('sdc', `${USB}/1-3:1.1/host2/target2:0:0/2:0:0:0`, { size: '0\n' }),
  'sys/block/md0/size': '100\n',
  'sys/block/loop0/size': '100\n',
  'sys/block/nvme0c0n1/size': '100\n',
  ...card('eno1', NIC, 'ixgbe', {
    address: '9a:00:5e:00:00:0a\n',
    addr_assign_type: '3\n',
    'bonding_slave/perm_hwaddr': '9c:00:5e:00:00:01\n',
    carrier: '1\n',
    speed: '10000\n',
  }),
  [`${NIC}/vendor`]: '0x8086\n',
  [`${NIC}/device`]: '0x10fb\n',
  ...card('eno2', NIC.replace(/0$/, '1'), 'ixgbe', {
    address: '9C:00:5E:00:00:02\n',
    addr_assign_type: '0\n',
    speed: '-1\n',
  }),
  ...card('enx0', `${USB}/1-3:1.2`, 'cdc_ether', { address: 'be:3a:f2:b6:05:9f\n', addr_assign_type: '0\n' }),
  [`${USB}/idVendor`]: '046b\n',
  [`${USB}/idProduct`]: 'ffb0\n',
  // A function for guests, InfiniBand, and what the kernel makes.
  ...card('eno1v0', 'sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:10.0', 'ixgbevf', { address: '9e:00:5e:00:00:01\n' }),
  'sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:10.0/physfn': { to: NIC },
  ...card('ib0', 'sys/devices/pci0000:80/0000:80:00.0', 'mlx5_core', { address: '80:00:00:00:00:01\n' }),
  ...virtualCard('docker0'),
  ...virtualCard('bond0'),
  'sys/class/net/bonding_masters': 'bond0\n',
  'dev/ipmi0': '',
};
// Infiniband's type of linux/if_arp.h.
SERVER['sys/devices/pci0000:80/0000:80:00.0/net/ib0/type'] = '32\n';
