/** What is read of made-up machines, and of this one. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inventory } from '../../src/inventory/inventory.ts';
import { readInventory } from '../../src/inventory/read.ts';
import { grow, SERVER, type Tree, UUID } from './made-up.ts';

const LAN = `Set in Progress         : Set Complete
IP Address Source       : Static Address
IP Address              : 10.9.8.7
Subnet Mask             : 255.255.255.0
MAC Address             : 9C:00:5E:00:00:99
`;
const without = (tree: Tree, ...paths: string[]): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !paths.some((each) => path.startsWith(each))));
const nothing = async (): Promise<undefined> => undefined;

describe('the inventory of a server', () => {
  it('has its parts, as the server takes it', async (t) => {
    const asked: string[] = [];
    const found = await readInventory({
      root: grow(t, SERVER),
      run: async (program, args) => {
        asked.push([program, ...args].join(' '));
        return args.at(-1) === '2' ? LAN : undefined;
      },
    });
    assert.deepEqual(inventory.parse(found), found);
    assert.deepEqual(asked, ['ipmitool lan print 1', 'ipmitool lan print 2']);
    assert.deepEqual(found, {
      architecture: 'amd64',
      kernel: '6.12.1-anvil',
      boot: 'c3a0f9d2-0000-4000-8000-00000000beef',
      cpu: { model: 'Hammer(R) 6130 CPU @ 2.10GHz', sockets: 2, cores: 2, threads: 4 },
      memory: {
        total: 48 * 2 ** 30,
        usable: 49_400_000 * 1024,
        modules: [
          { locator: 'DIMM A1', size: 32 * 2 ** 30, manufacturer: 'Bellows', part: 'BLW-32G', serial: 'MEM10001' },
          { locator: 'DIMM A1', size: 16 * 2 ** 30, manufacturer: 'Bellows', part: 'BLW-32G', serial: 'MEM10002' },
        ],
      },
      disks: [
        {
          name: 'nvme0n1',
          size: 3_125_627_568 * 512,
          model: 'Furnace PM1725',
          serial: 'S3NVME00001',
          wwn: 'eui.0025384100000001',
          rotational: false,
          transport: 'nvme',
          removable: false,
          logicalSector: 4096,
          physicalSector: 4096,
        },
        {
          name: 'sda',
          size: 1_875_385_008 * 512,
          model: 'Tongs SSD 860 ENDURANCE 960GB',
          serial: 'SN860001',
          wwn: 'naa.5002538e00000001',
          rotational: false,
          transport: 'sata',
          removable: false,
          logicalSector: 512,
          physicalSector: 4096,
        },
        {
          name: 'sdb',
          size: 60_062_500 * 512,
          model: 'Cinder Stick',
          rotational: true,
          transport: 'usb',
          removable: true,
          logicalSector: 512,
          physicalSector: 512,
        },
      ],
      interfaces: [
        {
          name: 'eno1',
          mac: '9a:00:5e:00:00:0a',
          permanentMac: '9c:00:5e:00:00:01',
          macFrom: 'set',
          driver: 'ixgbe',
          link: 'up',
          speed: 10_000,
          bus: 'pci',
          pci: '0000:3b:00.0',
          vendorId: '8086',
          deviceId: '10fb',
        },
        {
          name: 'eno2',
          mac: '9c:00:5e:00:00:02',
          permanentMac: '9c:00:5e:00:00:02',
          macFrom: 'card',
          driver: 'ixgbe',
          link: 'down',
          bus: 'pci',
          pci: '0000:3b:00.1',
        },
        {
          name: 'enx0',
          mac: 'be:3a:f2:b6:05:9f',
          permanentMac: 'be:3a:f2:b6:05:9f',
          macFrom: 'card',
          driver: 'cdc_ether',
          link: 'down',
          bus: 'usb',
          vendorId: '046b',
          deviceId: 'ffb0',
        },
      ],
      firmware: { kind: 'uefi', secureBoot: 'on', vendor: 'Blacksmith Firmware', version: '2.1.7', date: '02/03/2024' },
      system: {
        uuid: UUID,
        vendor: 'Blacksmith Inc.',
        product: 'Anvil 640',
        sku: 'SKU=0A1B;Model=Anvil 640',
        family: 'Anvil',
        serial: 'ANV7K2Q',
        boardSerial: 'BRD99X31',
        chassisSerial: 'CHS4410Z',
        assetTag: 'rack 12 / 7',
      },
      bmc: { address: '10.9.8.7', mac: '9c:00:5e:00:00:99' },
      virtual: false,
      rootOnly: [],
    });
  });

  it('as a normal user lacks what only root may read, and names it', {
    skip: process.getuid?.() === 0 ? false : 'only root can become somebody else',
  }, async (t) => {
    const root = grow(t, SERVER);
    for (const file of ['product_uuid', 'product_serial', 'board_serial', 'chassis_serial'])
      chmodSync(join(root, 'sys/class/dmi/id', file), 0o400);
    chmodSync(join(root, 'sys/firmware/dmi/tables/DMI'), 0o400);
    chmodSync(join(root, 'dev/ipmi0'), 0o600);
    process.seteuid?.(65_534);
    const found = await readInventory({ root, run: async () => assert.fail('ipmitool was run') }).finally(() =>
      process.seteuid?.(0),
    );
    assert.deepEqual(found.rootOnly, [
      ...['memory.modules', 'system.boardSerial', 'system.chassisSerial', 'system.serial', 'system.uuid', 'bmc'],
    ]);
    assert.deepEqual(Object.keys(found.system), ['vendor', 'product', 'sku', 'family', 'assetTag']);
    assert.equal(found.memory.modules, undefined);
    assert.equal(found.disks.length, 3);
  });

  it('tells Secure Boot that is off, that nobody can tell, and firmware without it', async (t) => {
    const variable = 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
    const of = async (tree: Tree): Promise<unknown> => {
      const { firmware } = await readInventory({ root: grow(t, tree), run: nothing });
      return [firmware.kind, firmware.secureBoot];
    };
    assert.deepEqual(await of({ ...SERVER, [variable]: Buffer.from([6, 0, 0, 0, 0]) }), ['uefi', 'off']);
    assert.deepEqual(await of({ ...SERVER, [variable]: Buffer.from([6, 0]) }), ['uefi', 'unknown']);
    assert.deepEqual(await of({ 'sys/firmware/efi/runtime': '' }), ['uefi', 'unknown']);
    assert.deepEqual(await of(without(SERVER, 'sys/firmware/efi')), ['bios', 'off']);
  });

  it('counts memory by the kernel’s blocks where it cannot see the modules', async (t) => {
    const blocks = Object.fromEntries([0, 1, 9].map((n) => [`sys/devices/system/memory/memory${n}/state`, 'online\n']));
    const tree = { ...SERVER, ...blocks, 'sys/devices/system/memory/block_size_bytes': '400000000\n' };
    const { memory } = await readInventory({ root: grow(t, without(tree, 'sys/firmware/dmi')), run: nothing });
    assert.deepEqual(memory, { total: 48 * 2 ** 30, usable: 49_400_000 * 1024 });
  });
});

describe('a machine of another kind', () => {
  const of = (t: Parameters<typeof grow>[0], tree: Tree) => readInventory({ root: grow(t, tree), run: nothing });

  it('on a hypervisor is known by its processor’s flag or its name', async (t) => {
    const dmi = (vendor: string, product: string): Tree => ({
      'sys/class/dmi/id/sys_vendor': vendor,
      'sys/class/dmi/id/product_name': product,
    });
    const kind = async (tree: Tree): Promise<unknown> => {
      const { virtual, hypervisor } = await of(t, tree);
      return virtual ? hypervisor : false;
    };
    const flagged = { 'proc/cpuinfo': 'processor : 0\nflags : fpu hypervisor lm\n' };
    assert.equal(await kind(flagged), 'unknown');
    assert.equal(await kind({ ...flagged, 'sys/hypervisor/type': 'xen\n' }), 'xen');
    assert.equal(await kind({ 'proc/cpuinfo': 'flags : fpu hypervisors\n' }), false);
    for (const [vendor, product, expected] of [
      ['QEMU', 'Standard PC (Q35 + ICH9, 2009)', 'kvm'],
      ['VMware, Inc.', 'VMware7,1', 'vmware'],
      ['Microsoft Corporation', 'Virtual Machine', 'hyperv'],
      ['Microsoft Corporation', 'Surface Pro', false],
      ['innotek GmbH', 'VirtualBox', 'virtualbox'],
      ['Amazon EC2', 'm6g.large', 'nitro'],
      ['Amazon EC2', 'm6g.metal', false],
      ['Google', 'Google Compute Engine', 'kvm'],
      ['Google', 'Chromebox', false],
      ['Blacksmith Inc.', 'Anvil 640', false],
    ] as const)
      assert.equal(await kind(dmi(vendor, product)), expected, `${vendor} ${product}`);
  });

  it('of a cloud has its id where files tell it, but not one that people wrote', async (t) => {
    const told = (name: unknown, instance: unknown): Tree => ({
      'run/cloud-init/instance-data.json': JSON.stringify({ v1: { cloud_name: name, instance_id: instance } }),
    });
    assert.deepEqual((await of(t, told('openstack', 'i-1'))).cloud, { name: 'openstack', instance: 'i-1' });
    for (const tree of [
      told('nocloud', 'iid-local01'),
      told('aws', 7),
      { 'run/cloud-init/instance-data.json': '{' },
      { 'run/cloud-init/instance-data.json': 'null' },
    ])
      assert.equal((await of(t, tree)).cloud, undefined);
    const ec2: Tree = {
      'sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
      'sys/class/dmi/id/board_asset_tag': 'i-0123456789abcdef0\n',
    };
    assert.deepEqual((await of(t, ec2)).cloud, { name: 'aws', instance: 'i-0123456789abcdef0' });
  });

  it('of ARM without SMBIOS is named by its device tree', async (t) => {
    const { architecture, cpu, system } = await of(t, {
      'proc/sys/kernel/arch': 'aarch64\n',
      'proc/cpuinfo': 'processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\nprocessor\t: 1\n',
      'proc/device-tree/model': 'Bellows Pi 4\0',
      'proc/device-tree/serial-number': '10000000feed\0',
    });
    assert.equal(architecture, 'arm64');
    assert.deepEqual(cpu, { model: 'ARM 0x41 0xd08', sockets: 1, cores: 2, threads: 2 });
    assert.deepEqual(system, { product: 'Bellows Pi 4', serial: '10000000feed' });
  });

  it('that says nothing at all has an inventory that the server takes', async (t) => {
    assert.ok(inventory.safeParse(await of(t, { 'proc/meminfo': '' })).success);
  });

  it('that lies has one too: texts too long, control characters, sizes beyond all numbers', async (t) => {
    const long = `\x1b]0;x\x07${'\u00e9'.repeat(5000)}\n`;
    const lies = Object.entries(SERVER).map(([path, content]) => {
      const keep = typeof content !== 'string' || /cpuinfo|\/type$/.test(path);
      return [path, keep ? content : /size$|speed/.test(path) ? '9'.repeat(15) : /address/.test(path) ? content : long];
    });
    const found = await of(t, Object.fromEntries(lies));
    assert.deepEqual(inventory.safeParse(found).error, undefined);
    assert.equal(found.system.vendor?.length, 256);
    assert.equal(found.interfaces.length, 3);
    assert.equal(found.interfaces[0]?.speed, undefined);
  });

  it('that is this one has one too', async () => {
    const found = await readInventory({ run: nothing });
    assert.deepEqual(inventory.safeParse(found).error, undefined);
    assert.ok(found.cpu.threads > 0);
    assert.ok(found.memory.total > 0);
  });
});
