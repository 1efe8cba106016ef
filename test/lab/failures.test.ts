import assert from 'node:assert/strict';
import { scenario } from './scenario.ts';

const template = (name: string, action: string): string => `
version: "0.1"
name: ${name}
tasks:
  - name: work
    worker: "{{.device_1}}"
    actions:
      - ${action}
`;
const INSTALL = `{name: write-image, image: image2disk, timeout: 300, environment: {IMG_URL: "{{.tinsmith.url}}/files/debian-12.img.zst", DEST_DISK: /dev/vda}}`;
const shell = (name: string, command: string, timeout = 60): string =>
  `{name: ${name}, image: cexec, timeout: ${timeout}, environment: {BLOCK_DEVICE: /dev/vda1, FS_TYPE: ext4, DEFAULT_INTERPRETER: /bin/sh -c, CMD_LINE: "${command}"}}`;

scenario(
  'an action that exits 3, one that never ends and one without image end their workflows, and the machine takes the next',
  import.meta.url,
  { firmware: ['bios'], dhcp: 'reservation', limit: 800 },
  async ({ session, addMachines, addWorkflow, workflow, until }) => {
    await addMachines();
    await addWorkflow(template('prepare', INSTALL));
    const exits = await addWorkflow(template('exits', shell('breaks', 'echo almost there; echo it broke >&2; exit 3')));
    const endless = await addWorkflow(template('endless', shell('never-ends', 'echo waiting; sleep 1000', 5)));
    const missing = await addWorkflow(
      template('missing', '{name: no-image, image: "registry.invalid/nothing/here:1", timeout: 60}'),
    );
    const last = await addWorkflow(template('last', shell('works', 'echo fine')));
    session.computers[0]?.vm.powerOn();
    await until(
      'the last workflow has ended',
      (event) => event.kind === 'workflow.ended' && event.workflow === last,
      700,
    );

    const failed = await workflow(exits);
    assert.equal(failed.state, 'FAILED');
    assert.match(failed.message ?? '', /breaks .*machine node1.*exit code 3/s);
    assert.match(failed.message ?? '', /it broke/, 'the last lines of the log are in the message');
    assert.equal(failed.actions[0]?.exitCode, 3);

    const timedOut = await workflow(endless);
    assert.equal(timedOut.state, 'TIMEOUT');
    assert.match(timedOut.message ?? '', /never-ends .*machine node1.*5 s/s);
    assert.match(timedOut.message ?? '', /waiting/);

    const without = await workflow(missing);
    assert.equal(without.state, 'FAILED');
    assert.match(without.message ?? '', /no-image .*machine node1.*registry\.invalid\/nothing\/here:1/s);

    const fine = await workflow(last);
    assert.equal(fine.state, 'SUCCESS', fine.message);
  },
);
