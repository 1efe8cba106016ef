import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../../src/errors.ts';
import type { ImageRun } from '../../../src/workflows/template/document.ts';
import { renderTemplate } from '../../../src/workflows/template/index.ts';

/** The first action's run. */
function firstRun(text: string): ImageRun {
  const run = renderTemplate(text, { devices: {} }).document.tasks[0]?.actions[0]?.run;
  assert.ok(run?.kind === 'image');
  return run;
}

const TOP = 'version: "0.1"\nname: n\n';
const TASK = `${TOP}tasks:\n  - name: t\n    worker: w\n`;
/** A template whose only action goes on with `lines`, from line 8. */
function action(...lines: string[]): string {
  return `${TASK}    actions:\n      - name: a\n${lines.map((line) => `        ${line}\n`).join('')}`;
}

describe('what the schema takes', () => {
  test('a verb of the worker', () => {
    const { document } = renderTemplate(action('verb: reboot', 'timeout: 5'), { devices: {} });
    assert.deepEqual(document.tasks[0]?.actions, [
      {
        name: 'a',
        timeout: 5,
        condition: true,
        background: false,
        retries: { limit: 0, backoff: 10 },
        run: { kind: 'verb', verb: 'reboot' },
      },
    ]);
  });
  test('empty and absent values', () => {
    const text = action(
      'image: a',
      'timeout:',
      'command:',
      'volumes: ~',
      'environment: null',
      'pid:',
      'namespaces:',
      'on-failure: []',
    );
    assert.deepEqual(firstRun(text), {
      kind: 'image',
      image: 'a',
      command: [],
      volumes: [],
      environment: {},
    });
  });
  test('id and an empty list of services are passed over', () => {
    assert.equal(renderTemplate(`id: 7\nservices:\n${action('image: a')}`, { devices: {} }).document.name, 'n');
  });
  test('scalars as written, whatever YAML would make of them', () => {
    const text = action(
      'image: a',
      'environment: {A: 010, B: yes, C: 1.50, D: 52:54:00:00:00:01, E: ~, F: "", G: 1e3, H: null, I: 2020-01-01}',
    );
    assert.deepEqual(firstRun(text).environment, {
      A: '010',
      B: 'yes',
      C: '1.50',
      D: '52:54:00:00:00:01',
      E: '',
      F: '',
      G: '1e3',
      H: '',
      I: '2020-01-01',
    });
  });
  test('environment of the task, overridden by the action', () => {
    const text = `${TASK}    environment: {A: 1, B: 2}\n    actions:\n      - {name: a, image: a, environment: {B: 3, C: 4}}\n`;
    assert.deepEqual(firstRun(text).environment, { A: '1', B: '3', C: '4' });
  });
  test('volumes of the task, overridden by the action for the same source', () => {
    const text = `${TASK}    volumes: ["/a:/1", "/b:/2"]\n    actions:\n      - {name: a, image: a, volumes: ["/a:/9:ro"]}\n`;
    assert.deepEqual(firstRun(text).volumes, ['/b:/2', '/a:/9:ro']);
  });
  test('commands, namespaces and what follows a failure', () => {
    const text = action(
      'image: a',
      'command: [sh, -c, ""]',
      'on-timeout: [t, 1]',
      'on-failure: [f]',
      'namespaces: {network: host, pid: "container:x"}',
    );
    const run = firstRun(text);
    assert.deepEqual(run.command, ['sh', '-c', '']);
    const [onTimeout, onFailure] = [
      { command: ['t', '1'], timeout: 300 },
      { command: ['f'], timeout: 300 },
    ];
    assert.deepEqual(
      [run.onTimeout, run.onFailure, run.network, run.pid],
      [onTimeout, onFailure, 'host', 'container:x'],
    );
  });
  test('a quoted timeout, as a template with a quoted hole has', () => {
    const { document } = renderTemplate(`global_timeout: "60"\n${action('image: a', "timeout: '{{.t}}'")}`, {
      devices: { t: 9 },
    });
    assert.deepEqual([document.globalTimeout, document.tasks[0]?.actions[0]?.timeout], [60, 9]);
  });
  test('anchors, aliases and merged maps', () => {
    const text = `${TASK}    environment: &env {A: 1, B: 2}
    actions:
      - &base {name: a, image: x, command: &c [sh]}
      - {name: b, image: y, command: *c, environment: {<<: *env, B: 3}}
      - {<<: *base, name: c}
`;
    const { document } = renderTemplate(text, { devices: {} });
    const runs = document.tasks[0]?.actions.map(({ run }) =>
      run.kind === 'image' ? [run.image, run.command, run.environment] : [],
    );
    const both = { A: '1', B: '2' };
    assert.deepEqual(runs, [
      ['x', ['sh'], both],
      ['y', ['sh'], { A: '1', B: '3' }],
      ['x', ['sh'], both],
    ]);
  });
  test('a name of 200 characters', () => {
    assert.equal(
      renderTemplate(action('image: a').replace('name: n', `name: ${'ñ'.repeat(200)}`), { devices: {} }).document.name
        .length,
      200,
    );
  });
  test('JSON', () => {
    const json = {
      version: '0.1',
      name: 'j',
      tasks: [{ name: 't', worker: 'w', actions: [{ name: 'a', image: 'i' }] }],
    };
    assert.equal(renderTemplate(JSON.stringify(json, null, 2), { devices: {} }).document.name, 'j');
  });
});

describe('what the schema refuses', () => {
  const cases: [name: string, text: string, problems: [place: string, field: string, message: RegExp][]][] = [
    [
      'a list in place of the document',
      '- a',
      [['1:1', '', /expected a map with version, name and tasks, found a list/]],
    ],
    ['a text in place of the document', 'hello', [['1:1', '', /found the text "hello"/]]],
    ['an empty document', '# nothing\n', [['1:1', '', /document is empty/]]],
    [
      'missing keys',
      'id: x',
      [
        ['1:1', 'version', /version is missing/],
        ['1:1', 'name', /name is missing/],
        ['1:1', 'tasks', /tasks is missing/],
      ],
    ],
    ['another version', action('image: a').replace('0.1', '0.2'), [['1:10', 'version', /must be "0.1", not "0.2"/]]],
    [
      'an unknown key at the top',
      `globl_timeout: 1\n${action('image: a')}`,
      [['1:1', 'globl_timeout', /unknown key "globl_timeout"; did you mean "global_timeout"/]],
    ],
    [
      'an unknown key with nothing near it',
      `zzzzz: 1\n${action('image: a')}`,
      [['1:1', 'zzzzz', /known are version, name, id/]],
    ],
    ['a key given twice', `${action('image: a')}name: m\n`, [['9:1', 'name', /"name" is given twice/]]],
    [
      'a key given twice in an action',
      action('image: a', 'image: b'),
      [['9:9', 'tasks[0].actions[0].image', /given twice/]],
    ],
    ['a map as key', `${action('image: a')}? {a: b}\n: c\n`, [['9:3', '', /key must be a plain text/]]],
    ['an empty name', action('image: a').replace('name: n', 'name: ""'), [['2:7', 'name', /is empty/]]],
    [
      'a name of 201 characters',
      action('image: a').replace('name: n', `name: ${'x'.repeat(201)}`),
      [['2:7', 'name', /more than 200/]],
    ],
    [
      'a name of two lines',
      action('image: a').replace('name: n', 'name: "a\\nb"'),
      [['2:7', 'name', /control character/]],
    ],
    ['no task', `${TOP}tasks: []`, [['3:8', 'tasks', /at least one task/]]],
    ['tasks without value', `${TOP}tasks:`, [['3:1', 'tasks', /tasks is empty/]]],
    ['tasks that are no list', `${TOP}tasks: {a: b}`, [['3:8', 'tasks', /expected a list of tasks, found a map/]]],
    ['a task that is no map', `${TOP}tasks: [x]`, [['3:9', 'tasks[0]', /expected a task .*found the text "x"/]]],
    [
      'a task without anything',
      `${TOP}tasks:\n  - {}`,
      [
        ['4:5', 'tasks[0].name', /name is missing/],
        ['4:5', 'tasks[0].worker', /worker is missing/],
        ['4:5', 'tasks[0].actions', /actions is missing/],
      ],
    ],
    [
      'two tasks of one name',
      `${TASK}    actions: [{name: a, image: a}]\n  - {name: t, worker: w, actions: [{name: a, image: a}]}`,
      [['7:5', 'tasks[1]', /two tasks are named "t" \(the other is tasks\[0\]\)/]],
    ],
    ['no action', `${TASK}    actions: []`, [['6:14', 'tasks[0].actions', /at least one action/]]],
    [
      'two actions of one name',
      `${TASK}    actions:\n      - {name: a, image: a}\n      - {name: a, image: b}`,
      [['8:9', 'tasks[0].actions[1]', /two actions are named "a"/]],
    ],
    [
      'a worker that is no text',
      action('image: a').replace('worker: w', 'worker: [w]'),
      [['5:13', 'tasks[0].worker', /expected the address of a worker, found a list/]],
    ],
    [
      'none of the five',
      action('timeout: 1'),
      [['7:9', 'tasks[0].actions[0].image', /no image, nor a script, file, task/]],
    ],
    [
      'a script with an image',
      action('script: x', 'image: a', 'contents: b'),
      [
        ['9:16', 'tasks[0].actions[0].image', /an action with a script has no image/],
        ['10:19', 'tasks[0].actions[0].contents', /an action with a script has no contents/],
      ],
    ],
    [
      'a Task with another verb, in the background',
      action('task: t', 'on-failure: [x]', 'background: true', 'params: [x]'),
      [
        ['9:21', 'tasks[0].actions[0].on-failure', /an action with a task has no on-failure/],
        ['10:21', 'tasks[0].actions[0].background', /only a container can be in the background/],
        ['11:17', 'tasks[0].actions[0].params', /expected a map of params, found a list/],
      ],
    ],
    [
      'params with an image',
      action('image: a', 'params: {a: 1}'),
      [['9:17', 'tasks[0].actions[0].params', /has no params/]],
    ],
    [
      'a verb with a script',
      action('verb: reboot', 'script: a'),
      [['9:17', 'tasks[0].actions[0].script', /verb has no script/]],
    ],
    [
      'a file without contents, at no place',
      action('file: etc/x/../y'),
      [
        ['7:9', 'tasks[0].actions[0].contents', /contents is missing/],
        ['8:15', 'tasks[0].actions[0].file', /is no absolute path/],
      ],
    ],
    ['an empty script', action('script:'), [['8:9', 'tasks[0].actions[0].script', /script is empty/]]],
    [
      'an image that is none',
      action('image: Ubuntu'),
      [['8:16', 'tasks[0].actions[0].image', /"Ubuntu" is no image name: "Ubuntu" has capital letters/]],
    ],
    ['an empty image', action('image:'), [['8:9', 'tasks[0].actions[0].image', /image is empty/]]],
    [
      'an unknown verb',
      action('verb: rebot'),
      [['8:15', 'tasks[0].actions[0].verb', /no verb; did you mean "reboot"/]],
    ],
    [
      'a verb with an image',
      action('verb: reboot', 'image: a'),
      [['9:16', 'tasks[0].actions[0].image', /action with a verb has no image/]],
    ],
    [
      'a timeout below 0',
      action('image: a', 'timeout: -1'),
      [['9:18', 'tasks[0].actions[0].timeout', /"-1" is no time in whole seconds/]],
    ],
    [
      'a timeout with a unit',
      action('image: a', 'timeout: 10m'),
      [['9:18', 'tasks[0].actions[0].timeout', /"10m" is no time/]],
    ],
    [
      'a timeout with a fraction',
      action('image: a', 'timeout: 1.5'),
      [['9:18', 'tasks[0].actions[0].timeout', /"1.5" is no time/]],
    ],
    [
      'a timeout beyond all timers',
      action('image: a', 'timeout: 9999999999'),
      [['9:18', 'tasks[0].actions[0].timeout', /more than 2147483647/]],
    ],
    [
      'a global timeout that is none',
      `global_timeout: soon\n${action('image: a')}`,
      [['1:17', 'global_timeout', /"soon" is no time/]],
    ],
    [
      'a command that is one text',
      action('image: a', 'command: echo hi'),
      [
        [
          '9:18',
          'tasks[0].actions[0].command',
          /expected a list of texts, such as command: \["sh", "-c", "…"\], found the text "echo hi"/,
        ],
      ],
    ],
    [
      'a command with a map',
      action('image: a', 'command: [a, {b: c}]'),
      [['9:22', 'tasks[0].actions[0].command[1]', /expected a text, found a map/]],
    ],
    [
      'a command with an empty element',
      action('image: a', 'command:', '  - a', '  -'),
      [['11:12', 'tasks[0].actions[0].command[1]', /write "" for an empty text/]],
    ],
    [
      'an on-failure that is one text',
      action('image: a', 'on-failure: x'),
      [['9:21', 'tasks[0].actions[0].on-failure', /such as on-failure:/]],
    ],
    [
      'an on_timeout, misspelt',
      action('image: a', 'on_timeout: [x]'),
      [['9:9', 'tasks[0].actions[0].on_timeout', /did you mean "on-timeout"/]],
    ],
    [
      'volumes that are a map',
      action('image: a', 'volumes: {/a: /b}'),
      [['9:18', 'tasks[0].actions[0].volumes', /expected a list of volumes/]],
    ],
    [
      'a volume without destination',
      action('image: a', 'volumes: [/a]'),
      [['9:19', 'tasks[0].actions[0].volumes[0]', /"\/a" is no volume: write source:destination/]],
    ],
    [
      'two volumes at one place',
      action('image: a', 'volumes: ["/a:/x", "/b:/x/"]'),
      [['9:28', 'tasks[0].actions[0].volumes[1]', /two volumes are mounted at \/x/]],
    ],
    [
      'a volume where one of the task is',
      `${TASK}    volumes: ["/a:/x"]\n    actions: [{name: a, image: a, volumes: ["/b:/x"]}]`,
      [['7:44', 'tasks[0].actions[0].volumes', /two volumes are mounted at \/x, with the task's/]],
    ],
    [
      'an environment that is a list',
      action('image: a', 'environment: [A=1]'),
      [['9:22', 'tasks[0].actions[0].environment', /expected a map of variables, found a list/]],
    ],
    [
      'an environment with a list',
      action('image: a', 'environment: {A: [1]}'),
      [['9:26', 'tasks[0].actions[0].environment.A', /expected a text, number or boolean, found a list/]],
    ],
    [
      'a variable with =',
      action('image: a', 'environment: {"A=B": 1}'),
      [['9:30', 'tasks[0].actions[0].environment.A=B', /no name of a variable/]],
    ],
    [
      'a variable twice',
      action('image: a', 'environment:', '  A: 1', '  A: 2'),
      [['11:11', 'tasks[0].actions[0].environment.A', /given twice/]],
    ],
    [
      'a NUL character',
      action('image: a', 'environment: {A: "x\\0"}'),
      [['9:26', 'tasks[0].actions[0].environment.A', /NUL character/]],
    ],
    [
      'an unknown pid',
      action('image: a', 'pid: private'),
      [['9:14', 'tasks[0].actions[0].pid', /"private" is no PID namespace/]],
    ],
    [
      'a container without name',
      action('image: a', 'pid: "container:"'),
      [['9:14', 'tasks[0].actions[0].pid', /no PID namespace/]],
    ],
    [
      'two different pids',
      action('image: a', 'pid: host', 'namespaces: {pid: "container:x"}'),
      [['10:27', 'tasks[0].actions[0].namespaces.pid', /differs from pid: host/]],
    ],
    [
      'a network that is none',
      action('image: a', 'namespaces: {network: "a b"}'),
      [['9:31', 'tasks[0].actions[0].namespaces.network', /"a b" is no network/]],
    ],
    [
      'an unknown namespace',
      action('image: a', 'namespaces: {uts: host}'),
      [['9:22', 'tasks[0].actions[0].namespaces.uts', /unknown key "uts"/]],
    ],
    ['a second document', `${action('image: a')}---\na: b\n`, [['9:1', '', /a second document/]]],
    ['a tag', action('image: !!str a'), [['8:22', '', /YAML tags \(tag:yaml\.org,2002:str\) are not used/]]],
    ['an own tag', action('image: !secret a'), [['8:24', '', /YAML tags \(!secret\)/]]],
    ['an alias without anchor', action('image: *a'), [['8:16', '', /alias \*a has no anchor &a before it/]]],
    ['an alias before its anchor', action('image: *a', 'command: [&a x]'), [['8:16', '', /no anchor/]]],
    ['<< of a text', action('image: a', '<<: x'), [['9:13', 'tasks[0].actions[0].<<', /<< must name a map/]]],
    [
      'a map merged into itself',
      action('image: a', 'environment: &e {<<: *e}'),
      [['9:30', 'tasks[0].actions[0].environment.<<', /<< must name a map/]],
    ],
    ['a tab for indentation', `${TOP}tasks:\n\t- name: t`, [['4:1', '', /tab/]]],
    ['a quote that is not closed', `${TOP}tasks: "x`, [['3:10', '', /YAML: Missing closing "quote/]]],
    ['a list that is not closed', `${TOP}tasks: [x`, [['3:10', '', /YAML: /]]],
  ];
  for (const [name, text, problems] of cases) {
    test(name, () => {
      assert.throws(
        () => renderTemplate(text, { devices: {} }),
        (error) => {
          assert.ok(error instanceof TinsmithError, String(error));
          const found = error.problems.map(({ line, column, field }) => [`${line}:${column}`, field]);
          assert.deepEqual(
            found,
            problems.map(([place, field]) => [place, field]),
          );
          for (const [index, [, , message]] of problems.entries())
            assert.match(error.problems[index]?.message ?? '', message);
          return true;
        },
      );
    });
  }

  test('all problems at once, in the order of the text', () => {
    const text = `version: "1"\nname:\ntasks:\n  - name: t\n    worker:\n    actions:\n      - {name: a, image: A, timeout: x}\n      - {name: a, image: b, comand: []}\n`;
    assert.throws(
      () => renderTemplate(text, { devices: {} }),
      (error) => {
        assert.ok(error instanceof TinsmithError);
        assert.deepEqual(
          error.problems.map(({ field }) => field),
          [
            'version',
            'name',
            'tasks[0].worker',
            'tasks[0].actions[0].image',
            'tasks[0].actions[0].timeout',
            'tasks[0].actions[1]',
            'tasks[0].actions[1].comand',
          ],
        );
        assert.match(
          error.message,
          /line 1, column 10 of the template: version: the version must be "0.1", not "1" \(and 6 more\)/,
        );
        return true;
      },
    );
  });
});

describe('bounds of the document', () => {
  const refused = (text: string, message: RegExp): void => {
    assert.throws(
      () => renderTemplate(text, { devices: {} }),
      (error) => error instanceof TinsmithError && error.problems.some((problem) => message.test(problem.message)),
    );
  };
  test('aliases that multiply', () => {
    const many = Array.from({ length: 2000 }, (_, index) => `      - {name: b${index}, image: i, command: *c}\n`);
    const text = `${TASK}    actions:\n      - {name: a, image: i, command: &c [${'x,'.repeat(100)}]}\n${many.join('')}`;
    refused(text, /aliases repeat more than 20000 values/);
  });
  test('aliases of lists of aliases', () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `  l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(10)}]\n`,
    );
    refused(`${TOP}x:\n  l0: &l0 [x]\n${levels.join('')}tasks: *l20\n`, /unknown key|expected/);
  });
  test('a large environment for many actions', () => {
    const actions = Array.from({ length: 1000 }, (_, index) => `      - {name: a${index}, image: i}\n`);
    refused(
      `${TASK}    environment: {A: ${'x'.repeat(10_000)}}\n    actions:\n${actions.join('')}`,
      /exceed 4194304 characters/,
    );
  });
  test('collections nested too deep', () => {
    refused(`${TOP}tasks: ${'['.repeat(40)}${']'.repeat(40)}`, /nested more than 32 deep/);
    refused(`${TOP}tasks: ${'['.repeat(50_000)}${']'.repeat(50_000)}`, /nested more than 32 deep/);
  });
});
