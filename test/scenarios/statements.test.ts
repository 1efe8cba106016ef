/**
 * Digital Rebar's document on workflows, statement by statement, with a real agent in a process of its own against the
 * whole HTTP side of an appliance. The machines are made up: what an agent would do with its machine, it says. Those that
 * restart and switch off virtual machines are in test/lab.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Report } from '../../src/worker/protocol.ts';
import { stage, type Written } from '../life/made.ts';
import { appliance, eventually, type MadeUpMachine, plugIn } from './agents.ts';

type Server = Awaited<ReturnType<typeof appliance>>;

/** A Task of scripts (`name: text`) and of files (`/path: text`, or `./path`). */
const task = (name: string, steps: Record<string, string>, more: object = {}): Written[number] => ({
  section: 'tasks',
  input: {
    name,
    templates: Object.entries(steps).map(([key, contents]) =>
      /^[./]/.test(key)
        ? { name: key, path: key.replace(/^\.\//, ''), contents }
        : { name: key, contents: `#!/bin/sh\nHERE="$RS_RUNNER_DIR/.."\n${contents}\n` },
    ),
    ...more,
  },
});

/** A Task that notes that it has run. */
const note = (name: string, and = ''): Written[number] => task(name, { note: `echo ${name} >>"$HERE/ran"\n${and}` });

const map = (entries: Record<string, string>): Written[number] => ({
  section: 'profiles',
  input: { name: 'global', params: { 'change-stage/map': entries } },
});

const ran = ({ here }: MadeUpMachine): string[] =>
  existsSync(join(here, 'ran')) ? readFileSync(join(here, 'ran'), 'utf8').trim().split('\n') : [];

/** Waits until all Tasks of the machine's stage are done. */
const done = (server: Server, machine: MadeUpMachine): Promise<void> =>
  eventually(
    server,
    () => server.lives.view(machine.id).waits !== undefined,
    `${machine.name} to be done, which is ${JSON.stringify(server.lives.view(machine.id))}`,
  );
const halted = (server: Server, machine: MadeUpMachine, why: string): Promise<void> =>
  eventually(server, () => server.lives.view(machine.id).halt?.why === why, `${machine.name} to be halted: ${why}`);

async function scene(t: TestContext, content: Written): Promise<{ server: Server; machine: MadeUpMachine }> {
  const server = await appliance(t, content);
  return { server, machine: await plugIn(t, server, 1) };
}

const chain = async (server: Server, machine: MadeUpMachine) => (await server.jobs.chain(machine.id)).reverse();

test('statement 1: workflows of stages provision machines, and decommission them', async (t) => {
  const { server, machine } = await scene(t, [
    ...[note('discover'), note('install'), note('serve'), note('wipe'), note('note-end')],
    ...[stage('discover', ['discover']), stage('install', ['install']), stage('in-use', ['serve'])],
    ...[stage('wipe', ['wipe']), stage('retired', ['note-end'])],
    map({ discover: 'install', install: 'in-use', wipe: 'retired:Stop' }),
  ]);
  await server.lives.setStage(machine.id, { stage: 'discover' });
  await done(server, machine);
  assert.equal(server.lives.view(machine.id).stage, 'in-use');
  await server.lives.setStage(machine.id, { stage: 'wipe' });
  assert.equal(await machine.fate(), 'ended');
  assert.equal(server.lives.view(machine.id).stage, 'retired');
  await machine.start();
  await done(server, machine);
  assert.deepEqual(ran(machine), ['discover', 'install', 'serve', 'wipe', 'note-end']);
});

test('statement 2: Tasks are what is sequenced on a machine: in their order, one at a time', async (t) => {
  const busy = 'mkdir "$HERE/busy" || echo overlap >>"$HERE/ran"; rmdir "$HERE/busy"';
  const names = ['c', 'a', 'b', 'a'];
  const { server, machine } = await scene(t, [note('a', busy), note('b', busy), note('c', busy), stage('s', names)]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await done(server, machine);
  assert.deepEqual(ran(machine), names);
});

test('statement 3: a Task is executed by a Job for it, and nothing is without one', async (t) => {
  const { server, machine } = await scene(t, [note('a'), note('b'), stage('s', ['a', 'b', 'a'])]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await done(server, machine);
  const jobs = await chain(server, machine);
  assert.deepEqual(
    jobs.map(({ task: name }) => name),
    ran(machine),
  );
});

test('statement 4: a Task holds templates that are expanded for a machine', async (t) => {
  const { server, machine } = await scene(t, [
    task('t', { './conf': 'name={{ .Machine.Name }} colour={{ .Param "colour" }}', copy: 'cat conf >>"$HERE/ran"' }),
    stage('s', ['t']),
  ]);
  const other = await plugIn(t, server, 2);
  for (const [each, colour] of [
    [machine, 'red'],
    [other, 'blue'],
  ] as const) {
    await server.lives.setParams(each.id, { set: { colour } });
    await server.lives.setStage(each.id, { stage: 's' });
    await done(server, each);
  }
  assert.deepEqual([...ran(machine), ...ran(other)], ['name=machine-1 colour=red', 'name=machine-2 colour=blue']);
});

test('statement 5: whenever a Job is created; what cannot be expanded fails it, with template and line', async (t) => {
  const { server, machine } = await scene(t, [
    task('t', { first: 'echo {{ .Param "when" }} >>"$HERE/ran"; [ {{ .Param "when" }} = late ] || exit 128' }),
    task('broken', { seed: 'true\necho {{ .Param "not/there" }}' }),
    ...[stage('s', ['t']), stage('b', ['broken'])],
  ]);
  await server.lives.setParams(machine.id, { set: { when: 'early' } });
  await server.lives.setStage(machine.id, { stage: 's' });
  await halted(server, machine, 'incomplete');
  // Resumed, it is expanded again.
  await server.lives.setParams(machine.id, { set: { when: 'late' } });
  await server.lives.run(machine.id);
  await done(server, machine);
  assert.deepEqual(ran(machine), ['early', 'late']);
  await server.lives.setStage(machine.id, { stage: 'b' });
  await halted(server, machine, 'failed');
  const job = (await chain(server, machine)).at(-1);
  assert.equal(job?.state, 'failed');
  assert.match(job?.message ?? '', /seed.*line 4/s);
});

test('statement 6: a Job tracks the execution of a Task on a specific machine', async (t) => {
  const { server, machine } = await scene(t, [note('a'), stage('s', ['a'])]);
  const other = await plugIn(t, server, 2);
  for (const each of [machine, other]) {
    await server.lives.setStage(each.id, { stage: 's' });
    await done(server, each);
  }
  const [job, ...more] = await server.jobs.list({ machine: other.id });
  assert.equal(more.length, 0);
  assert.deepEqual([job?.machine, job?.task, job?.stage, job?.bootEnv], [other.id, 'a', 's', 'osie']);
});

test('statement 7: a Job is created each time; what is incomplete goes on as the same, what failed as a new one', async (t) => {
  const script =
    'n=$(cat "$HERE/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$HERE/n"; exit $(echo 128 1 0 | cut -d" " -f$((n + 1)))';
  const { server, machine } = await scene(t, [task('t', { script }), stage('s', ['t'])]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await halted(server, machine, 'incomplete');
  const [first] = await chain(server, machine);
  await server.lives.run(machine.id);
  await halted(server, machine, 'failed');
  assert.equal((await chain(server, machine)).length, 1);
  await server.lives.run(machine.id);
  await done(server, machine);
  const jobs = await chain(server, machine);
  assert.deepEqual(
    jobs.map(({ state, attempts }) => [state, attempts.length]),
    [
      ['failed', 2],
      ['finished', 1],
    ],
  );
  assert.equal(jobs[0]?.id, first?.id);
});

test('statement 8: Jobs keep their state of execution; what cannot be is refused', async (t) => {
  const { server, machine } = await scene(t, [note('a', '[ -e "$HERE/go" ] || exit 1'), stage('s', ['a'])]);
  const states: unknown[] = [];
  server.events.listen(({ kind, data }) => void (kind.startsWith('job.') && states.push(data.state)));
  await server.lives.setStage(machine.id, { stage: 's' });
  await halted(server, machine, 'failed');
  assert.deepEqual(states, ['created', 'running', 'failed']);
  const [job] = await chain(server, machine);
  assert.ok(job);
  // Nobody makes a success of it afterwards, nor reports on what has not begun.
  const report = { workflow: job.workflow, action: job.action, boot: 'machine-1-boot-1', at: 1 };
  const late: Report = { ...report, attempt: 1, state: 'SUCCESS' };
  assert.equal((await server.assignments.report({ id: machine.id, name: '' }, late)).outcome, 'superseded');
  const early: Report = { ...report, attempt: 7, state: 'SUCCESS' };
  assert.equal((await server.assignments.report({ id: machine.id, name: '' }, early)).outcome, 'superseded');
  assert.equal(server.jobs.get(job.id).state, 'failed');
});

test('statement 9: the history is a chain of Jobs, of which one is current', async (t) => {
  const { server, machine } = await scene(t, [
    note('a'),
    stage('s', ['a', 'a', 'a']),
    stage('r', ['a']),
    map({ s: 'r' }),
  ]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await done(server, machine);
  const walked: string[] = [];
  for (let id = server.lives.view(machine.id).job; id !== undefined; id = server.jobs.get(id).previous) walked.push(id);
  assert.equal(walked.length, 4);
  assert.deepEqual(
    walked,
    (await server.jobs.chain(machine.id)).map(({ id }) => id),
  );
});

test('statement 10: it includes all that scripts write, in order, whatever happens to the agent', async (t) => {
  const { server, machine } = await scene(t, [
    task('t', {
      './conf': 'x=1\n',
      // Not again after the agent was killed, of which the first Job's log must be whole.
      talk: 'echo out 1; echo err 1 >&2; [ -e "$HERE/again" ] && exit 0\nn=1; while [ $n -lt 2000 ]; do n=$((n+1)); echo out $n; done; touch "$HERE/again"; sleep 60',
    }),
    stage('s', ['t']),
  ]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await eventually(server, () => existsSync(join(machine.here, 'again')), 'the script to have written all');
  await machine.kill();
  await machine.start();
  await done(server, machine);
  const [first, second] = await chain(server, machine);
  assert.deepEqual([first?.state, second?.state], ['failed', 'finished']);
  const log = await machine.log(first?.id ?? '');
  const lines = log.split('\n').filter((line) => /^out \d/.test(line));
  assert.deepEqual(
    lines,
    Array.from({ length: 2000 }, (_, n) => `out ${n + 1}`),
  );
  assert.match(log, /err 1/);
  assert.match(log, /conf/, 'files that were written are told too');
});

/** Exit code: state and exit state of the Job, and what becomes of machine and agent. */
const EXITS: [code: number, state: string, exitState: string, fate: string | undefined][] = [
  [0, 'finished', 'complete', undefined],
  [16, 'finished', 'stop', 'ended'],
  [32, 'finished', 'poweroff', 'poweroff'],
  [64, 'finished', 'reboot', 'reboot'],
  [128, 'incomplete', 'complete', undefined],
  [144, 'incomplete', 'stop', 'ended'],
  [160, 'incomplete', 'poweroff', 'poweroff'],
  [192, 'incomplete', 'reboot', 'reboot'],
  ...[1, 2, 17, 48, 96, 126, 127, 130, 137, 255].map((code): [number, string, string, undefined] => [
    ...([code, 'failed', 'failed', undefined] as [number, string, string, undefined]),
  ]),
];

test('statement 11: the exit status of a Job decides what the agent does next', async (t) => {
  for (const [code, state, exitState, fate] of EXITS) {
    await t.test(`exit ${code}: ${state}, ${exitState}`, async (u) => {
      const { server, machine } = await scene(u, [task('t', { script: `exit ${code}` }), stage('s', ['t'])]);
      await server.lives.setStage(machine.id, { stage: 's' });
      await eventually(server, () => server.lives.view(machine.id).job !== undefined, 'a Job');
      const id = server.lives.view(machine.id).job ?? '';
      await eventually(server, () => server.jobs.get(id).exitState !== undefined, 'its end');
      if (fate !== undefined) assert.equal(await machine.fate(), fate);
      const job = server.jobs.get(id);
      assert.deepEqual([job.state, job.exitState], [state, exitState]);
      assert.equal(server.lives.view(machine.id).runnable, state === 'finished' && fate === undefined);
      // Without a word of it nothing is done with the machine: its agent is there still.
      if (fate === undefined) assert.equal(server.machines.work(machine.id).verb, undefined);
    });
  }
  await t.test('a signal: failed, and nothing is done with the machine', async (u) => {
    const { server, machine } = await scene(u, [task('t', { script: 'kill -TERM $$' }), stage('s', ['t'])]);
    await server.lives.setStage(machine.id, { stage: 's' });
    await halted(server, machine, 'failed');
    assert.equal(server.machines.work(machine.id).verb, undefined);
  });
});

test('statement 12: a stage is a list of Tasks and the boot environment that they are run in', async (t) => {
  const { server, machine } = await scene(t, [
    note('a'),
    stage('one', ['a']),
    stage('two', ['a', 'a'], { bootEnv: 'local' }),
  ]);
  await server.lives.setStage(machine.id, { stage: 'two' });
  const { tasks, currentTask, bootEnv, runnable } = server.lives.view(machine.id);
  assert.deepEqual([tasks, currentTask, bootEnv, runnable], [['a', 'a'], -1, 'local', false]);
  assert.equal(await machine.fate(), 'reboot');
  assert.deepEqual(ran(machine), [], 'nothing was run where it does not belong');
  await machine.boot('local');
  await done(server, machine);
  assert.deepEqual(ran(machine), ['a', 'a']);
});

test('statement 13: the agent creates Jobs, the server chooses the Task', async (t) => {
  const { server, machine } = await scene(t, [note('a'), stage('s', ['a'])]);
  assert.deepEqual(await server.jobs.list(), [], 'no Job before there is something to do');
  await machine.kill();
  await server.lives.setStage(machine.id, { stage: 's' });
  assert.deepEqual(await server.jobs.list(), [], 'and none before an agent asks');
  await machine.start();
  await done(server, machine);
  assert.equal((await server.jobs.list())[0]?.task, 'a');
});

test('statement 14: the agent writes out or executes actions, in the order of the templates', async (t) => {
  const { server, machine } = await scene(t, [
    task('t', {
      before: '[ ! -e conf ] && echo "not yet" >>"$HERE/ran"; true',
      './conf': 'written\n',
      './folder/below': 'deep\n',
      after: 'cat conf folder/below >>"$HERE/ran"; stat -c %a conf >>"$HERE/ran"; stat -c %a "$0" >>"$HERE/ran"',
    }),
    task('absolute', { where: 'echo "$RS_TASK_DIR" >"$HERE/where"' }),
    stage('s', ['t', 'absolute']),
  ]);
  const path = join(machine.here, 'absolute-file');
  await server.content.put('tasks', {
    name: 'outside',
    templates: [{ name: 'abs', path, contents: 'absolute\n' }],
  });
  await server.lives.setStage(machine.id, { stage: 's' });
  await server.lives.addTasks(machine.id, ['outside']);
  await done(server, machine);
  assert.deepEqual(ran(machine), ['not yet', 'written', 'deep', '644', '700']);
  assert.equal(readFileSync(path, 'utf8'), 'absolute\n');
  assert.equal(statSync(path).mode & 0o777, 0o644);
});

test('statement 15: the agent streams logs while a script runs', async (t) => {
  const { server, machine } = await scene(t, [
    task('t', { talk: 'echo first word\nwhile [ ! -e "$HERE/go" ]; do sleep 0.05; done\necho last word' }),
    stage('s', ['t']),
  ]);
  await server.lives.setStage(machine.id, { stage: 's' });
  const id = (): string => server.lives.view(machine.id).job ?? '';
  await eventually(
    server,
    async () => id() !== '' && (await machine.log(id())).includes('first word'),
    'the first word',
  );
  assert.equal(server.jobs.get(id()).state, 'running');
  writeFileSync(join(machine.here, 'go'), '');
  await done(server, machine);
  await machine.kill();
  assert.match(await machine.log(id()), /first word\n[\s\S]*last word/, 'it is there when the agent is not');
});

test('statement 16: the state of a Job comes from its actions: one that fails stops those after it', async (t) => {
  const { server, machine } = await scene(t, [
    task('t', { one: 'echo one >>"$HERE/ran"', two: 'exit 3', three: 'echo three >>"$HERE/ran"' }),
    task('early', { one: 'exit 128', two: 'echo skipped >>"$HERE/ran"' }),
    ...[stage('s', ['t']), stage('e', ['early'])],
  ]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await halted(server, machine, 'failed');
  const [job] = await chain(server, machine);
  assert.match(job?.message ?? '', /two exited with 3/);
  await server.lives.setStage(machine.id, { stage: 'e', force: true });
  await done(server, machine);
  assert.equal(
    (await chain(server, machine)).at(-1)?.state,
    'finished',
    '128 before the last action is an early success',
  );
  assert.deepEqual(ran(machine), ['one']);
});

test('statement 17: the agent reboots as the exit status, the map or the stage says', async (t) => {
  const cases: [string, Written][] = [
    ['exit 64', [task('t', { script: 'exit 64' }), stage('s', ['t'])]],
    ['exit 192', [task('t', { script: 'exit 192' }), stage('s', ['t'])]],
    [':Reboot', [note('t'), stage('s', ['t']), stage('n', []), map({ s: 'n:Reboot' })]],
    ['reboot: true', [note('t'), stage('s', ['t']), stage('n', [], { reboot: true }), map({ s: 'n:Stop' })]],
    ['another environment', [note('t'), stage('s', ['t']), stage('n', [], { bootEnv: 'local' }), map({ s: 'n' })]],
  ];
  for (const [name, content] of cases) {
    await t.test(name, async (u) => {
      const { server, machine } = await scene(u, content);
      await server.lives.setStage(machine.id, { stage: 's' });
      assert.equal(await machine.fate(), 'reboot');
    });
  }
});

test('statement 18: and powers off', async (t) => {
  for (const [name, content] of [
    ['exit 32', [task('t', { script: 'exit 32' }), stage('s', ['t'])]],
    ['exit 160', [task('t', { script: 'exit 160' }), stage('s', ['t'])]],
    [':Shutdown', [note('t'), stage('s', ['t']), stage('n', []), map({ s: 'n:Shutdown' })]],
  ] as [string, Written][]) {
    await t.test(name, async (u) => {
      const { server, machine } = await scene(u, content);
      await server.lives.setStage(machine.id, { stage: 's' });
      assert.equal(await machine.fate(), 'poweroff');
    });
  }
});

test('statement 19: it changes to another stage, and only when the list is done', async (t) => {
  const { server, machine } = await scene(t, [
    note('a'),
    note('b', 'while [ ! -e "$HERE/go" ]; do sleep 0.05; done'),
    ...[stage('one', ['a', 'b']), stage('two', ['a']), map({ one: 'two' })],
  ]);
  await server.lives.setStage(machine.id, { stage: 'one' });
  await eventually(server, () => ran(machine).length === 2, 'the second Task');
  assert.equal(server.lives.view(machine.id).stage, 'one');
  writeFileSync(join(machine.here, 'go'), '');
  await done(server, machine);
  assert.equal(server.lives.view(machine.id).stage, 'two');
});

test('statement 20: unless it is told to exit, the agent watches the event stream of its machine', async (t) => {
  const { server, machine } = await scene(t, [
    note('a'),
    ...[stage('wait', ['a']), stage('end', ['a'], { runnerWait: false })],
  ]);
  await server.lives.setStage(machine.id, { stage: 'wait' });
  await done(server, machine);
  await eventually(server, () => server.workerStream.isOpen(machine.id), 'its stream');
  await server.lives.setStage(machine.id, { stage: 'end' });
  assert.equal(await machine.fate(), 'ended');
  assert.deepEqual(ran(machine), ['a', 'a']);
});

test('statement 21: and runs new Tasks as they come, within 100 ms', async (t) => {
  const { server, machine } = await scene(t, [note('a'), note('b'), stage('s', ['a'])]);
  await server.lives.setStage(machine.id, { stage: 's' });
  await done(server, machine);
  await eventually(server, () => server.workerStream.isOpen(machine.id), 'its stream');
  const delays: number[] = [];
  for (let n = 0; n < 7; n++) {
    let told = 0;
    const { promise, resolve } = Promise.withResolvers<number>();
    const stop = server.events.listen(({ kind }) => {
      if (kind === 'machine.tasks') told = performance.now();
      // Created by the agent's question.
      if (kind === 'job.created') resolve(performance.now() - told);
    });
    await server.lives.addTasks(machine.id, ['b']);
    delays.push(await promise);
    stop();
    await done(server, machine);
  }
  delays.sort((x, y) => x - y);
  // Other tests share the processors with this one: what it takes when they do not hold it up counts.
  assert.ok((delays[0] ?? 1000) < 100, `it took ${delays.map(Math.round).join(', ')} ms`);
  assert.equal(ran(machine).filter((name) => name === 'b').length, 7);
});

test('statement 22: the map says what follows when all is done, and is not asked when something has failed', async (t) => {
  const { server, machine } = await scene(t, [
    note('a'),
    note('b', '[ -e "$HERE/mended" ]'),
    ...[stage('one', ['a', 'b']), stage('two', ['a']), map({ one: 'two' })],
  ]);
  await server.lives.setStage(machine.id, { stage: 'one' });
  await halted(server, machine, 'failed');
  assert.equal(server.lives.view(machine.id).stage, 'one');
  writeFileSync(join(machine.here, 'mended'), '');
  await server.lives.run(machine.id);
  await done(server, machine);
  assert.equal(server.lives.view(machine.id).stage, 'two');
  assert.deepEqual(ran(machine), ['a', 'b', 'b', 'a'], 'and what had succeeded was not run again');
});

test('statement 23: its keys are stages, its values the next one and what the agent does; what is neither is refused', async (t) => {
  const { server, machine } = await scene(t, [note('a'), stage('one', ['a']), stage('two', ['a'])]);
  const write = (entries: Record<string, string>): Promise<unknown> =>
    server.lives.setParams(machine.id, { set: { 'change-stage/map': entries } });
  await assert.rejects(write({ one: 'two:Jump' }), /Jump/);
  await assert.rejects(write({ one: 'gone' }), /gone/);
  await assert.rejects(
    write({ none: 'two' }).then(() => write({ missing: 'two' })),
    /missing/,
  );
  await assert.rejects(
    server.content.put('profiles', { name: 'p', params: { 'change-stage/map': { one: 'two:Jump' } } }),
    /Jump/,
  );
  await write({ one: 'two:Stop' });
  await server.lives.setStage(machine.id, { stage: 'one' });
  assert.equal(await machine.fate(), 'ended');
  assert.equal(server.lives.view(machine.id).stage, 'two');
  await machine.start();
  await done(server, machine);
});

test('statement 24: together they take a machine through reboots, power cuts and a restart of the appliance', async (t) => {
  const { server, machine } = await scene(t, [
    task('prepare', {
      './marker': 'x',
      script: 'echo prepare >>"$HERE/ran"; [ -e "$HERE/rebooted" ] && exit 0; touch "$HERE/rebooted"; exit 192',
    }),
    note('work', '[ -e "$HERE/cut" ] && exit 0; touch "$HERE/cut"; sleep 60'),
    note('serve'),
    ...[
      stage('install', ['prepare', 'work']),
      stage('in-use', ['serve'], { bootEnv: 'local' }),
      map({ install: 'in-use' }),
    ],
  ]);
  await server.lives.setStage(machine.id, { stage: 'install' });
  assert.equal(await machine.fate(), 'reboot');
  await machine.boot();
  await eventually(server, () => existsSync(join(machine.here, 'cut')), 'the second Task');
  await machine.kill();
  await machine.boot();
  assert.equal(await machine.fate(), 'reboot', 'into the environment of the next stage');
  await machine.boot('local');
  await done(server, machine);
  assert.deepEqual(ran(machine), ['prepare', 'prepare', 'work', 'work', 'serve']);
  assert.deepEqual(
    (await chain(server, machine)).map(({ task: name, state }) => `${name} ${state}`),
    ['prepare finished', 'work failed', 'work finished', 'serve finished'],
  );
});

test('two agents for one machine: the second is refused, and told why', async (t) => {
  const { server, machine } = await scene(t, [
    note('a', 'while [ ! -e "$HERE/go" ]; do sleep 0.05; done'),
    stage('s', ['a']),
  ]);
  await eventually(server, () => server.workerStream.isOpen(machine.id), 'its stream');
  await server.lives.setStage(machine.id, { stage: 's' });
  await eventually(server, () => ran(machine).length === 1, 'the Task');
  const token = await server.workerTokens.issue(machine.id);
  const hello = { mac: machine.mac, boot: 'machine-1-boot-1', agent: 'another', version: 'test' };
  const answer = await server.call('POST', '/api/v1/worker/hello', {
    token,
    body: hello,
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(answer.status, 409);
  assert.match(answer.json.detail, /Another worker works for machine machine-1 since/);
  writeFileSync(join(machine.here, 'go'), '');
  await done(server, machine);
  assert.equal((await server.jobs.list()).length, 1, 'the first was not disturbed');
});
