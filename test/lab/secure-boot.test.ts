/**
 * With Secure Boot on, and nothing said of it: the firmware refuses iPXE and goes on to HTTP boot, where it is given a disk
 * with signed loaders; the OSIE says that Secure Boot is on and does what an action wants. Next time the machine is given
 * signed loaders at once, by PXE.
 */
import assert from 'node:assert/strict';
import type { Data, TraceEntry } from '../../src/api/types.ts';
import { assertDocumented } from './firmware-table.ts';
import { scenario } from './scenario.ts';
import { WORK } from './worked.ts';

interface Told {
  inventory: { firmware: { kind: string; secureBoot: string } };
}

scenario(
  'a machine with Secure Boot on, of which nothing is said, boots signed loaders into the OSIE by HTTP and by PXE, and works',
  import.meta.url,
  { firmware: ['secure-boot'], dhcp: 'reservation', limit: 900 },
  async ({ session, addMachines, addWorkflow, workflow, until, say }) => {
    const [computer] = session.computers;
    assert.ok(computer);
    const { vm, machine } = computer;
    const client = session.client();
    const fetched = (role: string, what: RegExp) =>
      until(
        `${role} ${what.source}`,
        ({ kind, data }) =>
          kind === 'boot.trace' && data.role === role && what.test(data.what) && data.outcome === 'completed',
      );
    const lastOffer = async (): Promise<string> => {
      const { data: trace } = await client.get<Data<TraceEntry[]>>('trace', machine.mac);
      return trace.findLast(({ role, details }) => role === 'dhcp' && details.bootFile !== undefined)?.sentence ?? '';
    };
    const succeeded = async (id: string): Promise<void> => {
      await until('the workflow has ended', (event) => event.kind === 'workflow.ended' && event.workflow === id);
      const ended = await workflow(id);
      assert.equal(ended.state, 'SUCCESS', ended.message);
    };

    await addMachines();
    const first = await addWorkflow(WORK);
    vm.powerOn();
    await fetched('tftp', /\/ipxe\.efi$/);
    await fetched('http', /^signed-x64\.img$/);
    const offered = await lastOffer();
    assert.match(
      offered,
      /has fetched ipxe\.efi \(once\) and asked again .*Secure Boot may be on; it gets signed-x64\.img/,
    );
    say(offered);
    await succeeded(first);
    const { data } = await client.get<Data<Told>>('machines', machine.name, 'inventory');
    assert.deepEqual([data.inventory.firmware.kind, data.inventory.firmware.secureBoot], ['uefi', 'on']);

    await vm.powerCut();
    const second = await addWorkflow(WORK.replace('name: work', 'name: again'));
    vm.powerOn();
    await fetched('tftp', /\/shimx64\.efi$/);
    assert.match(await lastOffer(), /its in-memory system has found Secure Boot on; it gets shimx64\.efi/);
    await fetched('tftp', /\/osie\.img$/);
    await fetched('http', /^worker\.cpio$/);
    await succeeded(second);
    assertDocumented('secure-boot', 'reservation', import.meta.url);
  },
);
