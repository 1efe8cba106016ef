/** Containers among the steps of Tasks, and Tasks that templates name: with real agents and a real Docker Engine. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import type { Written } from '../life/made.ts';
import { engineMissing, type OwnEngine, startEngine } from '../peers/docker-engine.ts';
import { loadBusybox } from '../peers/images.ts';
import { appliance, eventually, plugIn } from './agents.ts';

const skip = engineMissing();
// Nothing listens there: the pull fails at once, and the image that is in the engine is used.
const IMAGE = '127.0.0.1:1/busybox:local';
/** The host of the tests may not allow more. */
const CONTAINER = { image: IMAGE, privileged: false, volumes: ['{{ .Param "here" }}:/here'] };

const CONTENT: Written = [
  {
    section: 'tasks',
    input: {
      name: 'burn',
      templates: [
        { name: 'conf', path: 'etc/word', contents: '{{ .Param "word" }} for {{ .Machine.Name }}' },
        {
          ...{ ...CONTAINER, name: 'read', environment: { MORE: '{{ .Param "more" }}' } },
          command: ['sh', '-c', 'cat /task/etc/word; echo " and $MORE"; echo seen >/task/seen; echo "$RS_MACHINE" >&2'],
        },
        { name: 'after', contents: '#!/bin/sh\necho "$(cat seen) after"\n' },
      ],
    },
  },
  {
    section: 'tasks',
    input: {
      name: 'long',
      templates: [
        {
          ...{ ...CONTAINER, name: 'long' },
          command: ['sh', '-c', 'test -e /here/again && exit 0; echo one; echo two; touch /here/again; sleep 600'],
        },
      ],
    },
  },
  { section: 'tasks', input: { name: 'last', templates: [{ name: 's', contents: 'echo last; exit 64' }] } },
  { section: 'stages', input: { name: 's', tasks: ['burn', 'long'] } },
];

describe('steps', { skip }, () => {
  let engine: OwnEngine | undefined;
  let docker: Docker;
  before(async () => {
    if (skip !== false) return;
    engine = await startEngine();
    docker = new Docker({ socketPath: engine.socket });
    await loadBusybox(docker, IMAGE);
  });
  after(() => engine?.stop());

  test('that are containers are run in their turn, and again when the agent was killed', async (t) => {
    const server = await appliance(t, CONTENT);
    const machine = await plugIn(t, server, 1, undefined, engine?.socket);
    const { lives, jobs } = server;
    await lives.setParams(machine.id, { set: { word: 'hello', more: 'more', here: machine.here } });
    await lives.setStage(machine.id, { stage: 's' });
    await eventually(server, () => existsSync(join(machine.here, 'again')), 'the container of the second Task');
    const [long, burn] = await jobs.chain(machine.id);
    assert.ok(long && burn);
    assert.equal(burn.state, 'finished', burn.message);
    const said = await machine.log(burn.id);
    assert.match(
      said,
      /running read\n(.*\n)*hello for machine-1 and more\n(.*\n)*read exited with 0\nrunning after\nseen after\n/,
    );
    assert.match(said, /^machine-1$/m);
    await machine.kill();
    await machine.start();
    await eventually(server, () => jobs.find(long.id)?.state === 'failed', 'the Job of the agent that was killed');
    await eventually(server, async () => (await jobs.chain(machine.id)).length === 3, 'another Job');
    await eventually(server, async () => (await jobs.chain(machine.id))[0]?.state === 'finished', 'its end');
    assert.match(await machine.log(long.id), /\none\ntwo\nthe worker was ended here\n$/);
    await eventually(
      server,
      async () => (await docker.listContainers({ all: true })).length === 0,
      'the containers to go',
    );
  });

  test('of Tasks that a template names are run on a machine without a stage, which is restarted between them', async (t) => {
    const server = await appliance(t, CONTENT);
    const machine = await plugIn(t, server, 2, undefined, engine?.socket);
    const { jobs, templates, workflows } = server;
    await templates.create(`version: "0.1"
name: both
tasks:
  - name: os
    worker: "{{.device_1}}"
    actions:
      - name: first
        task: burn
        params: {word: hi, more: less, here: ${machine.here}}
      - name: restart
        task: last
      - name: own
        script: |
          #!/bin/sh
          echo "own of $RS_MACHINE"
      - name: image
        image: ${IMAGE}
        privileged: false
        command: [sh, -c, 'echo in a container']
`);
    const { id } = await workflows.create({ template: 'both', devices: { device_1: machine.mac } });
    assert.equal(await machine.fate(), 'reboot');
    await machine.boot();
    await eventually(server, () => workflows.get(id).state === 'SUCCESS', 'the workflow');
    const chain = (await jobs.chain(machine.id)).toReversed();
    assert.deepEqual(
      chain.map(({ task, state, exitState, workflow, stage }) => [task, state, exitState, workflow, stage]),
      [
        ['burn', 'finished', 'complete', id, ''],
        ['last', 'finished', 'reboot', id, ''],
        ['own', 'finished', 'complete', id, ''],
      ],
    );
    assert.match(await machine.log(chain[0]?.id ?? ''), /hi for machine-2 and less/);
    assert.match(await machine.log(chain[2]?.id ?? ''), /own of machine-2/);
  });
});
