/** Machines, templates, workflows and images: the words, first lines and tables that users of `tink` know. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TinsmithError } from '../../src/errors.ts';
import { fakeAppliance, MACHINE, TEMPLATE, TOKEN, tinsmith, WORKFLOW } from './fake-appliance.ts';

const directory = mkdtempSync(join(tmpdir(), 'tinsmith-cli-'));
after(() => rmSync(directory, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

describe('machine', () => {
  it('pushes a file as it is, with the token', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /machines': () => ({ data: MACHINE, warnings: ['no netmask'] }) });
    const { code, out, err } = await tinsmith(appliance, [
      'hardware',
      'push',
      '--file',
      file('hardware.json', '{"id": "x", "odd": [1]}'),
    ]);
    assert.deepEqual(
      { code, out, err },
      { code: 0, out: 'Hardware data pushed successfully\n', err: 'warning: no netmask\n' },
    );
    assert.equal(appliance.asked[0]?.body, '{"id":"x","odd":[1]}');
    assert.equal(appliance.asked[0]?.headers.authorization, `Bearer ${TOKEN}`);
    assert.equal(appliance.asked[0]?.headers['content-type'], 'application/json');
  });

  it('pushes standard input, and says where it is not JSON', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /machines': () => ({ data: [MACHINE], warnings: [] }) });
    assert.equal((await tinsmith(appliance, ['hardware', 'push'], { stdin: '[{"id":"x"}]' })).code, 0);
    const broken = await tinsmith(appliance, ['hardware', 'push'], { stdin: '{\n  "id": "x",\n  oops\n}' });
    assert.equal(broken.code, 65);
    assert.match(broken.err, /standard input:3:3: /);
    assert.equal((await tinsmith(appliance, ['hardware', 'push'])).code, 64);
    assert.equal(appliance.asked.length, 1);
  });

  it('adds one from flags', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /machines': () => ({ data: MACHINE, warnings: [] }) });
    const flags = [
      '--mac',
      '52:54:00:00:00:01',
      '--ip',
      '192.168.1.51',
      '--gateway',
      '192.168.1.1',
      '--dns',
      '1.1.1.1',
      '--dns',
      '9.9.9.9',
      '--arch',
      'aarch64',
      '--id',
      MACHINE.id,
    ];
    const { out } = await tinsmith(appliance, [
      'machine',
      'add',
      'node1',
      ...flags,
      '--metadata',
      '{"state":"provisioning"}',
    ]);
    assert.equal(out, `Created Machine:  ${MACHINE.id}\n`);
    assert.deepEqual(JSON.parse(appliance.asked[0]?.body ?? ''), {
      id: MACHINE.id,
      metadata: { state: 'provisioning' },
      network: {
        interfaces: [
          {
            dhcp: {
              mac: '52:54:00:00:00:01',
              hostname: 'node1',
              ip: { address: '192.168.1.51', netmask: '255.255.255.0', gateway: '192.168.1.1' },
              name_servers: ['1.1.1.1', '9.9.9.9'],
              arch: 'aarch64',
            },
            netboot: { allow_pxe: true, allow_workflow: true },
          },
        ],
      },
    });
    const lost = await tinsmith(appliance, [
      'machine',
      'add',
      'node1',
      '--mac',
      '52:54:00:00:00:01',
      '--gateway',
      '192.168.1.1',
    ]);
    assert.equal(lost.code, 64);
    assert.match(lost.err, /--ip/);
  });

  it('shows a table, CSV or JSON, a row for each interface', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines': () => ({ data: [MACHINE] }),
      'GET /machines/node1': () => ({ data: MACHINE }),
    });
    const line = (cells: [string, string, string, string]): string =>
      `| ${cells[0].padEnd(36)} | ${cells[1].padEnd(17)} | ${cells[2].padEnd(12)} | ${cells[3].padEnd(8)} |`;
    const rule = `+${[38, 19, 14, 10].map((width) => '-'.repeat(width)).join('+')}+`;
    const rows = [
      line([MACHINE.id, '52:54:00:00:00:01', '192.168.1.51', 'node1']),
      line([MACHINE.id, '52:54:00:00:00:02', '', 'node1']),
    ];
    const table = await tinsmith(appliance, ['hardware', 'get', 'node1']);
    assert.equal(
      table.out,
      `${[rule, line(['ID', 'MAC ADDRESS', 'IP ADDRESS', 'HOSTNAME']), rule, ...rows, rule].join('\n')}\n`,
    );
    assert.ok(!(await tinsmith(appliance, ['machine', 'list', '--no-headers'])).out.includes('HOSTNAME'));
    const csv = await tinsmith(appliance, ['hardware', 'get', '--format', 'csv']);
    assert.equal(csv.out.split('\n')[1], `${MACHINE.id},52:54:00:00:00:01,192.168.1.51,node1`);
    assert.deepEqual(JSON.parse((await tinsmith(appliance, ['hardware', 'get', '--format', 'json'])).out), {
      data: [MACHINE],
    });
    assert.equal((await tinsmith(appliance, ['hardware', 'list', '-q'])).out, `${MACHINE.id}\n`);
  });

  it('finds by id, MAC and IP address, and refuses what is none', async (t) => {
    const appliance = await fakeAppliance(t, {
      [`GET /machines/${MACHINE.id}`]: () => ({ data: MACHINE }),
      'GET /machines/192.168.1.51': () => ({ data: MACHINE }),
      'GET /machines/52%3A54%3A00%3A00%3A00%3A01': () => ({ data: MACHINE }),
    });
    assert.equal(
      (await tinsmith(appliance, ['hardware', 'id', MACHINE.id])).out,
      `${JSON.stringify(MACHINE.hardware)}\n`,
    );
    assert.match(
      (await tinsmith(appliance, ['hardware', 'ip', '192.168.1.51'])).out,
      /\| MAC Address +\| 52:54:00:00:00:01 +\|/,
    );
    assert.equal(
      (await tinsmith(appliance, ['hardware', 'mac', '52:54:00:00:00:01', '-d'])).out,
      `${JSON.stringify(MACHINE.hardware)}\n`,
    );
    for (const words of [
      ['id', 'x'],
      ['mac', '1'],
      ['ip', 'x'],
    ]) {
      const { code, err } = await tinsmith(appliance, ['hardware', ...words]);
      assert.equal(code, 64);
      assert.match(err, /invalid (uuid|mac|ip): /);
    }
  });

  it('deletes each, and says which were not there', async (t) => {
    const appliance = await fakeAppliance(t, { 'DELETE /machines/a': () => ({}), 'DELETE /machines/c': () => ({}) });
    const { code, out, err } = await tinsmith(appliance, ['machine', 'delete', 'a', 'b', 'c']);
    assert.equal(out, 'Deleted\ta\nDeleted\tc\n');
    assert.match(err, /^Error\tb\tnot found\n/);
    assert.equal(code, 66);
  });
});

describe('template', () => {
  it('creates and updates from a file, whose problems are placed in it', async (t) => {
    const problems = [{ field: 'tasks[0].worker', message: 'is missing', line: 12, column: 3 }];
    const appliance = await fakeAppliance(t, {
      'POST /templates': ({ body }) => {
        if (body.includes('broken'))
          throw new TinsmithError('INVALID_INPUT', 'The template is not usable.', { next: 'Correct it.', problems });
        return { data: TEMPLATE };
      },
      'PUT /templates/ubuntu': () => ({ data: TEMPLATE }),
    });
    const path = file('ubuntu.yaml', TEMPLATE.data);
    assert.equal(
      (await tinsmith(appliance, ['template', 'create', '--file', path])).out,
      `Created Template:  ${TEMPLATE.id}\n`,
    );
    assert.equal(appliance.asked[0]?.body, TEMPLATE.data);
    assert.equal(appliance.asked[0]?.headers['content-type'], 'text/yaml');
    assert.equal(
      (await tinsmith(appliance, ['template', 'update', 'ubuntu', '-p', path])).out,
      `Updated Template:  ${TEMPLATE.id}\n`,
    );
    const broken = file('broken.yaml', 'broken');
    const refused = await tinsmith(appliance, ['template', 'create', '--path', broken]);
    assert.equal(refused.code, 65);
    assert.equal(refused.err, `error: The template is not usable.\n  ${broken}:12:3: is missing\nCorrect it.\n`);
    const json = await tinsmith(appliance, ['template', 'create', '--path', broken, '--output', 'json']);
    assert.deepEqual(JSON.parse(json.err).problems, [{ file: broken, ...problems[0] }]);
    assert.equal((await tinsmith(appliance, ['template', 'create', '--file', join(directory, 'none.yaml')])).code, 66);
  });

  it('shows tables, ids and the YAML', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /templates': () => ({ data: [TEMPLATE] }),
      'GET /templates/ubuntu': () => ({ data: TEMPLATE }),
    });
    assert.match(
      (await tinsmith(appliance, ['template', 'get'])).out,
      /\| ID +\| NAME +\| CREATED AT +\| UPDATED AT +\|/,
    );
    assert.match(
      (await tinsmith(appliance, ['template', 'list'])).out,
      /\| TEMPLATE ID +\| TEMPLATE NAME +\| CREATED AT +\| UPDATED AT +\|/,
    );
    assert.equal((await tinsmith(appliance, ['template', 'list', '-q'])).out, `${TEMPLATE.id}\n`);
    assert.equal((await tinsmith(appliance, ['template', 'get', 'ubuntu', '--yaml'])).out, TEMPLATE.data);
  });

  it('lints without an appliance', async () => {
    const good = file(
      'good.yaml',
      'version: "0.1"\nname: tiny\ntasks:\n  - name: os\n    worker: "{{.device_1}}"\n    actions:\n      - name: one\n        image: busybox\n        timeout: 5\n',
    );
    assert.deepEqual(await tinsmith(undefined, ['template', 'lint', good]), {
      code: 0,
      out: `${good}: template tiny: nothing wrong\n`,
      err: '',
    });
    const bad = file('bad.yaml', 'version: "0.1"\nname: tiny\ntasks: {{ if }}\n');
    const { code, err } = await tinsmith(undefined, ['template', 'lint', bad]);
    assert.equal(code, 65);
    assert.match(err, new RegExp(`  ${bad}:3:\\d+: `));
    const both = await tinsmith(undefined, ['template', 'lint', good, bad, bad]);
    assert.deepEqual([both.code, both.out], [65, `${good}: template tiny: nothing wrong\n`]);
    assert.match(both.err, /^error: 2 of 3 templates cannot be used\./);
    const json = await tinsmith(undefined, ['template', 'lint', good, '--output', 'json']);
    assert.deepEqual(JSON.parse(json.out), { data: [{ file: good, name: 'tiny', warnings: [] }] });
  });

  it('renders a file or a stored template', async (t) => {
    const appliance = await fakeAppliance(t, {
      'POST /templates/render': () => ({ data: { text: 'name: tiny', warnings: ['"x" is unknown'] } }),
    });
    const words = ['template', 'render', 'tiny', '--machine', 'node1', '--secret', 'p=q'];
    const hardware = ['--hardware', '{"device_1":"52:54:00:00:00:01"}'];
    const { code, out, err } = await tinsmith(appliance, [...words, ...hardware]);
    assert.deepEqual([code, out, err], [0, 'name: tiny\n', 'warning: "x" is unknown\n']);
    assert.deepEqual(JSON.parse(appliance.asked[0]?.body ?? ''), {
      template: 'tiny',
      machine: 'node1',
      hardware: { device_1: '52:54:00:00:00:01' },
      secrets: { p: 'q' },
    });
    const path = file('rendered.yaml', 'name: x\n');
    await tinsmith(appliance, ['template', 'render', '-f', path, '--machine', 'node1']);
    assert.deepEqual(JSON.parse(appliance.asked[1]?.body ?? ''), { data: 'name: x\n', machine: 'node1' });
    assert.equal((await tinsmith(appliance, ['template', 'render'])).code, 64);
  });
});

describe('workflow', () => {
  it('creates one, and refuses hardware that is none before asking', async (t) => {
    const appliance = await fakeAppliance(t, {
      'POST /workflows': () => ({ data: { ...WORKFLOW, waitsFor: 'node1 has not been heard of' } }),
    });
    const made = await tinsmith(appliance, [
      'workflow',
      'create',
      '-t',
      'ubuntu',
      '-r',
      '{"device_1":"52:54:00:00:00:01"}',
    ]);
    assert.deepEqual(made, {
      code: 0,
      out: `Created Workflow:  ${WORKFLOW.id}\n`,
      err: 'It waits: node1 has not been heard of\n',
    });
    assert.deepEqual(JSON.parse(appliance.asked[0]?.body ?? ''), {
      template: 'ubuntu',
      hardware: { device_1: '52:54:00:00:00:01' },
    });
    for (const hardware of ['{}', '[]', '7', '{"device_1":7}', 'device_1']) {
      assert.equal(
        (await tinsmith(appliance, ['workflow', 'create', '-t', 'ubuntu', '-r', hardware])).code,
        65,
        hardware,
      );
    }
    assert.equal(appliance.asked.length, 1);
  });

  it('shows state, lists and events in tables', async (t) => {
    const event = {
      workflow: WORKFLOW.id,
      worker: MACHINE.id,
      task: 'os',
      action: 'wipe',
      index: 0,
      attempt: 1,
      state: 'SUCCESS',
      seconds: 12.34,
      message: 'done \x1b[31mred',
      at: WORKFLOW.createdAt,
    };
    const appliance = await fakeAppliance(t, {
      'GET /workflows': () => ({ data: [WORKFLOW] }),
      [`GET /workflows/${WORKFLOW.id}`]: () => ({ data: { ...WORKFLOW, waitsFor: 'the worker' } }),
      [`GET /workflows/${WORKFLOW.id}/events`]: () => ({ data: [event] }),
    });
    const state = (await tinsmith(appliance, ['workflow', 'state', WORKFLOW.id])).out;
    for (const [field, value] of [
      ['Workflow Progress', '50%'],
      ['Current Task', 'os'],
      ['Current Action', 'stream'],
      ['Current Action State', 'STATE_RUNNING'],
      ['Waits For', 'the worker'],
    ]) {
      assert.match(state, new RegExp(`\\| ${field} +\\| ${value} +\\|`));
    }
    assert.match(
      (await tinsmith(appliance, ['workflow', 'get'])).out,
      /\| ID +\| TEMPLATE ID +\| STATE +\| CREATED AT +\| UPDATED AT +\|/,
    );
    assert.match((await tinsmith(appliance, ['workflow', 'list'])).out, /\| \{"device_1":"52:54:00:00:00:01"\} +\|/);
    assert.equal((await tinsmith(appliance, ['workflow', 'get', WORKFLOW.id, '--yaml'])).out, WORKFLOW.rendered);
    const events = (await tinsmith(appliance, ['workflow', 'events', WORKFLOW.id])).out;
    assert.match(
      events,
      /\| WORKER ID +\| TASK NAME \| ACTION NAME \| EXECUTION TIME \| MESSAGE +\| ACTION STATUS +\|/,
    );
    assert.match(events, /\| os +\| wipe +\| 12.3 +\| done red +\| STATE_SUCCESS +\|/);
  });

  it('shows the output of actions', async (t) => {
    const entries = [
      { at: 0, stream: 'stdout', text: 'one\n' },
      { at: 1, stream: 'stdout', text: 'two' },
    ];
    const appliance = await fakeAppliance(t, {
      [`GET /workflows/${WORKFLOW.id}/logs`]: () => ({ data: [{ action: 0, name: 'wipe', attempt: 1, entries }] }),
    });
    assert.equal(
      (await tinsmith(appliance, ['workflow', 'logs', WORKFLOW.id, '--action', 'wipe', '--attempt', '1'])).out,
      'one\ntwo\n',
    );
    assert.match(appliance.asked[0]?.url ?? '', /\?action=wipe&attempt=1$/);
  });
});

describe('image', () => {
  it('loads an archive byte by byte, and lists', async (t) => {
    const image = {
      reference: 'docker.io/library/busybox:1',
      digest: 'sha256:0123456789abcdef',
      size: 2_200_000,
      architecture: 'amd64',
      loadedAt: WORKFLOW.createdAt,
      builtin: false,
    };
    const appliance = await fakeAppliance(t, {
      'POST /images': () => ({ data: [image] }),
      'GET /images': () => ({ data: [image] }),
      'DELETE /images/docker.io%2Flibrary%2Fbusybox%3A1': () => ({}),
    });
    const text = 'x'.repeat(700_000);
    const { out } = await tinsmith(appliance, ['image', 'load', file('busybox.tar', text)], { tty: true });
    assert.equal(out, `Loaded Image:  ${image.reference}\n`);
    assert.equal(appliance.asked[0]?.body, text);
    assert.equal(appliance.asked[0]?.headers['content-length'], '700000');
    assert.match(
      (await tinsmith(appliance, ['image', 'list'])).out,
      /busybox:1 +\| sha256:0123456789ab \| amd64 +\| 2.2 MB +\|/,
    );
    assert.equal((await tinsmith(appliance, ['image', 'delete', image.reference])).code, 0);
    assert.equal((await tinsmith(appliance, ['image', 'load', directory])).code, 64);
    assert.equal((await tinsmith(appliance, ['image', 'load', join(directory, 'none.tar')])).code, 66);
  });
});
