/** Workflows over a real store: created, queued, run by reports, deleted, and what the machine is left with. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Machine } from '../../src/machines/machines.ts';
import type { Report } from '../../src/worker/protocol.ts';
import type { Assignments } from '../../src/workflows/assignments.ts';
import { fold } from '../../src/workflows/engine/index.ts';
import { readLog } from '../../src/workflows/logs.ts';
import type { Workflow, WorkflowEvent } from '../../src/workflows/workflow.ts';
import { device, made, over, pushed, TWO_ACTIONS } from './made.ts';

const MIB = 1 << 20;

async function created(t: TestContext) {
  const parts = await made(t);
  const machine = await pushed(parts.machines, 1);
  await parts.templates.create(TWO_ACTIONS);
  const workflow = await parts.workflows.create({ template: 'install', devices: device(1) });
  return { ...parts, machine, workflow };
}

/** Asks and reports the end of what is given. */
async function work(
  assignments: Assignments,
  machine: Machine,
  state: Report['state'],
  more: Partial<Report> = {},
  boot = 'boot-1',
) {
  const given = await assignments.ask(machine, boot);
  assert.equal(given.kind, 'action');
  if (given.kind !== 'action') throw new Error();
  return assignments.report(machine, { ...given.key, boot, state, at: 1, ...more });
}

describe('a workflow', () => {
  it('is run action by action, its verb is given until the machine has another boot, and then nothing', async (t) => {
    const { workflows, assignments, machine, workflow, machines } = await created(t);
    assert.deepEqual(machines.work(machine.id).queue, [workflow.id]);
    assert.deepEqual((await assignments.ask(machine, 'boot-1')).kind, 'action');
    assert.deepEqual(await work(assignments, machine, 'RUNNING'), { acknowledged: true, outcome: 'recorded' });
    assert.equal(workflows.get(workflow.id).state, 'RUNNING');
    await work(assignments, machine, 'SUCCESS', { diskWrites: { vda: 5 * MIB }, bootableDisks: ['vda', 'vdb'] });
    await work(assignments, machine, 'SUCCESS');
    assert.equal(workflows.get(workflow.id).state, 'SUCCESS', 'the verb is reported without a look at the disks');

    const verb = { kind: 'verb', verb: 'reboot', workflow: workflow.id };
    assert.deepEqual(await assignments.ask(machine, 'boot-1'), verb);
    assert.deepEqual(await assignments.ask(machine, 'boot-1'), verb, 'until it is done');
    assert.equal((await assignments.ask(machine, 'boot-2')).kind, 'idle');
    assert.equal((await assignments.ask(machine, 'boot-1')).kind, 'idle', 'it has been done');
    const { queue, ended, installed } = machines.work(machine.id);
    assert.deepEqual([queue, ended, installed?.disks, installed?.workflow], [[], 1, ['vda'], workflow.id]);
  });

  it('that fails leaves the machine to the next one, and the system from before', async (t) => {
    const { workflows, assignments, machine, machines, workflow } = await created(t);
    const second = await workflows.create({ template: 'install', devices: device(1) });
    assert.deepEqual(machines.work(machine.id).queue, [workflow.id, second.id]);
    await work(assignments, machine, 'FAILED', { message: 'exited with 3', exitCode: 3, logTail: ['no disk', 'bye'] });
    assert.equal(
      workflows.get(workflow.id).message,
      'Action wipe (task os) on machine machine-1: exited with 3\n  no disk\n  bye',
    );
    const next = await assignments.ask(machine, 'boot-1');
    assert.equal(next.kind === 'action' && next.workflow.id, second.id);
    await work(assignments, machine, 'SUCCESS', { diskWrites: { vda: 5 * MIB } });
    await work(assignments, machine, 'SUCCESS', { bootableDisks: ['vda'] });
    await workflows.create({ template: 'install', devices: device(1) });
    await work(assignments, machine, 'TIMEOUT', { message: 'ran into its limit of 60 s' }, 'boot-2');
    const { installed, ended } = machines.work(machine.id);
    assert.deepEqual([installed?.workflow, ended], [second.id, 3]);
  });

  it('has its secrets in none of its names, and in nothing that a worker says', async (t) => {
    const { workflows, assignments, output, machines, templates, store, events } = await made(t);
    const machine = await pushed(machines, 1);
    await templates.create(`version: "0.1"
name: secretive
on_failure:
  - {name: "hook {{.secrets.password}}", image: busybox, command: ["{{.secrets.password}}"]}
tasks:
  - name: "task {{.secrets.password}}"
    worker: "{{.device_1}}"
    actions:
      - {name: "action {{.secrets.password}}", image: busybox, command: ["{{.secrets.password}}", "{{.secrets.kind}}"]}
`);
    const secrets = { password: 'hunter2-hunter2', kind: 'image' };
    const { id } = await workflows.create({ template: 'secretive', devices: device(1), secrets });
    const given = await assignments.ask(machine, 'b');
    assert.ok(given.kind === 'action' && given.run.kind === 'image');
    assert.deepEqual(given.run.command, ['hunter2-hunter2', 'image']);
    const message = 'it cannot use hunter2-hunter2';
    const end = { boot: 'b', state: 'FAILED' as const, at: 1, message, logTail: [message] };
    const entries = [{ at: 1, stream: 'stdout' as const, text: `${message}\n` }];
    await output.log(machine, { ...given.key, from: 0, entries });
    await assignments.report(machine, { ...given.key, ...end });
    const hook = await assignments.ask(machine, 'b');
    assert.ok(hook.kind === 'action' && hook.run.kind === 'image');
    assert.deepEqual(hook.run.command, ['hunter2-hunter2'], 'a hook gets the secret whatever its name is');
    await assignments.report(machine, { ...hook.key, ...end });
    const workflow = workflows.get(id);
    assert.equal(workflow.state, 'FAILED');
    assert.equal(machines.work(machine.id).queue.length, 0);
    const said = JSON.stringify([workflow, await events.ofWorkflow(id), await readLog(store, given.key)]);
    assert.ok(!said.includes('hunter2'), said);
  });

  it('that wipes the disk takes the system from before with it, also when it fails', async (t) => {
    const { workflows, assignments, machine, machines } = await created(t);
    await work(assignments, machine, 'SUCCESS', { diskWrites: { vda: 5 * MIB }, bootableDisks: ['vda'] });
    await work(assignments, machine, 'SUCCESS');
    assert.deepEqual(machines.work(machine.id).installed?.disks, ['vda']);
    await workflows.create({ template: 'install', devices: device(1) });
    await work(assignments, machine, 'FAILED', { message: 'broke', bootableDisks: [] }, 'boot-2');
    assert.equal(machines.work(machine.id).installed, undefined);
  });

  it('goes on after a restart of the appliance where it was', async (t) => {
    const { directory, store, ...before } = await created(t);
    await work(before.assignments, before.machine, 'SUCCESS');
    await work(before.assignments, before.machine, 'RUNNING');
    await store.close();
    const { workflows, assignments, machines, ...after } = await over(directory);
    t.after(() => after.store.close());
    assert.deepEqual(
      workflows.get(before.workflow.id).actions.map(({ state }) => state),
      ['SUCCESS', 'RUNNING'],
    );
    const machine = machines.find('machine-1');
    const given = await assignments.ask(machine, 'boot-1');
    assert.deepEqual(given.kind === 'action' && given.key, { workflow: before.workflow.id, action: 1, attempt: 1 });
    assert.deepEqual(
      await assignments.report(machine, {
        workflow: before.workflow.id,
        action: 0,
        attempt: 1,
        boot: 'boot-1',
        state: 'SUCCESS',
        at: 2,
      }),
      { acknowledged: true, outcome: 'repeated' },
    );
  });

  it('is the fold of its events', async (t) => {
    const { workflows, assignments, machine, events, workflow } = await created(t);
    await work(assignments, machine, 'RUNNING');
    await work(assignments, machine, 'RUNNING', {}, 'boot-2');
    await work(assignments, machine, 'SUCCESS', { seconds: 3, exitCode: 0, logTail: ['done'] }, 'boot-2');
    await work(assignments, machine, 'FAILED', { message: 'no' }, 'boot-2');
    const stored = await events.ofWorkflow(workflow.id);
    assert.deepEqual(
      stored.map(({ kind }) => kind),
      [
        'workflow.created',
        'workflow.begun',
        'action.started',
        'action.lost',
        'action.started',
        'action.ended',
        'action.started',
        'action.ended',
        'workflow.ended',
      ],
    );
    const folded = stored
      .slice(1)
      .map(({ kind, data: { task: _, name: __, ...facts } }) => ({ kind, ...facts }) as unknown as WorkflowEvent)
      .reduce<Workflow>(fold, workflow);
    assert.deepEqual(JSON.parse(JSON.stringify(folded)), JSON.parse(JSON.stringify(workflows.get(workflow.id))));
  });

  it('deleted while it runs is stopped at the next heartbeat, and its reports and logs are refused', async (t) => {
    const { workflows, assignments, output, machine, machines, workflow, store } = await created(t);
    await work(assignments, machine, 'RUNNING');
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    await output.log(machine, { ...key, from: 0, entries: [{ at: 1, stream: 'stdout', text: 'x\n' }] });
    assert.equal(assignments.heartbeat(machine, { ...key, boot: 'boot-1' }).continue, true);
    await workflows.delete(workflow.id);
    assert.deepEqual(assignments.heartbeat(machine, { ...key, boot: 'boot-1' }), {
      continue: false,
      reason: `workflow ${workflow.id} is gone`,
    });
    await assert.rejects(assignments.report(machine, { ...key, boot: 'boot-1', state: 'SUCCESS', at: 1 }), {
      code: 'NOT_FOUND',
    });
    await assert.rejects(output.log(machine, { ...key, from: 1, entries: [] }), { code: 'NOT_FOUND' });
    await assert.rejects(workflows.delete(workflow.id), { code: 'NOT_FOUND' });
    assert.deepEqual(machines.work(machine.id).queue, []);
    assert.equal((await assignments.ask(machine, 'boot-1')).kind, 'idle');
    for (const prefix of ['log/', 'log-head/', 'workflow/', 'workflow-event/'])
      assert.deepEqual(await store.values(prefix), [], prefix);
  });

  it('stops an attempt that another boot has made again', async (t) => {
    const { assignments, machine, workflow } = await created(t);
    await work(assignments, machine, 'RUNNING');
    await work(assignments, machine, 'RUNNING', {}, 'boot-2');
    const beat = { workflow: workflow.id, action: 0 };
    assert.equal(assignments.heartbeat(machine, { ...beat, attempt: 1, boot: 'boot-1' }).continue, false);
    assert.equal(assignments.heartbeat(machine, { ...beat, attempt: 2, boot: 'boot-1' }).continue, false);
    assert.equal(assignments.heartbeat(machine, { ...beat, attempt: 2, boot: 'boot-2' }).continue, true);
  });

  it('refuses the reports, logs and heartbeats of other machines', async (t) => {
    const { workflows, assignments, output, machines, workflow } = await created(t);
    const stranger = await pushed(machines, 2);
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    await assert.rejects(assignments.report(stranger, { ...key, boot: 'b', state: 'SUCCESS', at: 1 }), {
      code: 'CONFLICT',
      message: /action wipe is not for machine machine-2/,
    });
    await assert.rejects(output.log(stranger, { ...key, from: 0, entries: [] }), { code: 'NOT_FOUND' });
    assert.equal(assignments.heartbeat(stranger, { ...key, boot: 'b' }).continue, false);
    assert.equal((await assignments.ask(stranger, 'b')).kind, 'idle');
    assert.equal(workflows.get(workflow.id).state, 'PENDING');
  });
});

describe('the log of an attempt', () => {
  it('keeps what comes twice once, asks for what is missing, and is told as it comes', async (t) => {
    const { output, machine, workflow, store, told } = await created(t);
    const { readLog } = await import('../../src/workflows/logs.ts');
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    const line = (n: number) => ({ at: n, stream: 'stdout' as const, text: `${n}\n` });
    const post = (from: number, ...numbers: number[]) =>
      output.log(machine, { ...key, from, entries: numbers.map(line) });
    assert.equal(await post(0, 0, 1), 2);
    assert.equal(await post(0, 0, 1), 2);
    assert.equal(await post(1, 1, 2, 3), 4);
    assert.equal(await post(9, 9), 4, 'the server says what it expects');
    assert.deepEqual(await Promise.all([post(4, 4), post(4, 4)]), [5, 5]);
    assert.deepEqual(
      (await readLog(store, key)).map(({ at }) => at),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(
      told.output.map(({ data }) => [data.from, (data.entries as unknown[]).length, data.task, data.name]),
      [
        [0, 2, 'os', 'wipe'],
        [2, 2, 'os', 'wipe'],
        [4, 1, 'os', 'wipe'],
      ],
      'with the names that people know it by',
    );
    await assert.rejects(output.log(machine, { ...key, attempt: 7, from: 0, entries: [] }), { code: 'CONFLICT' });
  });

  it('is cut at its limit, and says so once', async (t) => {
    const { output, machine, workflow, store } = await created(t);
    const { LOG_LIMIT, readLog } = await import('../../src/workflows/logs.ts');
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    const entry = { at: 0, stream: 'stdout' as const, text: 'x'.repeat(65_536) };
    const perPost = 64;
    let from = 0;
    for (let i = 0; i < LOG_LIMIT / 65_536 / perPost + 2; i++)
      from = await output.log(machine, { ...key, from, entries: Array.from({ length: perPost }, () => entry) });
    assert.equal(from, LOG_LIMIT / 65_536 + 2 * perPost, 'the worker may forget what is not kept too');
    const kept = await readLog(store, key);
    assert.equal(kept.length, LOG_LIMIT / 65_536 + 1);
    assert.match(kept.at(-1)?.text ?? '', /the log is cut here, at its limit of 16 MiB/);
  });
});
