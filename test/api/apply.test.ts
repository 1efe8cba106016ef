/** Documents through a running API: all or nothing, twice the same, and back out again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toYaml } from '../../src/manifests/index.ts';
import { ALL, CLI_HARDWARE, HARDWARE, PLAIN, TEMPLATE, WORKFLOW } from '../manifests/examples.ts';
import { type Running, running } from './running.ts';

interface Said {
  kind: string;
  name: string;
  id?: string;
  action: string;
  line: number;
  diff: string;
}

async function apply({ call }: Running, text: string, query = ''): Promise<Said[]> {
  const { status, json } = await call('POST', `/api/v1/apply${query}`, { body: text });
  assert.equal(status, 200, JSON.stringify(json));
  return json.data.objects;
}

const actions = (said: Said[]): string[] => said.map(({ kind, name, action }) => `${kind}/${name} ${action}`);

/** Everything there is, without times. */
async function everything({ call }: Running): Promise<unknown> {
  const paths = ['machines', 'templates', 'workflows'];
  const answers = await Promise.all(paths.map((path) => call('GET', `/api/v1/${path}`)));
  return answers.map(({ json }) => json.data);
}

const NEW = ['hardware/tink-system/node-1', 'template/tink-system/ubuntu', 'workflow/tink-system/node-1-install'];

describe('apply', () => {
  test('makes everything once, and changes nothing the second time', async (t) => {
    const on = await running(t);
    const text = [ALL, PLAIN, CLI_HARDWARE].join('---\n');
    const first = await apply(on, text);
    assert.deepEqual(actions(first), [
      ...NEW.map((name) => `${name} created`),
      'template/restart created',
      'hardware/0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94 created',
    ]);
    const workflow = on.workflows.get(first[2]?.id ?? '');
    assert.match(workflow.rendered, /DEST_DISK: \/dev\/sda/);
    assert.equal(workflow.actions[0]?.machine, first[0]?.id);
    const before = await everything(on);
    const second = await apply(on, text);
    assert.ok(
      second.every(({ action, diff }) => action === 'unchanged' && diff === ''),
      actions(second).join(),
    );
    assert.deepEqual(await everything(on), before);
    assert.deepEqual(
      second.map(({ id }) => id),
      first.map(({ id, name }) => id ?? on.templates.find(name).id),
    );
  });

  test('a dry run tells what would be done, and does nothing', async (t) => {
    const on = await running(t);
    const told = await apply(on, ALL, '?dryRun=true');
    assert.deepEqual(
      actions(told),
      NEW.map((name) => `${name} created`),
    );
    assert.match(told[0]?.diff ?? '', /^@@ -0,0 \+1,\d+ @@\n\+apiVersion/);
    assert.deepEqual(await everything(on), [[], [], []]);
    await apply(on, ALL);
    const before = await everything(on);
    const changed = ALL.replace('192.168.2.11', '192.168.2.12').replace('timeout: 600', 'timeout: 700');
    const again = await apply(on, changed, '?dryRun=true');
    assert.deepEqual(
      again.map(({ action }) => action),
      ['changed', 'changed', 'unchanged'],
    );
    const edits = (diff = ''): string[] => diff.split('\n').filter((line) => /^[+-]/.test(line));
    assert.deepEqual(edits(again[0]?.diff), ['-          address: 192.168.2.11', '+          address: 192.168.2.12']);
    assert.deepEqual(edits(again[1]?.diff), ['-        timeout: 600', '+        timeout: 700']);
    assert.deepEqual(await everything(on), before);
    await apply(on, changed);
    assert.equal(on.machines.find('node-1').hardware.network.interfaces[0]?.dhcp.ip?.address, '192.168.2.12');
    assert.match(on.templates.find('ubuntu_noble').data, /timeout: 700/);
  });

  test('a document finds its object by its name, whatever its template is called now', async (t) => {
    const on = await running(t);
    const [before] = await apply(on, TEMPLATE);
    const renamed = await apply(on, TEMPLATE.replace('name: ubuntu_noble', 'name: ubuntu_next'));
    assert.deepEqual(actions(renamed), ['template/tink-system/ubuntu changed']);
    assert.equal((await on.templates.list()).length, 1);
    assert.ok(before);
    const labelled = await apply(
      on,
      TEMPLATE.replace('name: ubuntu_noble', 'name: ubuntu_next').replace(
        '  name: ubuntu\n',
        '  name: ubuntu\n  labels: {a: b}\n',
      ),
    );
    assert.deepEqual(actions(labelled), ['template/tink-system/ubuntu changed']);
    assert.match(labelled[0]?.diff ?? '', /\+ {4}a: b/);
  });

  test('machines may exchange their addresses', async (t) => {
    const on = await running(t);
    const two = (a: string, b: string): string =>
      [
        HARDWARE.replace('AA:00:01', a),
        HARDWARE.replaceAll('node-1', 'node-2').replace('AA:00:01', b).replace('.2.11', '.2.12'),
      ].join('---\n');
    await apply(on, two('AA:00:01', 'AA:00:02'));
    const swapped = await apply(on, two('AA:00:02', 'AA:00:01'));
    assert.deepEqual(
      swapped.map(({ action }) => action),
      ['changed', 'changed'],
    );
    assert.equal(on.machines.byMac('08:00:27:aa:00:01')?.name, 'node-2');
  });

  const refusals: [name: string, text: string, status: number, place: string, message: RegExp][] = [
    ['an unknown key', ALL.replace('templateRef', 'templatRef'), 422, '67:3', /did you mean "templateRef"/],
    ['a template that is not there', [HARDWARE, WORKFLOW].join('---\n'), 409, '39:1', /there is no template ubuntu/],
    ['hardware that is not there', [TEMPLATE, WORKFLOW].join('---\n'), 409, '23:1', /there is no hardware node-1/],
    [
      'a template that cannot be rendered for its machine',
      ALL.replace('  disks:\n    - device: /dev/sda\n', ''),
      422,
      '59:1',
      /workflow node-1-install: line 14, column \d+ of the template/,
    ],
    [
      'a worker that is nobody',
      ALL.replace('device_1: 08:00:27:aa:00:01', 'device_1: 08:00:27:aa:00:99'),
      422,
      '61:1',
      /08:00:27:aa:00:99 is no machine/,
    ],
    [
      'a MAC address twice',
      [HARDWARE, CLI_HARDWARE.replace('00:02', '00:01')].join('---\n'),
      409,
      '39:1',
      /MAC address 08:00:27:aa:00:01 belongs to machine/,
    ],
    [
      'one object twice',
      [TEMPLATE, PLAIN, PLAIN].join('---\n'),
      409,
      '33:1',
      /template restart is described in line 23/,
    ],
  ];
  for (const [name, text, status, place, message] of refusals) {
    test(`refuses ${name}, and writes nothing`, async (t) => {
      const on = await running(t);
      const answer = await on.call('POST', '/api/v1/apply?file=all.yaml', { body: text });
      assert.equal(answer.status, status, answer.text);
      const [problem] = answer.json.problems;
      assert.match(problem.message, message);
      assert.deepEqual([`${problem.line}:${problem.column}`, problem.file], [place, 'all.yaml']);
      assert.deepEqual(await everything(on), [[], [], []]);
      assert.equal((await on.call('POST', '/api/v1/apply?dryRun=true', { body: text })).status, status);
    });
  }

  test('refuses what another machine has already, and another spec of a workflow', async (t) => {
    const on = await running(t);
    await apply(on, ALL);
    const before = await everything(on);
    const taken = await on.call('POST', '/api/v1/apply', { body: HARDWARE.replaceAll('node-1', 'node-9') });
    assert.equal(taken.status, 409);
    const fields = taken.json.problems.map(({ field }: { field: string }) => field);
    assert.deepEqual(fields, ['MAC address', 'IP address']);
    for (const changed of [
      WORKFLOW.replace('  hardwareRef: node-1\n', ''),
      WORKFLOW.replace('device_1:', 'device_2: x\n    device_1:'),
    ]) {
      const other = await on.call('POST', '/api/v1/apply', { body: changed });
      assert.equal(other.status, 409, other.text);
      assert.match(other.json.problems[0].message, /is never changed: delete it first \(tinsmith workflow delete/);
    }
    assert.deepEqual(await everything(on), before);
  });

  test('does not make again what has been done elsewhere', async (t) => {
    const on = await running(t);
    await apply(on, [HARDWARE, TEMPLATE].join('---\n'));
    const { json } = await on.call('POST', '/api/v1/apply', { body: `${WORKFLOW}status: {state: STATE_SUCCESS}\n` });
    assert.deepEqual(actions(json.data.objects), ['workflow/tink-system/node-1-install skipped']);
    assert.match(json.data.warnings[0].message, /is SUCCESS where its document comes from/);
    assert.deepEqual(await on.workflows.list(), []);
  });

  test('is for the administrator only', async (t) => {
    const on = await running(t);
    assert.equal((await on.call('POST', '/api/v1/apply', { body: ALL, token: 'x' })).status, 401);
    assert.equal((await on.call('GET', '/api/v1/manifests', { token: 'x' })).status, 401);
  });
});

describe('manifests', () => {
  test('give everything back, to be applied here and elsewhere', async (t) => {
    const on = await running(t);
    await apply(on, [ALL, PLAIN, CLI_HARDWARE].join('---\n'));
    const { json } = await on.call('GET', '/api/v1/manifests');
    const text = toYaml(json.data);
    const again = await apply(on, text);
    assert.equal(again.length, 5);
    assert.ok(
      again.every(({ action }) => action === 'unchanged'),
      actions(again).join(),
    );
    const other = await running(t);
    const made = await apply(other, text);
    assert.ok(
      made.every(({ action }) => action === 'created'),
      actions(made).join(),
    );
    assert.deepEqual((await other.call('GET', '/api/v1/manifests')).json.data, json.data);
  });

  test('one of them, by its names or its id', async (t) => {
    const on = await running(t);
    const [hardware] = await apply(on, ALL);
    for (const name of ['tink-system/node-1', 'node-1', hardware?.id ?? '', '08:00:27:aa:00:01']) {
      const { json } = await on.call('GET', `/api/v1/manifests?kind=hardware&name=${encodeURIComponent(name)}`);
      assert.equal(json.data[0]?.metadata.name, 'node-1', name);
    }
    assert.equal((await on.call('GET', '/api/v1/manifests?kind=workflow')).json.data[0].spec.templateRef, 'ubuntu');
    assert.equal((await on.call('GET', '/api/v1/manifests?kind=template&name=none')).status, 404);
    assert.equal((await on.call('GET', '/api/v1/manifests?name=node-1')).status, 422);
  });
});
