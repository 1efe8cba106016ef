/** `tinsmith inventory`: a table for people, JSON for scripts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowsOf } from '../../src/cli/inventory.ts';
import { inventory } from '../../src/inventory/inventory.ts';
import { isJunk } from '../../src/inventory/junk.ts';
import { readInventory } from '../../src/inventory/read.ts';
import { tinsmith } from '../cli/fake-appliance.ts';
import { grow, SERVER } from './made-up.ts';

describe('the inventory for people', () => {
  it('has a row for each part, without what is junk', async (t) => {
    const tree = { ...SERVER, 'sys/class/dmi/id/chassis_asset_tag': 'To Be Filled By O.E.M.\n' };
    const root = grow(t, tree);
    const run = async (): Promise<string> => 'IP Address : 10.9.8.7\n';
    const rows = rowsOf(await readInventory({ root, run }), isJunk);
    assert.deepEqual(rows, [
      ['System', 'Blacksmith Inc. Anvil 640, serial number ANV7K2Q, UUID 6f1c2a7e-3b5d-4c8e-9a10-b2c3d4e5f607'],
      ['CPU', 'Hammer(R) 6130 CPU @ 2.10GHz, 2 sockets, 2 cores, 4 threads, amd64'],
      ['Memory', '48 GiB, 1 × 32 GiB + 1 × 16 GiB'],
      ['Disk nvme0n1', '1.6 TB, nvme, Furnace PM1725, serial number S3NVME00001'],
      ['Disk sda', '960 GB, sata, SSD, Tongs SSD 860 ENDURANCE 960GB, serial number SN860001'],
      ['Disk sdb', '30.8 GB, usb, removable, Cinder Stick'],
      ['Network eno1', '9a:00:5e:00:00:0a, its own 9c:00:5e:00:00:01, up, 10000 Mb/s, ixgbe, PCI 0000:3b:00.0'],
      ['Network eno2', '9c:00:5e:00:00:02, down, ixgbe, PCI 0000:3b:00.1'],
      ['Network enx0', 'be:3a:f2:b6:05:9f, down, cdc_ether'],
      ['Firmware', 'UEFI, Secure Boot on, Blacksmith Firmware 2.1.7, 02/03/2024'],
      ['BMC', '10.9.8.7'],
      ['Kernel', '6.12.1-anvil'],
    ]);
  });

  it('is of this machine, and needs no appliance', async () => {
    const shown = await tinsmith(undefined, ['inventory']);
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /\| PART +\| WHAT[\s\S]*\| CPU /);
    const { code, out } = await tinsmith(undefined, ['inventory', '-o', 'json']);
    assert.equal(code, 0);
    assert.equal(inventory.safeParse(JSON.parse(out)).error, undefined);
  });
});
