import assert from 'node:assert/strict';
import { assertEachSucceededOnce, scenario } from './scenario.ts';

const TEMPLATE = `
version: "0.1"
name: power-cut
tasks:
  - name: work
    worker: "{{.device_1}}"
    actions:
      - {name: first, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
      - {name: second, image: image2disk, timeout: 300, environment: {IMG_URL: "{{.tinsmith.url}}/files/tiny.img.gz", DEST_DISK: /dev/vda}}
      - {name: third, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
`;

scenario(
  'a power cut in the middle of an action: the machine boots again, and the workflow goes on from that action',
  import.meta.url,
  { firmware: ['bios'], dhcp: 'reservation', limit: 800 },
  async ({ session, addMachines, addWorkflow, workflow, history, until }) => {
    const computer = session.computers[0]?.vm;
    assert.ok(computer);
    await addMachines();
    const id = await addWorkflow(TEMPLATE);
    computer.powerOn();
    await until('the second action runs', (event) => event.kind === 'action.started' && event.data.action === 1);
    await computer.powerCut();
    assert.equal((await workflow(id)).state, 'RUNNING');
    computer.powerOn();
    await until('the interrupted attempt is told', (event) => event.kind === 'action.lost' && event.data.action === 1);
    await until('the workflow has ended', (event) => event.kind === 'workflow.ended');
    const ended = await workflow(id);
    assert.equal(ended.state, 'SUCCESS', ended.message);
    assert.deepEqual(
      ended.actions.map(({ attempt }) => attempt),
      [1, 2, 1],
    );
    assertEachSucceededOnce(await history(id), ['first', 'second', 'third']);
  },
);
