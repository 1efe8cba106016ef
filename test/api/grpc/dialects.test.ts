import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { idOf, macOf } from '../../machines/examples.ts';
import { pushed } from '../../workflows/made.ts';
import { type Served, served } from './served.ts';
import { newestAgent, oldWorker, type Worker } from './workers.ts';

const TWO_MACHINES = `version: "0.1"
name: two-machines
global_timeout: 600
tasks:
  - name: prepare
    worker: "{{.device_1}}"
    environment: {B: "2", A: "1"}
    actions:
      - name: partition
        image: disk-partition:1
        timeout: 60
        environment: {C: "3"}
      - name: never
        image: never
        timeout: 60
        if: "false"
      - name: install
        image: install:1
        timeout: 0
        command: [install, --now]
        on-failure: [clean, up]
  - name: join
    worker: "{{.device_2}}"
    actions:
      - name: register
        image: register:1
        timeout: 60
  - name: finish
    worker: "{{.device_1}}"
    actions:
      - name: close
        image: close:1
        timeout: 60
`;

/** Makes the workflow for machines 1 and 2. */
async function queued(t: TestContext): Promise<{ server: Served; id: string }> {
  const server = await served(t, { trust: 'any' });
  const { machines, templates, workflows } = server.parts;
  await pushed(machines, 1);
  await pushed(machines, 2);
  await templates.create(TWO_MACHINES);
  const { id } = await workflows.create({
    template: 'two-machines',
    devices: { device_1: macOf(1), device_2: macOf(2) },
  });
  return { server, id };
}

/** Names of what was begun and ended, as the record has it. */
async function history({ parts }: Served, id: string): Promise<string[]> {
  const events = await parts.events.ofWorkflow(id);
  return events
    .filter(({ kind }) => /^action\.(started|ended)|^workflow\.ended/.test(kind))
    .map(({ kind, data }) => `${kind.replace('action.', '')} ${data.name} ${data.state ?? ''}`.trim());
}

const WHOLE = [
  'started partition',
  'ended partition SUCCESS',
  'started install',
  'ended install SUCCESS',
  'started register',
  'ended register SUCCESS',
  'started close',
  'ended close SUCCESS',
  'workflow.ended two-machines SUCCESS',
];

const DIALECTS: [string, (server: Served, n: number) => Worker][] = [
  ['0.2 to 0.8', (server, n) => oldWorker(server, 'cli', idOf(n))],
  ['0.9 to 0.12', (server, n) => oldWorker(server, 'slim', macOf(n))],
  ['newest', (server, n) => newestAgent(server, macOf(n))],
];

for (const [name, worker] of DIALECTS) {
  test(`${name}: a whole workflow on two machines, every report twice, a reboot and a restart in the middle`, async (t) => {
    const { server, id } = await queued(t);
    const [one, two] = [worker(server, 1), worker(server, 2)];
    const ran: string[] = [];
    // The second machine has booted first: it waits.
    assert.equal(await two.poll(() => assert.fail('it is not its turn')), 0);
    // The first one is switched off in the middle of its first action,
    await one.poll((action) => {
      ran.push(`${action.name} interrupted`);
      return undefined;
    });
    // and while it boots, the server is restarted.
    await server.restart();
    const again = worker(server, 1);
    let idle = 0;
    while (idle < 2) {
      idle = 0;
      for (const each of [again, two]) {
        const begun = await each.poll((action) => {
          ran.push(action.name);
          if (action.name === 'partition') assert.deepEqual(action.environment, ['A=1', 'B=2', 'C=3']);
          return 'SUCCESS';
        });
        if (begun === 0) idle++;
      }
    }
    assert.deepEqual(ran, ['partition interrupted', 'partition', 'install', 'register', 'close']);
    assert.deepEqual([...one.refusals, ...again.refusals, ...two.refusals], []);
    assert.deepEqual(await history(server, id), WHOLE);
    const workflow = server.parts.workflows.get(id);
    assert.equal(workflow.state, 'SUCCESS');
    assert.deepEqual(
      workflow.actions.map(({ state, attempt }) => `${state} ${attempt}`),
      ['SUCCESS 1', 'SKIPPED 0', 'SUCCESS 1', 'SUCCESS 1', 'SUCCESS 1'],
    );
    assert.equal(workflow.actions[2]?.seconds, 2);
    assert.equal(server.parts.machines.work(idOf(1)).worker?.boot, `grpc:${idOf(1)}`);
  });

  test(`${name}: an action that fails, its hook, and another try`, async (t) => {
    const { server, id } = await queued(t);
    const one = worker(server, 1);
    const ran: string[] = [];
    const run = (result: (name: string) => 'SUCCESS' | 'FAILED') => async () => {
      let begun = 1;
      while (begun > 0)
        begun = await one.poll((action) => {
          ran.push(action.name);
          return result(action.name);
        });
    };
    await run((action) => (action === 'install' ? 'FAILED' : 'SUCCESS'))();
    assert.deepEqual(ran.splice(0), ['partition', 'install', 'install on-failure']);
    assert.equal(server.parts.workflows.get(id).state, 'FAILED');
    await server.parts.workflows.tell(id, { command: 'retry' });
    await run(() => 'SUCCESS')();
    assert.deepEqual(ran, ['install']);
    assert.deepEqual(one.refusals, []);
    assert.equal(server.parts.workflows.get(id).state, 'RUNNING');
  });
}
