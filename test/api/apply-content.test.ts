/** Content in files beside other documents: found by what it is, and applied as a whole. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { separate } from '../../src/api/content-documents.ts';
import { HARDWARE, PLAIN, TEMPLATE } from '../manifests/examples.ts';
import { type Running, running } from './running.ts';

const TASK = `kind: Task
name: greet
templates:
  - name: hello
    contents: |
      #!/bin/sh
      echo hello
`;
const STAGE = 'kind: Stage\nname: greeting\ntasks: [greet]\n';
const PACK = `meta: {name: lab, version: "1"}
sections:
  params:
    size: {Name: size}
`;

async function apply({ call }: Running, text: string, query = '') {
  const { status, json } = await call('POST', `/api/v1/apply${query}`, { body: text });
  assert.equal(status, 200, JSON.stringify(json));
  const objects: { kind: string; name: string; action: string; line: number; diff: string }[] = json.data.objects;
  return { objects, said: objects.map(({ kind, name, action }) => `${kind}/${name} ${action}`) };
}

describe('documents of content', () => {
  it('are told from others, which keep their lines', () => {
    const text = [HARDWARE, TASK, PLAIN, PACK, TEMPLATE].join('---\n');
    const { rest, documents } = separate(text);
    assert.deepEqual(
      documents.map(({ kind, line }) => [kind, line]),
      [
        ['object', HARDWARE.split('\n').length + 1],
        ['pack', [HARDWARE, TASK, PLAIN].join('---\n').split('\n').length + 1],
      ],
    );
    const lines = text.split('\n');
    assert.equal(rest.split('\n').length, lines.length);
    for (const [i, line] of rest.split('\n').entries()) if (line !== '') assert.equal(line, lines[i]);
    assert.ok(!rest.includes('echo hello') && !rest.includes('sections'));
  });

  it('are JSON too, alone or in a list', () => {
    const task = { kind: 'Task', name: 'x' };
    const sections = (text: string) =>
      separate(text).documents.map((each) => (each.kind === 'pack' ? 'pack' : each.section));
    assert.deepEqual(sections(JSON.stringify(task)), ['tasks']);
    assert.deepEqual(sections(JSON.stringify([task, { kind: 'StageList', name: 'y' }], null, 1)), [
      'tasks',
      'workflows',
    ]);
    assert.deepEqual(sections(JSON.stringify({ meta: { name: 'p' }, sections: {} })), ['pack']);
    assert.deepEqual(sections(JSON.stringify([task, { network: {} }])), []);
    assert.deepEqual(sections(JSON.stringify({ ...task, apiVersion: 'tinkerbell.org/v1alpha1' })), []);
  });

  it('never change what others say, whatever that is', () => {
    const others = fc.constantFrom(HARDWARE, PLAIN, TEMPLATE, 'a: 1\n', '{{ if }}\nkind: x\n');
    fc.assert(
      fc.property(fc.array(fc.oneof(others, fc.constantFrom(TASK, PACK))), (documents) => {
        const { rest } = separate(documents.join('---\n'));
        const kept = documents.filter((each) => each !== TASK && each !== PACK).join('');
        const without = (text: string) => text.replaceAll(/^---\n|^\n/gm, '');
        assert.equal(without(rest), without(kept));
      }),
    );
  });
});

describe('apply', () => {
  it('makes content with the rest, in any order, and changes nothing the second time', async (t) => {
    const on = await running(t);
    const text = [HARDWARE, STAGE, TASK, PACK].join('---\n');
    const { said, objects } = await apply(on, text);
    assert.deepEqual(said, [
      'pack/lab created',
      'stage/greeting created',
      'task/greet created',
      'hardware/tink-system/node-1 created',
    ]);
    assert.match(objects[2]?.diff ?? '', /^\+kind: Task$/m);
    assert.equal(objects[0]?.diff, '+ params/size');
    assert.equal(on.content.get('stages', 'greeting').tasks[0], 'greet');
    const again = await apply(on, text);
    assert.ok(
      again.objects.every(({ action, diff }) => action === 'unchanged' && diff === ''),
      again.said.join(),
    );
    const changed = await apply(on, text.replace('echo hello', 'echo goodbye'), '?dryRun=true');
    assert.equal(changed.said[2], 'task/greet changed');
    assert.match(changed.objects[2]?.diff ?? '', /^-.*echo hello$/m);
    assert.match(on.content.get('tasks', 'greet').templates[0]?.contents ?? '', /echo hello/);
  });

  it('does nothing on a dry run', async (t) => {
    const on = await running(t);
    const { said } = await apply(on, [PACK, TASK].join('---\n'), '?dryRun=true');
    assert.deepEqual(said, ['pack/lab created', 'task/greet created']);
    assert.equal(on.content.find('tasks', 'greet'), undefined);
    assert.ok(on.content.packs().every(({ layer }) => layer === 'builtin'));
  });

  it('tells on a dry run what is not there, and counts what other documents would bring', async (t) => {
    const on = await running(t);
    const dry = (text: string) => on.call('POST', '/api/v1/apply?dryRun=true', { body: text });
    const { status, json } = await dry(STAGE);
    assert.equal(status, 422);
    assert.match(json.detail, /there is no task greet/);
    assert.equal((await dry([STAGE, TASK].join('---\n'))).status, 200);
    const withTask = PACK.replace('sections:', 'sections:\n  tasks: {greet: {}}');
    assert.equal((await dry([STAGE, withTask].join('---\n'))).status, 200);
    const user = 'meta: {name: user}\nsections:\n  stages: {s: {tasks: [greet]}}\n';
    assert.equal((await dry(user)).status, 422);
    assert.equal((await dry([withTask, user].join('---\n'))).status, 200);
    assert.match((await dry([withTask, TASK].join('---\n'))).json.detail, /a name is given once/);
    assert.equal(on.content.find('tasks', 'greet'), undefined);
  });

  it('tells all that is wrong with its place, and writes nothing then', async (t) => {
    const on = await running(t);
    const text = [
      TASK,
      'kind: Stage\nname: x\nTask: [greet]\n',
      PACK.replace('Name: size', 'Nme: size'),
      HARDWARE.replace('mac:', 'mcc:'),
    ].join('---\n');
    const { status, json } = await on.call('POST', '/api/v1/apply?file=all.yaml', { body: text });
    assert.equal(status, 422);
    const lines: number[] = json.problems.map(({ line }: { line: number }) => line);
    assert.ok(lines.includes(11), JSON.stringify(json.problems));
    assert.ok(lines.includes(16), JSON.stringify(json.problems));
    assert.ok(lines.some((line) => line > 17));
    assert.ok(json.problems.every(({ file }: { file: string }) => file === 'all.yaml'));
    assert.equal(on.content.find('tasks', 'greet'), undefined);
    assert.deepEqual(await on.machines.list(), []);
  });

  it('places what an object refers to and is not there', async (t) => {
    const on = await running(t);
    for (const text of [STAGE, [TASK.replace('greet', 'other'), STAGE].join('---\n')]) {
      const { status, json } = await on.call('POST', '/api/v1/apply', { body: text });
      assert.equal(status, 422);
      const at = text.split('\n').findIndex((line) => line.startsWith('tasks:')) + 1;
      assert.deepEqual([json.problems[0].line, json.problems[0].field], [at, 'tasks[0]']);
    }
    const twice = await on.call('POST', '/api/v1/apply', { body: [TASK, TASK].join('---\n') });
    assert.match(twice.json.detail, /task greet is described in line 1 already/);
  });
});
