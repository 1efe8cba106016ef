/**
 * With Secure Boot on, and nothing set: the firmware refuses iPXE, and when the machine starts again it is given loaders
 * that are signed; it boots into the OSIE, which says that Secure Boot is on and does what an action wants.
 */
import assert from 'node:assert/strict';
import type { Data, StreamEvent, TraceEntry } from '../../src/api/types.ts';
import { scenario } from './scenario.ts';

const TEMPLATE = `
version: "0.1"
name: under-secure-boot
tasks:
  - name: work
    worker: "{{.device_1}}"
    actions:
      - {name: wipe, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
`;

interface Told {
  inventory: { firmware: { kind: string; secureBoot: string } };
}

scenario(
  'a machine with Secure Boot on, of which nothing is said, boots signed loaders into the OSIE at its second attempt, and works',
  import.meta.url,
  { firmware: ['secure-boot'], dhcp: 'reservation', limit: 600 },
  async ({ session, addMachines, addWorkflow, workflow, until, say }) => {
    const [computer] = session.computers;
    assert.ok(computer);
    await addMachines();
    const id = await addWorkflow(TEMPLATE);
    const { vm, machine } = computer;
    const boot = (role: string, what: RegExp, wanted: (entry: StreamEvent) => boolean = () => true) =>
      until(
        `${role} ${what.source}`,
        (event) =>
          event.kind === 'boot.trace' &&
          event.data.role === role &&
          what.test(event.data.what) &&
          ['answered', 'completed'].includes(event.data.outcome) &&
          wanted(event),
        200,
      );

    vm.powerOn();
    await boot('tftp', /\/ipxe\.efi$/);
    await until(
      'the firmware does not start it, and asks for HTTP boot',
      (event) => event.kind === 'boot.trace' && event.data.reason === 'secure-boot',
      120,
    );
    await vm.powerCut();
    vm.powerOn();
    await boot('tftp', /\/shimx64\.efi$/);
    await boot('script', /grub\.cfg$/);
    await boot('tftp', /\/osie\.img$/, (event) => event.kind === 'boot.trace' && event.data.outcome === 'completed');
    await until('the workflow has ended', ({ kind }) => kind === 'workflow.ended', 300);
    const ended = await workflow(id);
    assert.equal(ended.state, 'SUCCESS', ended.message);

    const client = session.client();
    const { data } = await client.get<Data<Told>>('machines', machine.name, 'inventory');
    assert.deepEqual([data.inventory.firmware.kind, data.inventory.firmware.secureBoot], ['uefi', 'on']);
    const { data: trace } = await client.get<Data<TraceEntry[]>>('trace', machine.mac);
    const offered = trace.findLast(({ role, details }) => role === 'dhcp' && details.bootFile !== undefined);
    say(offered?.sentence ?? '');
    assert.match(offered?.sentence ?? '', /Secure Boot.*shimx64\.efi/);
  },
);
