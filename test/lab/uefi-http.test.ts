import assert from 'node:assert/strict';
import { assertDocumented } from './firmware-table.ts';
import { scenario } from './scenario.ts';
import { into, WORK } from './worked.ts';

scenario(
  'a machine whose firmware boots by HTTP alone, and is given an address, boots into the OSIE',
  import.meta.url,
  { firmware: ['uefi-http'], dhcp: 'reservation', limit: 300 },
  async (stage) => {
    await stage.addMachines();
    await stage.addWorkflow(WORK);
    const [computer] = stage.session.computers;
    assert.ok(computer);
    computer.vm.powerOn();
    const fetched = await into(stage, computer.machine);
    assert.ok(!fetched.some(({ role }) => role === 'tftp'), 'nothing went over TFTP');
    assert.ok(fetched.some(({ role, what }) => role === 'http' && what === 'ipxe.efi'));
    assertDocumented('uefi-http', 'reservation', import.meta.url);
  },
);
