import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertEachSucceededOnce, scenario } from './scenario.ts';

const TEMPLATE = `
version: "0.1"
name: survivor
tasks:
  - name: install
    worker: "{{.device_1}}"
    volumes: [/dev:/dev]
    actions:
      - {name: wipe, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
      - {name: write-image, image: image2disk, timeout: 600, environment: {IMG_URL: "{{.tinsmith.url}}/files/debian-12.img.zst", DEST_DISK: /dev/vda}}
      - name: pause
        image: cexec
        timeout: 120
        environment: {BLOCK_DEVICE: /dev/vda1, FS_TYPE: ext4, DEFAULT_INTERPRETER: /bin/sh -c, CMD_LINE: "echo begun; sleep 10; echo done"}
      - {name: mark, image: writefile, timeout: 60, environment: {DEST_DISK: /dev/vda1, FS_TYPE: ext4, DEST_PATH: /root/mark, CONTENTS: "whole", UID: "0", GID: "0", MODE: "0600", DIRMODE: "0755"}}
`;

/** Kill it as a power cut would, leave the worker without a server for a while, and start it again. */
async function killAndRestart(appliance: {
  stop(signal: 'SIGKILL'): Promise<boolean>;
  start(): Promise<void>;
}): Promise<void> {
  await appliance.stop('SIGKILL');
  await sleep(4000);
  await appliance.start();
}

scenario(
  'kill -9 of the appliance between actions, during an action and during a disk write: the workflow goes on, each action succeeds once',
  import.meta.url,
  { firmware: ['bios'], dhcp: 'reservation', limit: 800 },
  async ({ session, addMachines, addWorkflow, workflow, history, until, say }) => {
    await addMachines();
    const id = await addWorkflow(TEMPLATE);
    session.computers[0]?.vm.powerOn();

    await until('the first action has ended', (event) => event.kind === 'action.ended' && event.data.action === 0);
    await killAndRestart(session.appliance);
    say('killed between two actions, and started again');

    await until(
      'the disk is being written',
      (event) => event.kind === 'progress' && event.data.action === 1 && (event.data.progress.written ?? 0) > 30e6,
    );
    await killAndRestart(session.appliance);
    say('killed during the disk write, and started again');

    await until(
      'the third action runs',
      (event) => event.kind === 'log' && 'action' in event.data && event.data.action === 2,
    );
    await killAndRestart(session.appliance);
    say('killed during an action, and started again');

    await until('the workflow has ended', (event) => event.kind === 'workflow.ended');
    const ended = await workflow(id);
    assert.equal(ended.state, 'SUCCESS', ended.message);
    assert.deepEqual(
      ended.actions.map(({ attempt }) => attempt),
      [1, 1, 1, 1],
    );
    assertEachSucceededOnce(await history(id), ['wipe', 'write-image', 'pause', 'mark']);
    assert.deepEqual(ended.installed, ['/dev/vda']);
    const { data } = await session.client().get<{ data: { entries: { text: string }[] }[] }>('workflows', id, 'logs');
    const pause = (data[2]?.entries ?? []).map(({ text }) => text).join('');
    assert.equal(
      pause.match(/^begun$/gm)?.length,
      1,
      `the log of the action that ran meanwhile is whole and not doubled: ${pause}`,
    );
    assert.match(pause, /^done$/m);
  },
);
