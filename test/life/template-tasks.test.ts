/** Templates of workflows that name Tasks, and have scripts and files of their own: they are run as Jobs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../src/errors.ts';
import { macOf } from '../machines/examples.ts';
import { agent, made, stage, task } from './made.ts';

const template = (actions: string, more = ''): string => `version: "0.1"
name: burn
tasks:
  - name: os
    worker: "{{.device_1}}"
    environment: {PLACE: B7}
    actions:
${actions.replace(/^/gm, '      ')}
${more}`;

/** A machine with its agent, and a workflow of these actions for it. */
async function begun(t: Parameters<typeof made>[0], content: Parameters<typeof made>[1], actions: string, more = '') {
  const parts = await made(t, content);
  const worker = await agent(parts, 1);
  await parts.templates.create(template(actions, more));
  const create = (secrets: Record<string, string> = {}) =>
    parts.workflows.create({ template: 'burn', devices: { device_1: macOf(1) }, secrets });
  return { ...parts, worker, create, machine: worker.machine };
}

const refusal = async (work: Promise<unknown>): Promise<TinsmithError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TinsmithError, String(error));
  return error;
};

const words = { name: 's', contents: 'echo {{ .Param "word" }} on {{ .Machine.Name }}' };

describe('a template', () => {
  test('names Tasks, which are run as Jobs of the machine’s chain', async (t) => {
    const { worker, create, workflows, jobs, machine } = await begun(
      t,
      [
        task('check', { templates: [words], prerequisites: ['look'] }),
        task('look'),
        { section: 'profiles', input: { name: 'global', params: { word: 'global' } } },
      ],
      `- {name: one, task: check}
- {name: two, task: check, params: {word: own, n: 3, list: [a, "1", true]}, environment: {PLACE: C1}}
- {name: three, script: 'echo three', interpreter: bash}
- {name: four, file: /etc/place, contents: "B7\\n"}`,
    );
    const { id } = await create();
    const ran = [];
    for (let n = 0; n < 5; n++) ran.push(await worker.run());
    assert.deepEqual(
      ran.map(({ run, job }) => [job.task, ...run.steps.map(({ content }) => content), run.environment.PLACE]),
      [
        ['look', '#!/bin/sh\ntrue\n', 'B7'],
        ['check', 'echo global on machine-1', 'B7'],
        ['check', 'echo own on machine-1', 'C1'],
        ['three', 'echo three', 'B7'],
        ['four', 'B7\n', 'B7'],
      ],
    );
    assert.deepEqual(ran[3]?.run.steps, [{ name: 'three', content: 'echo three', interpreter: 'bash' }]);
    assert.deepEqual(ran[4]?.run.steps, [{ name: 'four', path: '/etc/place', content: 'B7\n' }]);
    assert.equal(ran[3]?.run.environment.RS_MACHINE, 'machine-1');
    const workflow = workflows.get(id);
    assert.equal(workflow.state, 'SUCCESS');
    assert.deepEqual(
      workflow.actions.map(({ name }) => name),
      ['one: look', 'one', 'two', 'three', 'four'],
    );
    assert.deepEqual(workflow.actions[2]?.run.kind === 'job' && workflow.actions[2].run.params, {
      ...{ word: 'own', n: 3, list: ['a', '1', true] },
    });
    const chain = await jobs.chain(machine.id);
    assert.deepEqual(
      chain.map(({ task, state, previous, workflow: of, stage: none }) => [task, state, previous, of, none]),
      ['four', 'three', 'check', 'check', 'look'].map((name, n) => [name, 'finished', chain[n + 1]?.id, id, '']),
    );
  });

  test('is refused where a Task is not there, or its params cannot be, with the place', async (t) => {
    const { create } = await begun(
      t,
      [
        task('check'),
        { section: 'params', input: { name: 'size', schema: { type: 'number' } } },
        { section: 'params', input: { name: 'word', secure: true } },
      ],
      `- {name: one, task: chekc}
- {name: two, task: check, params: {size: big, word: hunter22}}`,
    );
    const { problems } = await refusal(create());
    assert.deepEqual(
      problems.map(({ field, message, line, column }) => [line, column, field, message]),
      [
        [8, 27, 'tasks[0].actions[0].task', 'there is no Task chekc; did you mean "check"?'],
        [9, 60, 'tasks[0].actions[1].params.word', 'is secure: set it for the machine or in a profile, not here'],
        [9, 49, 'tasks[0].actions[1].params.size', 'must be number'],
      ],
    );
  });

  test('has no Tasks, scripts and files for the provisioner', async (t) => {
    const parts = await made(t, [task('check')]);
    await parts.templates.create(
      `${template('- {name: one, task: check}\n- {name: two, script: x}').replace('"{{.device_1}}"', 'provisioner')}`,
    );
    const { problems } = await refusal(parts.workflows.create({ template: 'burn', devices: {} }));
    assert.deepEqual(
      problems.map(({ field, line }) => [field, line]),
      [
        ['tasks[0].actions[0].name', 8],
        ['tasks[0].actions[1].name', 9],
      ],
    );
  });

  test('fails with its Task, and holds up neither the machine nor its stage', async (t) => {
    const { worker, create, workflows, lives, machine } = await begun(
      t,
      [task('check'), task('look'), stage('s', ['look'])],
      '- {name: one, task: check, retries: {limit: 1, backoff: 0}}',
    );
    const { id } = await create();
    const first = await worker.run({ state: 'FAILED', message: 'no' });
    assert.equal(workflows.get(id).state, 'RUNNING');
    const second = await worker.run({ state: 'FAILED', message: 'no' });
    assert.equal(second.job.previous, first.job.id, 'another Job for another try');
    assert.deepEqual([first.job.state, second.job.state], ['failed', 'failed']);
    assert.equal(workflows.get(id).state, 'FAILED');
    assert.equal(lives.view(machine.id).halt, undefined);
    await lives.setStage(machine.id, { stage: 's' });
    assert.equal((await worker.run()).task, 'look');
  });

  test('has what cannot be filled in as a failed Job', async (t) => {
    const { worker, create, workflows, jobs, machine } = await begun(
      t,
      [task('check', { requiredParams: ['word'] })],
      '- {name: one, task: check}',
    );
    const { id } = await create();
    assert.match(
      JSON.stringify(await worker.ask()),
      /task check needs param word, which machine machine-1 does not have/,
    );
    assert.equal(workflows.get(id).state, 'FAILED');
    assert.equal((await jobs.chain(machine.id))[0]?.state, 'failed');
  });

  test('waits with what is incomplete, until it is told to go on, as the same Job', async (t) => {
    const { worker, create, workflows, lives, machine } = await begun(
      t,
      [task('check'), task('look'), stage('s', ['look'])],
      '- {name: one, task: check}',
    );
    await lives.setStage(machine.id, { stage: 's' });
    await worker.run({ state: 'FAILED' });
    await lives.setStage(machine.id, { stage: 'none', force: true });
    const { id } = await create();
    const { job } = await worker.run({ state: 'INCOMPLETE' });
    assert.equal(job.state, 'incomplete');
    assert.match(JSON.stringify(await worker.ask()), /idle.*Task check is to go on/);
    await lives.run(machine.id);
    const again = await worker.run();
    assert.deepEqual([again.job.id, again.job.state], [job.id, 'finished']);
    assert.equal(workflows.get(id).state, 'SUCCESS');
    await create();
    const late = await worker.run({ state: 'INCOMPLETE' });
    await workflows.tell(late.job.workflow, { command: 'cancel' });
    assert.equal(lives.view(machine.id).halt, undefined, 'a workflow that is over holds up nothing');
    assert.equal((await worker.ask()).kind, 'idle');
  });

  test('goes on after the restart that its Task has asked for', async (t) => {
    const parts = await begun(t, [task('check')], '- {name: one, task: check}\n- {name: two, script: x}');
    const { worker, create, workflows } = parts;
    const { id } = await create();
    const { job } = await worker.run({ state: 'INCOMPLETE', exit: 'reboot' });
    const verb = await worker.ask();
    assert.deepEqual(
      [verb.kind, verb.kind === 'verb' && verb.verb, verb.kind === 'verb' && verb.workflow],
      ['verb', 'reboot', id],
    );
    const next = await agent(parts, 1, { boot: 'boot-2', agent: 'agent-2' });
    const again = await next.run();
    assert.equal(again.job.id, job.id);
    await next.run();
    assert.equal(workflows.get(id).state, 'SUCCESS');
  });

  test('is given up when it is deleted in the middle of a Job', async (t) => {
    const { worker, create, workflows, jobs, machine } = await begun(t, [], '- {name: one, script: x}');
    const { id } = await create();
    const work = await worker.ask();
    assert.equal(work.kind, 'action');
    await workflows.delete(id);
    assert.equal((await jobs.chain(machine.id))[0]?.state, 'failed');
  });

  test('keeps its secrets out of its record, and gives them to the machine', async (t) => {
    const { worker, create, workflows } = await begun(
      t,
      [task('check', { templates: [words] })],
      `- {name: one, script: 'echo {{ .secrets.word }}', environment: {WORD: '{{ .secrets.word }}'}}
- {name: two, task: check, params: {word: '{{ .secrets.word }}'}}`,
    );
    const { id } = await create({ word: 'hunter22' });
    assert.doesNotMatch(JSON.stringify(workflows.get(id)), /hunter22/);
    const { run } = await worker.run();
    assert.deepEqual([run.steps[0]?.content, run.environment.WORD], ['echo hunter22', 'hunter22']);
    assert.ok(run.secrets.includes('hunter22'));
    assert.equal((await worker.run()).run.steps[0]?.content, 'echo hunter22 on machine-1');
  });
});
