import assert from 'node:assert/strict';
import { assertDocumented } from '../firmware-table.ts';
import { plugInRouter } from '../router.ts';
import { scenario } from '../scenario.ts';

const TEMPLATE = `
version: "0.1"
name: beside-a-router
tasks:
  - name: work
    worker: "{{.device_1}}"
    actions:
      - {name: wipe, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
`;

scenario(
  'beside a router that gives the addresses, a BIOS and a UEFI machine boot into the OSIE and work',
  import.meta.url,
  { firmware: ['bios', 'uefi'], dhcp: 'proxy', limit: 480 },
  async ({ session, addMachines, addWorkflow, workflow, until, say }) => {
    const router = await plugInRouter();
    await addMachines();
    const client = session.client();
    const first = await addWorkflow(TEMPLATE);
    const { data: second } = await client.post<{ data: { id: string } }>('workflows', {
      template: 'beside-a-router',
      hardware: { device_1: session.computers[1]?.machine.mac ?? '' },
    });
    for (const { vm } of session.computers) vm.powerOn();
    for (const id of [first, second.id]) {
      await until(`workflow ${id} has ended`, (event) => event.kind === 'workflow.ended' && event.workflow === id, 400);
      const ended = await workflow(id);
      assert.equal(ended.state, 'SUCCESS', ended.message);
    }
    for (const { machine } of session.computers) {
      const { data: trace } = await client.get<{
        data: { role: string; outcome: string; details: Record<string, unknown> }[];
      }>('trace', machine.mac);
      const answers = trace.filter(({ role, outcome }) => role === 'dhcp' && outcome === 'answered');
      assert.ok(answers.length > 0, `${machine.name} was answered`);
      assert.ok(
        answers.every(({ details }) => details.address === undefined),
        'no address came from us',
      );
      say(`${machine.name}: ${answers.length} answers without an address`);
    }
    for (const firmware of ['bios', 'uefi'] as const) assertDocumented(firmware, 'proxy', import.meta.url);
    router.kill('SIGKILL');
  },
);
