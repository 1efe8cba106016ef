/** How a machine's life goes on, as the server has it: real store, real engine, an agent that says what the test wants. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seal, sealingKeys } from '../../src/life/seal.ts';
import { readLog } from '../../src/workflows/logs.ts';
import { device, pushed } from '../workflows/made.ts';
import { agent, made, over, stage, task } from './made.ts';

const map = (entries: Record<string, string>) => ({
  section: 'profiles' as const,
  input: { name: 'global', params: { 'change-stage/map': entries } },
});

describe('a stage', () => {
  it('runs its Tasks in order, each as a Job, and then rests until more is to be done', async (t) => {
    const parts = await made(t, [task('a'), task('b', { prerequisites: ['a0'] }), task('a0'), stage('s', ['a', 'b'])]);
    const { machine, run, ask } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    assert.deepEqual(parts.lives.view(machine.id).tasks, ['a', 'a0', 'b']);
    assert.equal(parts.lives.view(machine.id).currentTask, -1);
    const ran = [await run(), await run(), await run()];
    assert.deepEqual(
      ran.map((each) => each.task),
      ['a', 'a0', 'b'],
    );
    assert.deepEqual((await ask()).kind, 'idle');
    const view = parts.lives.view(machine.id);
    assert.equal(view.currentTask, 3);
    assert.match(view.waits ?? '', /all is done in stage s, and nothing follows it/);
    // Each Job points to the one before; the newest is the current one.
    const chain = await parts.jobs.chain(machine.id);
    assert.deepEqual(
      chain.map(({ task: name }) => name),
      ['b', 'a0', 'a'],
    );
    assert.equal(view.job, chain[0]?.id);
    chain.forEach((job, i) => {
      assert.equal(job.previous, chain[i + 1]?.id);
      assert.deepEqual([job.state, job.exitState], ['finished', 'complete']);
    });
  });

  it('is followed by what the map says, only when all is done', async (t) => {
    const parts = await made(t, [
      task('a'),
      task('b'),
      stage('one', ['a', 'b']),
      stage('two', ['b']),
      map({ one: 'two' }),
    ]);
    const { machine, run } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 'one' });
    await run();
    assert.equal(parts.lives.view(machine.id).stage, 'one');
    await run();
    assert.equal(parts.lives.view(machine.id).stage, 'two');
    assert.deepEqual(parts.lives.view(machine.id).tasks, ['b']);
    assert.equal((await run()).job.stage, 'two');
  });

  it('whose environment is another reboots the machine, which runs nothing before it is there', async (t) => {
    const parts = await made(t, [
      task('a'),
      stage('one', ['a']),
      stage('two', ['a'], { bootEnv: 'local' }),
      map({ one: 'two' }),
    ]);
    const first = await agent(parts, 1);
    const { id } = first.machine;
    await parts.lives.setStage(id, { stage: 'one' });
    await first.run();
    assert.deepEqual(parts.lives.view(id).bootEnv, 'local');
    assert.equal(parts.lives.view(id).runnable, false);
    const told = await first.ask();
    assert.ok(told.kind === 'verb' && told.verb === 'reboot');
    // It comes back where it was: nothing is run, and the reason is there.
    const back = await agent(parts, 1, { boot: 'boot-2', agent: 'agent-2' });
    const idle = await back.ask();
    assert.ok(idle.kind === 'idle');
    assert.match(idle.reason, /in boot environment osie, and is to be in local/);
    const there = await agent(parts, 1, { boot: 'boot-3', agent: 'agent-3', bootEnv: 'local' });
    assert.equal((await there.run()).job.bootEnv, 'local');
  });

  it('without Tasks leads on at once; a circle of such ends, and says so', async (t) => {
    const parts = await made(t, [
      task('a'),
      stage('x', []),
      stage('y', []),
      stage('z', ['a']),
      map({ x: 'y', y: 'z' }),
    ]);
    const { machine } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 'x' });
    assert.equal(parts.lives.view(machine.id).stage, 'z');
    await parts.content.put('profiles', { name: 'global', params: { 'change-stage/map': { x: 'y', y: 'x' } } });
    await parts.lives.setStage(machine.id, { stage: 'x', force: true });
    assert.match(parts.lives.view(machine.id).waits ?? '', /change-stage\/map is a circle/);
  });

  it('is not left while Tasks are left, unless that is forced: they are given up', async (t) => {
    const parts = await made(t, [task('a'), task('b'), stage('one', ['a', 'b']), stage('two', ['b'])]);
    const { machine, run } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 'one' });
    await run();
    await assert.rejects(parts.lives.setStage(machine.id, { stage: 'two' }), /has Tasks of stage one left to do/);
    assert.equal(parts.lives.view(machine.id).stage, 'one');
    await parts.lives.setStage(machine.id, { stage: 'two', force: true });
    const view = parts.lives.view(machine.id);
    assert.deepEqual([view.stage, view.runnable, view.currentTask], ['two', true, -1]);
    assert.equal((await run()).job.stage, 'two');
  });
});

describe('the exit of a Job (table 1.6)', () => {
  async function running(t: Parameters<typeof made>[0]) {
    const parts = await made(t, [task('a'), task('b'), stage('s', ['a', 'b'])]);
    const first = await agent(parts, 1);
    await parts.lives.setStage(first.machine.id, { stage: 's' });
    return { parts, first, id: first.machine.id };
  }

  it('failed: nothing more is begun until a person says so; then the same Task is a new Job', async (t) => {
    const { parts, first, id } = await running(t);
    const failed = await first.run({ state: 'FAILED', message: 'script x exited with 127', exitCode: 127 });
    assert.deepEqual([failed.job.state, failed.job.exitState], ['failed', 'failed']);
    const { halt, currentTask } = parts.lives.view(id);
    assert.deepEqual([halt?.why, currentTask], ['failed', 0]);
    assert.deepEqual([(await first.ask()).kind], ['idle'], 'and nothing is done to the machine');
    await parts.lives.run(id);
    const again = await first.run();
    assert.equal(again.task, 'a');
    assert.notEqual(again.job.id, failed.job.id);
    assert.equal(again.job.previous, failed.job.id);
    assert.equal((await first.run()).task, 'b');
  });

  for (const [exit, code] of [
    ['reboot', 192],
    ['poweroff', 160],
  ] as const) {
    it(`${exit} and incomplete (${code}): the machine goes down, and the same Job goes on after it`, async (t) => {
      const { parts, first, id } = await running(t);
      const left = await first.run({ state: 'INCOMPLETE', exit, exitCode: code });
      assert.deepEqual([left.job.state, left.job.exitState], ['incomplete', exit]);
      const told = await first.ask();
      assert.ok(told.kind === 'verb' && told.verb === exit);
      assert.equal(parts.lives.view(id).halt?.why, exit);
      const back = await agent(parts, 1, { boot: 'boot-2', agent: 'agent-2' });
      const resumed = await back.run();
      assert.equal(resumed.job.id, left.job.id);
      assert.deepEqual(resumed.job.attempts, [1, 2]);
      assert.equal(resumed.job.state, 'finished');
      assert.equal((await back.run()).task, 'b', 'the pointer was kept');
    });

    it(`${exit} alone (${code - 128}): the Job is finished, and the next Task follows after it`, async (t) => {
      const { parts, first } = await running(t);
      const done = await first.run({ state: 'SUCCESS', exit });
      assert.deepEqual([done.job.state, done.job.exitState], ['finished', exit]);
      const told = await first.ask();
      assert.ok(told.kind === 'verb' && told.verb === exit);
      const back = await agent(parts, 1, { boot: 'boot-2', agent: 'agent-2' });
      assert.equal((await back.run()).task, 'b');
    });
  }

  it('stop (16, and 144 with incomplete): the agent ends; the next one goes on', async (t) => {
    const { parts, first } = await running(t);
    const left = await first.run({ state: 'INCOMPLETE', exit: 'stop' });
    assert.equal((await first.ask()).kind, 'exit');
    const next = await agent(parts, 1, { agent: 'agent-2' });
    const resumed = await next.run({ state: 'SUCCESS', exit: 'stop' });
    assert.equal(resumed.job.id, left.job.id);
    assert.equal((await next.ask()).kind, 'exit');
    assert.equal((await (await agent(parts, 1, { agent: 'agent-3' })).run()).task, 'b');
  });

  it('incomplete alone (128): it waits to be resumed, as the same Job', async (t) => {
    const { parts, first, id } = await running(t);
    const left = await first.run({ state: 'INCOMPLETE', exitCode: 128 });
    assert.equal((await first.ask()).kind, 'idle');
    assert.equal(parts.lives.view(id).halt?.why, 'incomplete');
    await parts.lives.run(id);
    assert.equal((await first.run()).job.id, left.job.id);
  });

  it('64 on the last Task: what follows the stage is decided at once, so that one restart does for both', async (t) => {
    const parts = await made(t, [
      task('a'),
      stage('s', ['a']),
      stage('next', ['a'], { bootEnv: 'local' }),
      map({ s: 'next' }),
    ]);
    const first = await agent(parts, 1);
    await parts.lives.setStage(first.machine.id, { stage: 's' });
    await first.run({ state: 'SUCCESS', exit: 'reboot' });
    assert.equal(parts.lives.view(first.machine.id).stage, 'next');
    const there = await agent(parts, 1, { boot: 'boot-2', agent: 'agent-2', bootEnv: 'local' });
    assert.equal((await there.run()).job.stage, 'next');
  });
});

describe('a Job that was left', () => {
  it('by an agent that died is failed, and its Task is run again', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const first = await agent(parts, 1);
    await parts.lives.setStage(first.machine.id, { stage: 's' });
    const work = await first.ask();
    assert.ok(work.kind === 'action' && work.run.kind === 'job');
    await parts.assignments.report(first.machine, { ...work.key, boot: 'boot-1', state: 'RUNNING', at: 1 });
    const next = await agent(parts, 1, { agent: 'agent-2' });
    const old = parts.jobs.get(work.run.job);
    assert.deepEqual([old.state, old.exitState], ['failed', 'failed']);
    assert.match(old.message ?? '', /restarted in the middle/);
    const again = await next.run();
    assert.equal(again.task, 'a');
    assert.equal(again.job.previous, old.id);
  });

  it('by a power cut likewise, and nothing is forgotten when the appliance is restarted too', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const first = await agent(parts, 1);
    await parts.lives.setStage(first.machine.id, { stage: 's' });
    const work = await first.ask();
    assert.ok(work.kind === 'action' && work.run.kind === 'job');
    await parts.assignments.report(first.machine, { ...work.key, boot: 'boot-1', state: 'RUNNING', at: 1 });
    await parts.store.close();
    const after = await over(parts.directory);
    t.after(() => after.store.close());
    const back = await agent(after, 1, { boot: 'boot-2', agent: 'agent-2' });
    assert.equal((await back.run()).job.state, 'finished');
    assert.deepEqual(
      (await after.jobs.chain(first.machine.id)).map(({ state }) => state),
      ['finished', 'failed'],
    );
  });
});

describe('a workflow of a stage that is deleted', () => {
  it('ends its Job, and the machine says why nothing goes on', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const { machine, ask } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    const work = await ask();
    assert.ok(work.kind === 'action' && work.run.kind === 'job');
    await parts.assignments.report(machine, { ...work.key, boot: 'boot-1', state: 'RUNNING', at: 1 });
    await parts.workflows.delete(work.key.workflow);
    assert.equal(parts.jobs.get(work.run.job).state, 'failed');
    assert.match(parts.lives.view(machine.id).halt?.sentence ?? '', /stage s was ended: CANCELLED/);
    await parts.lives.setStage(machine.id, { stage: 's', force: true });
    assert.equal((await ask()).kind, 'action');
  });
});

describe('a Task that cannot be filled in', () => {
  it('fails its Job, naming template and line', async (t) => {
    const broken = { name: 'seed', contents: 'ok\n{{ .Param "not/there" }}\n' };
    const parts = await made(t, [{ section: 'tasks', input: { name: 'a', templates: [broken] } }, stage('s', ['a'])]);
    const { machine, ask } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    assert.equal((await ask()).kind, 'idle');
    const [job] = await parts.jobs.chain(machine.id);
    assert.equal(job?.state, 'failed');
    assert.match(job?.message ?? '', /seed/);
    assert.match(job?.message ?? '', /line 2/);
    const { workflow = '', action = 0, attempts = [] } = job ?? {};
    const log = await readLog(parts.store, { workflow, action, attempt: attempts[0] ?? 0 });
    assert.deepEqual(
      log.map(({ text }) => text),
      [`${job?.message}\n`],
      'its log says so too',
    );
    assert.equal(parts.lives.view(machine.id).halt?.why, 'failed');
  });

  it('is filled in for its machine, and again when it is resumed', async (t) => {
    const script = { name: 'who', contents: '#!/bin/sh\necho {{ .Machine.Name }} {{ .Param "colour" }}\n' };
    const file = { name: 'conf', path: 'etc/{{ .Machine.Name }}.conf', contents: 'x' };
    const parts = await made(t, [
      { section: 'tasks', input: { name: 'a', templates: [file, script] } },
      stage('s', ['a']),
    ]);
    const agents = [await agent(parts, 1), await agent(parts, 2, { boot: 'other' })];
    const steps = [];
    for (const [n, each] of agents.entries()) {
      await parts.lives.setParams(each.machine.id, { set: { colour: ['red', 'blue'][n] } });
      await parts.lives.setStage(each.machine.id, { stage: 's' });
      steps.push((await each.run({ state: 'INCOMPLETE' })).run.steps);
    }
    assert.deepEqual(
      steps.map(([conf, who]) => [conf?.path, who?.content?.split('\n')[1]]),
      [
        ['etc/machine-1.conf', 'echo machine-1 red'],
        ['etc/machine-2.conf', 'echo machine-2 blue'],
      ],
    );
    const [first] = agents;
    assert.ok(first);
    await parts.lives.setParams(first.machine.id, { set: { colour: 'green' } });
    await parts.lives.run(first.machine.id);
    assert.match((await first.run()).run.steps[1]?.content ?? '', /machine-1 green/);
  });
});

describe('the list of Tasks', () => {
  it('grows while the machine is idle: the new one is run at once', async (t) => {
    const parts = await made(t, [task('a'), task('b'), stage('s', ['a'])]);
    const { machine, run } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    await run();
    parts.told.work.length = 0;
    await parts.lives.addTasks(machine.id, ['b']);
    assert.ok(parts.told.work.includes(machine.id));
    assert.equal((await run()).task, 'b');
    const { tasks, currentTask } = parts.lives.view(machine.id);
    assert.deepEqual([tasks, currentTask], [['a', 'b'], 2]);
  });

  it('is edited while it runs: only what has not begun', async (t) => {
    const parts = await made(t, [task('a'), task('b'), task('c'), stage('s', ['a', 'b'])]);
    const { machine, run, ask } = await agent(parts, 1);
    const { id } = machine;
    await parts.lives.setStage(id, { stage: 's' });
    await run();
    await assert.rejects(parts.lives.setTasks(id, ['c', 'b']), /Task 0 \(a\) .* has begun already/);
    await assert.rejects(parts.lives.addTasks(id, ['c'], 0), /has begun already/);
    await parts.lives.setTasks(id, ['a', 'c', 'b', 'c']);
    assert.deepEqual([(await run()).task, (await run()).task], ['c', 'b']);
    await parts.lives.removeTasks(id, [3]);
    assert.equal((await ask()).kind, 'idle');
    assert.equal(parts.lives.view(id).currentTask, 3, 'and that was all of the stage');
    await parts.store.close();
    const after = await over(parts.directory);
    t.after(() => after.store.close());
    assert.deepEqual(after.lives.view(id).tasks, ['a', 'c', 'b']);
  });

  it('may name what is not there: the machine says so, and goes on once it is', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const { machine, run, ask } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    await parts.lives.addTasks(machine.id, ['later']);
    const view = parts.lives.view(machine.id);
    assert.deepEqual([view.runnable, view.unusable], [false, ['Task later is not there']]);
    assert.equal((await ask()).kind, 'idle');
    await parts.content.put('tasks', task('later').input);
    assert.equal((await run()).task, 'a');
    assert.equal((await run()).task, 'later');
  });
});

describe('people', () => {
  it('pause a machine, and run it again', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const { machine, run, ask } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    await parts.lives.pause(machine.id);
    const idle = await ask();
    assert.ok(idle.kind === 'idle' && idle.reason === 'the machine is paused');
    await parts.lives.run(machine.id);
    await run();
  });

  it('lock a machine: nothing of it is changed but the lock', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const { machine } = await agent(parts, 1);
    const { id } = machine;
    await parts.lives.setLocked(id, true);
    const refused = /is locked/;
    await assert.rejects(parts.lives.setStage(id, { stage: 's' }), refused);
    await assert.rejects(parts.lives.setParams(id, { set: { a: 1 } }), refused);
    await assert.rejects(parts.lives.pause(id), refused);
    await assert.rejects(parts.machines.push([machine.hardware]), refused);
    await assert.rejects(parts.machines.delete(id), refused);
    await parts.lives.setLocked(id, false);
    await parts.lives.setStage(id, { stage: 's' });
  });

  it('send a machine through a list of stages', async (t) => {
    const list = { section: 'workflows' as const, input: { name: 'base', stages: ['one', 'two'] } };
    const parts = await made(t, [
      task('a'),
      task('b'),
      stage('one', ['a']),
      stage('two', ['b']),
      list,
      map({ one: 'one' }),
    ]);
    const { machine, run } = await agent(parts, 1);
    await parts.lives.setList(machine.id, { list: 'base' });
    assert.deepEqual([(await run()).task, (await run()).task], ['a', 'b']);
    assert.equal(parts.lives.view(machine.id).waits, 'list base is done');
  });

  it('are refused values that do not fit, all at once, and maps that lead nowhere', async (t) => {
    const param = { section: 'params' as const, input: { name: 'n', schema: { type: 'integer' } } };
    const parts = await made(t, [param, stage('s', [])]);
    const { machine } = await agent(parts, 1);
    const set = { n: 'x', 'change-stage/map': { s: 'gone:Reboot', other: 's:Jump' } };
    await assert.rejects(
      parts.lives.setParams(machine.id, { set }),
      (error: Error & { problems: { field: string }[] }) => {
        const fields = error.problems.map(({ field }) => field);
        assert.deepEqual([...new Set(fields)], ['params.n', 'params.change-stage/map']);
        assert.ok(error.problems.length >= 3, error.message);
        return true;
      },
    );
    assert.deepEqual(parts.lives.get(machine.id).params, {});
  });

  it('delete a machine with all that was kept of it', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a'])]);
    const { machine, run } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    await run();
    await parts.machines.delete(machine.id);
    assert.deepEqual(await parts.store.entries('life/'), []);
  });
});

describe('Jobs', () => {
  it('that are old are purged; the current one is kept, and a dry run changes nothing', async (t) => {
    const parts = await made(t, [task('a'), stage('s', ['a', 'a', 'a'])]);
    const { machine, run } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's' });
    for (let n = 0; n < 3; n++) {
      await run();
      parts.time.now += 1000;
    }
    const old = { olderThanMs: 500 };
    assert.equal((await parts.jobs.purge({ ...old, dryRun: true })).length, 2);
    assert.equal((await parts.jobs.list()).length, 3);
    assert.equal((await parts.jobs.purge({ ...old, keep: 2, dryRun: false })).length, 1);
    assert.equal((await parts.jobs.purge({ ...old, dryRun: false })).length, 1);
    const [left, ...others] = await parts.jobs.chain(machine.id);
    assert.equal(others.length, 0);
    assert.equal(left?.id, parts.lives.view(machine.id).job);
  });
});

describe('a machine whose agent has not been heard', () => {
  it('goes through no stages before that', async (t) => {
    const parts = await made(t, [stage('x', [], { bootEnv: 'local' }), stage('y', []), map({ x: 'y' })]);
    const machine = await pushed(parts.machines, 1);
    await parts.lives.setStage(machine.id, { stage: 'x' });
    const { stage: now, waits } = parts.lives.view(machine.id);
    assert.deepEqual([now, waits], ['x', 'no agent of it has been heard yet, in stage x']);
    await agent(parts, 1, { bootEnv: 'local' });
    assert.equal(parts.lives.view(machine.id).stage, 'y');
  });

  it('goes on to its own disk when the system that an installer has put there calls', async (t) => {
    const parts = await made(t, [
      { section: 'bootenvs', input: { name: 'deb-install', kernel: 'http://example/linux' } },
      stage('deb', [], { bootEnv: 'deb-install' }),
    ]);
    const machine = await pushed(parts.machines, 1);
    await parts.lives.setStage(machine.id, { stage: 'deb' });
    assert.equal(parts.lives.view(machine.id).bootEnv, 'deb-install');
    await parts.machines.heard(machine.id);
    const view = parts.lives.view(machine.id);
    assert.deepEqual([view.stage, view.bootEnv], ['local', 'local']);
    await parts.machines.heard(machine.id);
    assert.equal(parts.lives.view(machine.id).stage, 'local', 'its later calls mean nothing more');
  });
});

describe('a workflow that a person has made', () => {
  const TEMPLATE = `version: "0.1"
name: by-hand
global_timeout: 0
tasks: [{name: os, worker: "{{.device_1}}", actions: [{name: look, image: busybox, timeout: 60}]}]
`;

  async function inTheWay(t: Parameters<typeof made>[0], halt: 'elsewhere' | 'failed' | 'paused') {
    const parts = await made(t, [task('a'), stage('s', ['a'], { bootEnv: halt === 'elsewhere' ? 'local' : '' })]);
    const { machine, run, ask } = await agent(parts, 1);
    await parts.lives.setStage(machine.id, { stage: 's', force: true });
    if (halt === 'failed') await run({ state: 'FAILED' });
    if (halt === 'paused') await parts.lives.pause(machine.id);
    // It boots what such a workflow needs, and not what its stage does.
    const back = halt === 'elsewhere' ? await agent(parts, 1, { boot: 'boot-2', agent: 'agent-2' }) : { ask };
    if (halt === 'elsewhere')
      await parts.workflows.tell(parts.lives.get(machine.id).workflow ?? '', { command: 'cancel' });
    await parts.templates.create(TEMPLATE);
    await parts.workflows.create({ template: 'by-hand', devices: device(1) });
    return back.ask();
  }

  it('is not held up by its machine’s stage, wherever that is to be run, nor by one that has failed', async (t) => {
    for (const halt of ['elsewhere', 'failed'] as const) {
      const work = await inTheWay(t, halt);
      assert.ok(work.kind === 'action' && work.run.kind === 'image', `${halt}: ${JSON.stringify(work)}`);
    }
  });

  it('is by a pause', async (t) => {
    const work = await inTheWay(t, 'paused');
    assert.ok(work.kind === 'idle' && work.reason === 'the machine is paused');
  });
});

describe('secure params', () => {
  it('are taken sealed only, in profiles too', async (t) => {
    const parts = await made(t, [{ section: 'params', input: { name: 'password', secure: true } }]);
    const { machine } = await agent(parts, 1);
    const plain = { password: 'plain words' };
    await assert.rejects(parts.lives.setParams(machine.id, { set: plain }), /must be sealed/);
    await assert.rejects(parts.content.put('profiles', { name: 'p', params: plain }), /must be sealed/);
  });

  it('that a script reads by itself are kept out of the log of its stage', async (t) => {
    const parts = await made(t, [
      { section: 'params', input: { name: 'password', secure: true } },
      ...[task('a'), stage('s', ['a'])],
    ]);
    const { machine, ask } = await agent(parts, 1);
    await parts.lives.setParams(machine.id, {
      set: { password: seal(sealingKeys(parts.directory).publicKey, 'hunter2') },
    });
    await parts.lives.setStage(machine.id, { stage: 's' });
    const work = await ask();
    assert.ok(work.kind === 'action' && work.run.kind === 'job');
    await parts.assignments.report(machine, { ...work.key, boot: 'boot-1', state: 'RUNNING', at: 1 });
    const given = await parts.lives.openedForScript(machine.id, ['password']);
    assert.equal(given.get('password')?.value, 'hunter2');
    const entries = [{ at: 1, stream: 'stdout' as const, text: 'it is hunter2\n' }];
    await parts.output.log(machine, { ...work.key, from: 0, entries });
    const log = await readLog(parts.store, work.key);
    assert.deepEqual(
      log.map(({ text }) => text),
      ['it is ********\n'],
    );
  });
});
