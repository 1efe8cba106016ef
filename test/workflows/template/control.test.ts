import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Problem } from '../../../src/errors.ts';
import type { TemplateAction, TemplateDocument } from '../../../src/workflows/template/document.ts';
import { readTemplate } from '../../../src/workflows/template/schema.ts';
import { YamlReader } from '../../../src/workflows/template/yaml-reader.ts';

interface Outcome {
  document: TemplateDocument | undefined;
  problems: readonly Problem[];
  warnings: readonly Problem[];
}

function outcome(text: string, lenient = false): Outcome {
  const reader = new YamlReader(text, (offset) => {
    const lines = text.slice(0, offset).split('\n');
    return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
  });
  const document = readTemplate(reader, { lenient });
  return { document, problems: reader.problems, warnings: reader.warnings };
}

const HEAD = 'version: "0.1"\nname: n\n';
/** A template with `lines` at its top level, from line 3. */
function top(...lines: string[]): string {
  return `${HEAD}${lines.map((line) => `${line}\n`).join('')}tasks: [{name: t, worker: w, actions: [{name: a, image: i, timeout: 60}]}]\n`;
}
/** A template whose only action has `lines`, from line 8. */
function action(...lines: string[]): string {
  const rest = lines.map((line) => `        ${line}\n`).join('');
  return `${HEAD}tasks:\n  - name: t\n    worker: w\n    actions:\n      - name: a\n${rest}`;
}

function readAction(...lines: string[]): TemplateAction {
  const { document, problems } = outcome(action(...lines));
  assert.deepEqual(problems, []);
  const first = document?.tasks[0]?.actions[0];
  assert.ok(first !== undefined);
  return first;
}

describe('control of an action', () => {
  for (const [text, expected] of [
    ['true', true],
    ['"TRUE"', true],
    ['1', true],
    ['yes', true],
    ['false', false],
    ['0', false],
    ['No', false],
    ['""', false],
    ['', false],
  ] as const) {
    test(`if: ${text}`, () => assert.equal(readAction('image: i', `if: ${text}`).condition, expected));
  }

  test('retries, background, limits', () => {
    const { retries, background, run } = readAction(
      'image: i',
      'retries: {limit: 3, backoff: 1m}',
      'memory: 1.5GiB',
      'cpus: 2',
      'privileged: false',
    );
    assert.deepEqual([retries, background], [{ limit: 3, backoff: 60 }, false]);
    assert.ok(run.kind === 'image');
    assert.deepEqual([run.memory, run.cpus, run.privileged], [1.5 * 1024 ** 3, 2, false]);
    assert.deepEqual(readAction('image: i', 'retries: 2').retries, { limit: 2, backoff: 10 });
    assert.equal(readAction('image: i', 'background: true').background, true);
  });

  test('what follows a failure has its own limit, the limit of the action, or five minutes', () => {
    const hooks = (...lines: string[]): unknown => {
      const { run } = readAction('image: i', ...lines);
      return run.kind === 'image' && [run.onFailure, run.onTimeout];
    };
    assert.deepEqual(hooks('on-failure: [f]', 'on-timeout: {command: [t], timeout: 5}'), [
      { command: ['f'], timeout: 300 },
      { command: ['t'], timeout: 5 },
    ]);
    assert.deepEqual(hooks('timeout: 9', 'on-failure: [f]', 'on-timeout: {command: [t], timeout: 0}'), [
      { command: ['f'], timeout: 9 },
      { command: ['t'], timeout: 0 },
    ]);
  });

  for (const verb of ['reboot', 'poweroff', 'kexec']) {
    test(`verb: ${verb}`, () => assert.deepEqual(readAction(`verb: ${verb}`).run, { kind: 'verb', verb }));
  }
});

describe('what belongs to the whole workflow', () => {
  test('actions for its failure and its time-out', () => {
    const { document, problems } = outcome(
      top(
        'on_failure:',
        '  - {name: tell, image: curl, command: [curl, x], timeout: 30, worker: provisioner}',
        '  - {image: b, volumes: ["/a:/b"], environment: {A: 1}, privileged: false}',
        'on_timeout: [{image: c}]',
      ),
    );
    assert.deepEqual(problems, []);
    const none = { command: [], volumes: [], environment: {} };
    assert.deepEqual(document?.onFailure, [
      {
        name: 'tell',
        worker: 'provisioner',
        timeout: 30,
        run: { kind: 'image', ...none, image: 'curl', command: ['curl', 'x'] },
      },
      {
        name: 'on_failure-2',
        timeout: 0,
        run: { kind: 'image', image: 'b', command: [], volumes: ['/a:/b'], environment: { A: '1' }, privileged: false },
      },
    ]);
    assert.deepEqual(document?.onTimeout, [
      { name: 'on_timeout-1', timeout: 0, run: { kind: 'image', ...none, image: 'c' } },
    ]);
  });

  test('its data', () => {
    assert.deepEqual(outcome(top()).document?.data, { kind: 'json' });
    assert.deepEqual(outcome(top('data: {type: binary, limit: 20MiB}')).document?.data, {
      kind: 'binary',
      limit: 20 * 1024 ** 2,
    });
    assert.deepEqual(outcome(top('data: {limit: 4096}')).document?.data, { kind: 'json', limit: 4096 });
  });
});

describe('what is refused', () => {
  const cases: [text: string, place: string, field: string, message: RegExp][] = [
    [action('image: i', 'if: perhaps'), '9:13', 'tasks[0].actions[0].if', /"perhaps" is neither true nor false/],
    [action('image: i', 'if: [a]'), '9:13', 'tasks[0].actions[0].if', /expected true or false, found a list/],
    [action('image: i', 'background: x'), '9:21', 'tasks[0].actions[0].background', /neither true nor false/],
    [action('verb: reboot', 'background: true'), '9:21', 'tasks[0].actions[0].background', /leave background out/],
    [action('verb: reboot', 'retries: 2'), '9:18', 'tasks[0].actions[0].retries', /with a verb has no retries/],
    [action('image: i', 'background: true', 'retries: 2'), '10:18', 'tasks[0].actions[0].retries', /in the background/],
    [action('verb: kexe'), '8:15', 'tasks[0].actions[0].verb', /did you mean "kexec"/],
    [
      action('image: i', 'retries: -1'),
      '9:18',
      'tasks[0].actions[0].retries',
      /"-1" is no whole number from 0 to 1000/,
    ],
    [action('image: i', 'retries: 1001'), '9:18', 'tasks[0].actions[0].retries', /from 0 to 1000/],
    [
      action('image: i', 'retries: [1]'),
      '9:18',
      'tasks[0].actions[0].retries',
      /expected a number of retries, or a map/,
    ],
    [action('image: i', 'retries: {backoff: 1}'), '9:18', 'tasks[0].actions[0].retries.limit', /limit is missing/],
    [
      action('image: i', 'retries: {limit: 1, backoff: 2h}'),
      '9:38',
      'tasks[0].actions[0].retries.backoff',
      /more than an hour/,
    ],
    [
      action('image: i', 'retries: {limit: 1, delay: 2}'),
      '9:29',
      'tasks[0].actions[0].retries.delay',
      /unknown key "delay"/,
    ],
    [action('image: i', 'on-failure: {timeout: 5}'), '9:21', 'tasks[0].actions[0].on-failure.command', /is missing/],
    [
      action('image: i', 'on-failure: {command: []}'),
      '9:31',
      'tasks[0].actions[0].on-failure.command',
      /command is empty/,
    ],
    [
      action('image: i', 'on-timeout: {command: [x], timeout: -1}'),
      '9:45',
      'tasks[0].actions[0].on-timeout.timeout',
      /"-1" is no time/,
    ],
    [action('image: i', 'memory: -1'), '9:17', 'tasks[0].actions[0].memory', /"-1" is no size/],
    [action('image: i', 'cpus: 0.001'), '9:15', 'tasks[0].actions[0].cpus', /at least 0.01/],
    [action('image: i').replace('worker: w', 'worker: "a b"'), '5:13', 'tasks[0].worker', /it has white space/],
    [
      action('image: i').replace('worker: w', 'worker: w\n    timeout: soon'),
      '6:14',
      'tasks[0].timeout',
      /"soon" is no time/,
    ],
    [
      action('image: i', 'timeout: 90').replace('worker: w', 'worker: w\n    timeout: 60'),
      '6:14',
      'tasks[0].timeout',
      /ends after 60 s, before the timeout of its action "a", 90 s/,
    ],
    [top('global_timeout: 59'), '3:17', 'global_timeout', /the workflow ends after 59 s, before .*"a", 60 s/],
    [top('on_failure: {image: a}'), '3:13', 'on_failure', /expected a list of actions for on_failure, found a map/],
    [top('on_failure: [{name: x}]'), '3:14', 'on_failure[0].image', /image is missing/],
    [top('on_failure: [{image: a, retries: 1}]'), '3:25', 'on_failure[0].retries', /unknown key "retries"/],
    [
      top('on_timeout: [{image: a, name: x}, {image: a, name: x}]'),
      '3:35',
      'on_timeout[1]',
      /two actions are named "x"/,
    ],
    [top('data: json'), '3:7', 'data', /expected a map with type and limit/],
    [top('data: {type: xml}'), '3:14', 'data.type', /"xml" is no type of data/],
    [top('data: {limit: much}'), '3:15', 'data.limit', /"much" is no size/],
    [top('data: {limit: 1}'), '3:15', 'data.limit', /holds nothing/],
    [top('data: {limit: 1TB}'), '3:15', 'data.limit', /more than 256 MiB/],
    [top('data: {typ: json}'), '3:8', 'data.typ', /did you mean "type"/],
  ];
  for (const [text, place, field, message] of cases) {
    test(`${field}: ${message.source}`, () => {
      const { problems } = outcome(text);
      assert.deepEqual(
        problems.map((problem) => [problem.field, `${problem.line}:${problem.column}`]),
        [[field, place]],
      );
      assert.match(problems[0]?.message ?? '', message);
    });
  }
});

describe('what is only warned of', () => {
  /** `line:column field: message` of each warning; there must be no problem. */
  function warnings(text: string, lenient = false): string[] {
    const found = outcome(text, lenient);
    assert.deepEqual(found.problems, []);
    return found.warnings.map(({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`);
  }
  const two = (...lines: string[]): string =>
    `${HEAD}${lines.map((line) => `${line}\n`).join('')}tasks:\n  - {name: t, worker: w, timeout: 100, actions: [{name: a, image: i, timeout: 60}, {name: b, image: i, timeout: 60}]}\n`;

  test('a sum beyond the limit', () => {
    assert.deepEqual(warnings(two('global_timeout: 110')), [
      '5:35 tasks[0].timeout: the task ends after 100 s, its actions may take 120 s together',
      '3:17 global_timeout: the workflow ends after 110 s, its actions may take 120 s together',
    ]);
  });

  test('actions that are not run do not count', () => {
    assert.deepEqual(warnings(two().replace('name: b,', 'name: b, if: false,')), []);
  });

  test('actions of one name in two tasks', () => {
    const text = `${HEAD}tasks:\n  - {name: t, worker: w, actions: [{name: a, image: i}]}\n  - {name: u, worker: v, actions: [{name: a, image: i}]}\n`;
    assert.deepEqual(warnings(text), ['4:3 tasks: the tasks "t" and "u" both have an action "a"']);
  });

  test('unknown keys and other versions, where the file is taken leniently', () => {
    const text = `kind: Template\n${action('image: i', 'tiemout: 3').replace('version: "0.1"\n', '')}`;
    assert.deepEqual(warnings(text, true), [
      '1:1 kind: unknown key "kind"; known are version, name, id, global_timeout, tasks, services, on_failure, on_timeout, data',
      '1:1 version: version is missing, "0.1" is assumed',
      '9:9 tasks[0].actions[0].tiemout: unknown key "tiemout"; did you mean "timeout"?',
    ]);
    assert.deepEqual(outcome(text).problems.length, 3);
    assert.deepEqual(warnings(top().replace('0.1', '0.2'), true), [
      '1:10 version: the version must be "0.1", not "0.2"',
    ]);
    assert.equal(outcome(text, true).document?.version, '0.1');
  });

  test('what is wrong otherwise is a problem there too', () => {
    assert.equal(outcome(action('image: A'), true).problems.length, 1);
  });
});
