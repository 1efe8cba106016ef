/** What is wrong among objects: each fault with its object and field, all at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cyclesOf } from '../../src/content/cycles.ts';
import { builtinPack, checkWith, nameOf, type Section } from '../../src/content/index.ts';
import { layered } from '../../src/content/layers.ts';
import { readObject } from '../../src/content/reading.ts';
import { fieldOf } from '../../src/yaml-source.ts';
import { checkContainer, checkText, profile, stage, task } from './examples.ts';

/** `section/name field: message` of each fault among objects, those that are built in with them. */
function faults(...inputs: { section: Section; input: object }[]): string[] {
  const local = inputs.map(({ section, input }) => {
    const { object, problems } = readObject(section, input);
    assert.ok(object, JSON.stringify(problems));
    return [`${section}/${nameOf(object)}`, { section, object, createdAt: 0, updatedAt: 0 }] as const;
  });
  const { catalogue } = layered({ builtin: [builtinPack], packs: new Map(), local: new Map(local) });
  return checkWith(
    checkText,
    checkContainer,
  )(catalogue).map(({ section, name, path, message }) => `${section}/${name} ${fieldOf(path)}: ${message}`);
}

const bootenv = (name: string, more: object) => ({ section: 'bootenvs' as const, input: { name, ...more } });
const shared = (id: string, contents: string) => ({ section: 'templates' as const, input: { id, contents } });
const param = (name: string, more: object) => ({ section: 'params' as const, input: { name, ...more } });

describe('objects', () => {
  it('that are built in are right', () => assert.deepEqual(faults(), []));

  it('that refer to each other are right', () => {
    assert.deepEqual(
      faults(
        shared('s', 'text'),
        bootenv('b', { templates: [{ name: 't', path: '{{.Machine.Path}}/x', id: 's' }] }),
        profile('p', { profiles: ['q'] }),
        profile('q'),
        task('one'),
        task('two', { prerequisites: ['one'] }),
        stage('a', { bootEnv: 'b', tasks: ['one', 'two', 'one'], profiles: ['p'], requiredParams: ['of/nobody'] }),
        { section: 'workflows', input: { name: 'l', stages: ['a', 'local', 'a'] } },
      ),
      [],
    );
  });

  it('have containers among the steps of Tasks, in either writing', () => {
    const step = {
      name: 'write',
      image: 'image2disk:v1',
      timeout: '{{.Param "limit"}}',
      environment: { DEST: '{{.X}}' },
    };
    const theirs = { Name: 'write', Image: 'i:1', Namespaces: { Network: 'none' }, Environment: { Dest_Disk: 'x' } };
    const { object, problems } = readObject('tasks', { Name: 't', Templates: [theirs], ReadOnly: true });
    assert.deepEqual(problems, []);
    assert.deepEqual(object?.templates[0], {
      ...{ name: 'write', path: '', meta: {}, image: 'i:1' },
      ...{ namespaces: { network: 'none' }, environment: { Dest_Disk: 'x' } },
    });
    assert.deepEqual(
      faults(task('t', { templates: [step, { ...step, image: '{{.ParamX}}', memory: '{{.Y}}m' }] })),
      [],
    );
    assert.deepEqual(
      faults(
        task('t', {
          templates: [
            { ...step, image: 'Not It', volumes: ['x'], memory: '1k', environment: { A: '{{ .X' } },
            { name: 's', contents: 'x', timeout: 'soon' },
          ],
        }),
      ).map((fault) => fault.replace(/ \(.*/, '')),
      [
        'tasks/t templates[0].volumes[0]: "x" is no volume: write source:destination or source:destination:options',
        'tasks/t templates[0].memory: 1k is less than the 6 MiB that a container needs',
        'tasks/t templates[0].image: "Not It" is no image name: "Not It" has capital letters, a name must be in lower case',
        'tasks/t templates[0].environment.A: line 1, column 1: the action is never closed; expected }}',
        'tasks/t templates[1].timeout: "soon" is no time in whole seconds, 0',
      ],
    );
  });

  it('have one thing in each step of a Task', () => {
    const read = (step: object): string[] =>
      readObject('tasks', { name: 't', templates: [{ name: 's', ...step }] }).problems.map(
        ({ path, message }) => `${fieldOf(path)}: ${message}`,
      );
    assert.deepEqual(read({ image: 'a', contents: 'x', path: 'y' }), [
      'templates[0].contents: cannot stand beside an image: one step is one thing',
      'templates[0].path: cannot stand beside an image: one step is one thing',
    ]);
    assert.deepEqual(read({ contents: 'x', volumes: [], cpus: 1 }), [
      'templates[0].volumes: belongs to an image, and there is none',
      'templates[0].cpus: belongs to an image, and there is none',
    ]);
    assert.deepEqual(read({ contents: 'x', path: 'y', timeout: 3 }), [
      'templates[0].timeout: is for scripts and containers, not for files',
    ]);
  });

  it('refer to nothing that is not there', () => {
    assert.deepEqual(
      faults(
        stage('a', {
          bootEnv: 'nowhere',
          tasks: ['t', 'context:runner'],
          profiles: ['p'],
          templates: [{ name: 'n', path: 'x', id: 's' }],
        }),
        bootenv('b', { templates: [{ name: 'n', path: 'x', id: 's' }] }),
        task('c', { prerequisites: ['t'], templates: [{ name: 'n', id: 's' }] }),
        profile('d', { profiles: ['p'] }),
        { section: 'workflows', input: { name: 'e', stages: ['local', 'x'] } },
      ),
      [
        'bootenvs/b templates[0].id: there is no shared template s',
        'profiles/d profiles[0]: there is no profile p',
        'stages/a bootEnv: there is no boot environment nowhere',
        'stages/a tasks[0]: there is no task t',
        'stages/a tasks[1]: there is no task context:runner: entries such as context: are not done here',
        'stages/a profiles[0]: there is no profile p',
        'stages/a templates[0].id: there is no shared template s',
        'tasks/c prerequisites[0]: there is no task t',
        'tasks/c templates[0].id: there is no shared template s',
        'workflows/e stages[1]: there is no stage x',
      ],
    );
  });

  it('are in no circle', () => {
    assert.deepEqual(
      faults(
        task('a', { prerequisites: ['c'] }),
        task('b', { prerequisites: ['a'] }),
        task('c', { prerequisites: ['b'] }),
        task('d', { prerequisites: ['a', 'd'] }),
        profile('p', { profiles: ['q'] }),
        profile('q', { profiles: ['p'] }),
      ),
      [
        'tasks/a prerequisites: tasks need each other in a circle: a -> c -> b -> a',
        'tasks/d prerequisites: tasks need each other in a circle: d -> d',
        'profiles/p profiles: profiles have each other in a circle: p -> q -> p',
      ],
    );
  });

  it('have paths where machines get files by them, and systems for all entries of a task or none', () => {
    const entries = (...metas: object[]) => metas.map((meta, i) => ({ name: `t${i}`, contents: 'x', meta }));
    assert.deepEqual(
      faults(
        bootenv('b', { templates: [{ name: 't', path: ' ', contents: 'x' }] }),
        stage('s', { templates: [{ name: 't', contents: 'x' }] }),
        task('none', { templates: entries({}, { Interpreter: 'bash' }) }),
        task('all', { templates: entries({ OS: 'linux' }, { os: 'any' }, { Os: 'windows,linux' }) }),
        task('some', { templates: entries({ OS: 'linux' }, {}, { os: ' , ' }) }),
      ),
      [
        'bootenvs/b templates[0].path: is missing: a machine gets the file by it',
        'stages/s templates[0].path: is missing: a machine gets the file by it',
        ...[1, 2].map(
          (i) =>
            `tasks/some templates[${i}].meta: has no OS, where other entries of the task have one: give it to all (any is for all systems) or none`,
        ),
      ],
    );
  });

  it('have templates that can be read', () => {
    const broken = 'line one\n  {{ if }}';
    const found = faults(
      shared('s', broken),
      bootenv('b', {
        bootParams: '{{',
        os: { supportedArchitectures: { amd64: { bootParams: '{{ end }}' } } },
        templates: [{ name: 't', path: '{{ x', contents: '{{ range }}' }],
      }),
      task('t', {
        templates: [
          { name: 'ok', contents: '{{ .Param "x" }} }}' },
          { name: 't', contents: broken },
        ],
      }),
      stage('st', { templates: [{ name: 't', path: 'x', contents: '{{ template }}' }] }),
    );
    assert.deepEqual(
      found.map((fault) => fault.replace(/(line \d+, column \d+): .*/, '$1')),
      [
        'bootenvs/b bootParams: line 1, column 1',
        'bootenvs/b os.supportedArchitectures.amd64.bootParams: line 1, column 1',
        'bootenvs/b templates[0].path: line 1, column 1',
        'bootenvs/b templates[0].contents: line 1, column 10',
        'stages/st templates[0].contents: line 1, column 13',
        'tasks/t templates[1].contents: line 2, column 9',
        'templates/s contents: line 2, column 9',
      ],
    );
  });

  it('have schemas, and values that keep to them', () => {
    assert.deepEqual(
      faults(
        param('bad', { schema: { type: 'nothing' } }),
        param('default', { schema: { type: 'integer', default: 'x' } }),
        param('secret/default', { secure: true, schema: { type: 'integer', default: 'x' } }),
        param('count', { schema: { type: 'integer' } }),
        param('secret', { secure: true, schema: { type: 'integer' } }),
        profile('p', { params: { count: 'x', bad: 1, secret: { Key: 'k', Nonce: 'n', Payload: 'p' }, other: 1 } }),
        stage('s', { params: { count: 1.5 } }),
        stage('ok', { params: { count: 1 } }),
      ),
      [
        'params/bad schema: is no JSON Schema: type must be equal to one of the allowed values, type must be array, type must match a schema in anyOf',
        'params/default schema.default: must be integer',
        'params/secret/default schema.default: must be integer',
        'profiles/p params.count: must be integer',
        'stages/s params.count: must be integer',
      ],
    );
  });

  it('name in maps of changes stages that there are, and actions that are known', () => {
    const map = (value: unknown) => ({ params: { 'change-stage/map': value } });
    assert.deepEqual(
      faults(
        profile('ok', map({ none: 'local', local: 'none:REBOOT', s: 'local: shutdown' })),
        stage('s', map({ s: 'local:Success' })),
        profile('p', map({ none: 'away:Reboot', gone: 'local', local: 'local:Rebot', s: 'local:a:b' })),
        stage('t', map({ none: 3 })),
        profile('u', map(['none'])),
      ),
      [
        'profiles/p params.change-stage/map.local: "local:Rebot" has an unknown action "Rebot"; known are Reboot, Stop, Shutdown, Success',
        'profiles/p params.change-stage/map.s: "local:a:b" has an unknown action "a:b"; known are Reboot, Stop, Shutdown, Success',
        'profiles/p params.change-stage/map.none: there is no stage away',
        'profiles/p params.change-stage/map.gone: there is no stage gone',
        'profiles/u params.change-stage/map: must be object',
        'stages/t params.change-stage/map: none must be string',
      ],
    );
  });

  it('are in no environment for machines that nobody knows', () => {
    assert.deepEqual(faults(stage('s', { bootEnv: 'ignore' })), [
      'stages/s bootEnv: boot environment ignore is for machines that nobody knows: no stage can be in it',
    ]);
  });
});

describe('circles', () => {
  it('are found where there are some, and nowhere else', () => {
    const graph = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
    );
    fc.assert(
      fc.property(graph, (edges) => {
        const next = (name: string): string[] => (Object.hasOwn(edges, name) ? (edges[name] ?? []) : []);
        const found = cyclesOf(Object.keys(edges), next);
        for (const cycle of found) {
          for (const [i, name] of cycle.entries())
            assert.ok(next(name).includes(cycle[(i + 1) % cycle.length] ?? ''), cycle.join());
        }
        // Whoever takes away what leads nowhere, again and again, has circles left or nothing.
        const left = new Set(Object.keys(edges));
        for (let before = -1; before !== left.size; ) {
          before = left.size;
          for (const name of left) if (!next(name).some((each) => left.has(each))) left.delete(name);
        }
        assert.equal(found.length > 0, left.size > 0);
      }),
    );
  });

  it('are looked for in chains that are longer than the stack is deep', () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `n${i}`);
    const next = (name: string): string[] => [`n${(Number(name.slice(1)) + 1) % names.length}`];
    assert.equal(cyclesOf(names, next)[0]?.length, names.length);
  });
});
