/** Workflows over a real store: created, queued, run by reports, deleted, and what the machine is left with. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Machine } from '../../src/machines/machines.ts';
import type { Report } from '../../src/worker/protocol.ts';
import { fold } from '../../src/workflows/engine.ts';
import type { Workflow, WorkflowEvent } from '../../src/workflows/workflow.ts';
import type { Workflows } from '../../src/workflows/workflows.ts';
import { device, made, over, pushed, TWO_ACTIONS } from './made.ts';

const MIB = 1 << 20;
const nothing = () => ({});

async function created(t: TestContext) {
  const parts = await made(t);
  const machine = await pushed(parts.machines, 1);
  await parts.templates.create(TWO_ACTIONS);
  const workflow = await parts.workflows.create('install', device(1), nothing);
  return { ...parts, machine, workflow };
}

/** Asks and reports the end of what is given. */
async function work(
  workflows: Workflows,
  machine: Machine,
  state: Report['state'],
  more: Partial<Report> = {},
  boot = 'boot-1',
) {
  const given = await workflows.ask(machine, boot);
  assert.equal(given.kind, 'action');
  if (given.kind !== 'action') throw new Error();
  return workflows.report(machine, { ...given.key, boot, state, at: 1, ...more });
}

describe('a workflow', () => {
  it('is run action by action, its verb is given until the machine has another boot, and then nothing', async (t) => {
    const { workflows, machine, workflow, machines } = await created(t);
    assert.deepEqual(machines.work(machine.id).queue, [workflow.id]);
    assert.deepEqual((await workflows.ask(machine, 'boot-1')).kind, 'action');
    assert.deepEqual(await work(workflows, machine, 'RUNNING'), { acknowledged: true, outcome: 'recorded' });
    assert.equal(workflows.get(workflow.id).state, 'RUNNING');
    await work(workflows, machine, 'SUCCESS', { diskWrites: { vda: 5 * MIB }, bootableDisks: ['vda', 'vdb'] });
    await work(workflows, machine, 'SUCCESS');
    assert.equal(workflows.get(workflow.id).state, 'SUCCESS', 'the verb is reported without a look at the disks');

    const verb = { kind: 'verb', verb: 'reboot', workflow: workflow.id };
    assert.deepEqual(await workflows.ask(machine, 'boot-1'), verb);
    assert.deepEqual(await workflows.ask(machine, 'boot-1'), verb, 'until it is done');
    assert.equal((await workflows.ask(machine, 'boot-2')).kind, 'idle');
    assert.equal((await workflows.ask(machine, 'boot-1')).kind, 'idle', 'it has been done');
    const { queue, ended, installed } = machines.work(machine.id);
    assert.deepEqual([queue, ended, installed?.disks, installed?.workflow], [[], 1, ['vda'], workflow.id]);
  });

  it('that fails leaves the machine to the next one, and the system from before', async (t) => {
    const { workflows, machine, machines, workflow } = await created(t);
    const second = await workflows.create('install', device(1), nothing);
    assert.deepEqual(machines.work(machine.id).queue, [workflow.id, second.id]);
    await work(workflows, machine, 'FAILED', { message: 'exited with 3', exitCode: 3, logTail: ['no disk', 'bye'] });
    assert.equal(
      workflows.get(workflow.id).message,
      'Action wipe (task os) on machine machine-1: exited with 3\n  no disk\n  bye',
    );
    const next = await workflows.ask(machine, 'boot-1');
    assert.equal(next.kind === 'action' && next.workflow.id, second.id);
    await work(workflows, machine, 'SUCCESS', { diskWrites: { vda: 5 * MIB } });
    await work(workflows, machine, 'SUCCESS', { bootableDisks: ['vda'] });
    await workflows.create('install', device(1), nothing);
    await work(workflows, machine, 'TIMEOUT', { message: 'ran into its limit of 60 s' }, 'boot-2');
    const { installed, ended } = machines.work(machine.id);
    assert.deepEqual([installed?.workflow, ended], [second.id, 3]);
  });

  it('that wipes the disk takes the system from before with it, also when it fails', async (t) => {
    const { workflows, machine, machines } = await created(t);
    await work(workflows, machine, 'SUCCESS', { diskWrites: { vda: 5 * MIB }, bootableDisks: ['vda'] });
    await work(workflows, machine, 'SUCCESS');
    assert.deepEqual(machines.work(machine.id).installed?.disks, ['vda']);
    await workflows.create('install', device(1), nothing);
    await work(workflows, machine, 'FAILED', { message: 'broke', bootableDisks: [] }, 'boot-2');
    assert.equal(machines.work(machine.id).installed, undefined);
  });

  it('goes on after a restart of the appliance where it was', async (t) => {
    const { directory, store, ...before } = await created(t);
    await work(before.workflows, before.machine, 'SUCCESS');
    await work(before.workflows, before.machine, 'RUNNING');
    await store.close();
    const { workflows, machines, ...after } = await over(directory);
    t.after(() => after.store.close());
    assert.deepEqual(
      workflows.get(before.workflow.id).actions.map(({ state }) => state),
      ['SUCCESS', 'RUNNING'],
    );
    const machine = machines.find('machine-1');
    const given = await workflows.ask(machine, 'boot-1');
    assert.deepEqual(given.kind === 'action' && given.key, { workflow: before.workflow.id, action: 1, attempt: 1 });
    assert.deepEqual(
      await workflows.report(machine, {
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
    const { workflows, machine, events, workflow } = await created(t);
    await work(workflows, machine, 'RUNNING');
    await work(workflows, machine, 'RUNNING', {}, 'boot-2');
    await work(workflows, machine, 'SUCCESS', { seconds: 3, exitCode: 0, logTail: ['done'] }, 'boot-2');
    await work(workflows, machine, 'FAILED', { message: 'no' }, 'boot-2');
    const stored = await events.ofWorkflow(workflow.id);
    assert.deepEqual(
      stored.map(({ kind }) => kind),
      [
        'workflow.created',
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
    assert.deepEqual(JSON.parse(JSON.stringify(folded)), workflows.get(workflow.id));
  });

  it('deleted while it runs is stopped at the next heartbeat, and its reports and logs are refused', async (t) => {
    const { workflows, machine, machines, workflow, store } = await created(t);
    await work(workflows, machine, 'RUNNING');
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    await workflows.log(machine, { ...key, from: 0, entries: [{ at: 1, stream: 'stdout', text: 'x\n' }] });
    assert.equal(workflows.heartbeat(machine, { ...key, boot: 'boot-1' }).continue, true);
    await workflows.delete(workflow.id);
    assert.deepEqual(workflows.heartbeat(machine, { ...key, boot: 'boot-1' }), {
      continue: false,
      reason: `workflow ${workflow.id} is gone`,
    });
    await assert.rejects(workflows.report(machine, { ...key, boot: 'boot-1', state: 'SUCCESS', at: 1 }), {
      code: 'NOT_FOUND',
    });
    await assert.rejects(workflows.log(machine, { ...key, from: 1, entries: [] }), { code: 'NOT_FOUND' });
    await assert.rejects(workflows.delete(workflow.id), { code: 'NOT_FOUND' });
    assert.deepEqual(machines.work(machine.id).queue, []);
    assert.equal((await workflows.ask(machine, 'boot-1')).kind, 'idle');
    for (const prefix of ['log/', 'log-head/', 'workflow/', 'workflow-event/'])
      assert.deepEqual(await store.values(prefix), [], prefix);
  });

  it('stops an attempt that another boot has made again', async (t) => {
    const { workflows, machine, workflow } = await created(t);
    await work(workflows, machine, 'RUNNING');
    await work(workflows, machine, 'RUNNING', {}, 'boot-2');
    const beat = { workflow: workflow.id, action: 0 };
    assert.equal(workflows.heartbeat(machine, { ...beat, attempt: 1, boot: 'boot-1' }).continue, false);
    assert.equal(workflows.heartbeat(machine, { ...beat, attempt: 2, boot: 'boot-1' }).continue, false);
    assert.equal(workflows.heartbeat(machine, { ...beat, attempt: 2, boot: 'boot-2' }).continue, true);
  });

  it('refuses the reports, logs and heartbeats of other machines', async (t) => {
    const { workflows, machines, workflow } = await created(t);
    const stranger = await pushed(machines, 2);
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    await assert.rejects(workflows.report(stranger, { ...key, boot: 'b', state: 'SUCCESS', at: 1 }), {
      code: 'CONFLICT',
      message: /action wipe is not for machine machine-2/,
    });
    await assert.rejects(workflows.log(stranger, { ...key, from: 0, entries: [] }), { code: 'NOT_FOUND' });
    assert.equal(workflows.heartbeat(stranger, { ...key, boot: 'b' }).continue, false);
    assert.equal((await workflows.ask(stranger, 'b')).kind, 'idle');
    assert.equal(workflows.get(workflow.id).state, 'PENDING');
  });
});

describe('the log of an attempt', () => {
  it('keeps what comes twice once, asks for what is missing, and is told as it comes', async (t) => {
    const { workflows, machine, workflow, store } = await created(t);
    const { readLog } = await import('../../src/workflows/logs.ts');
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    const told: unknown[] = [];
    workflows.onLog(({ data }) => {
      told.push([data.from, (data.entries as unknown[]).length]);
      assert.deepEqual([data.task, data.name], ['os', 'wipe'], 'with the names that people know it by');
    });
    const line = (n: number) => ({ at: n, stream: 'stdout' as const, text: `${n}\n` });
    const post = (from: number, ...numbers: number[]) =>
      workflows.log(machine, { ...key, from, entries: numbers.map(line) });
    assert.equal(await post(0, 0, 1), 2);
    assert.equal(await post(0, 0, 1), 2);
    assert.equal(await post(1, 1, 2, 3), 4);
    assert.equal(await post(9, 9), 4, 'the server says what it expects');
    assert.deepEqual(await Promise.all([post(4, 4), post(4, 4)]), [5, 5]);
    assert.deepEqual(
      (await readLog(store, key)).map(({ at }) => at),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(told, [
      [0, 2],
      [2, 2],
      [4, 1],
    ]);
    await assert.rejects(workflows.log(machine, { ...key, attempt: 7, from: 0, entries: [] }), { code: 'CONFLICT' });
  });

  it('is cut at its limit, and says so once', async (t) => {
    const { workflows, machine, workflow, store } = await created(t);
    const { LOG_LIMIT, readLog } = await import('../../src/workflows/logs.ts');
    const key = { workflow: workflow.id, action: 0, attempt: 1 };
    const entry = { at: 0, stream: 'stdout' as const, text: 'x'.repeat(65_536) };
    const perPost = 64;
    let from = 0;
    for (let i = 0; i < LOG_LIMIT / 65_536 / perPost + 2; i++)
      from = await workflows.log(machine, { ...key, from, entries: Array.from({ length: perPost }, () => entry) });
    assert.equal(from, LOG_LIMIT / 65_536 + 2 * perPost, 'the worker may forget what is not kept too');
    const kept = await readLog(store, key);
    assert.equal(kept.length, LOG_LIMIT / 65_536 + 1);
    assert.match(kept.at(-1)?.text ?? '', /the log is cut here, at its limit of 16 MiB/);
  });
});
