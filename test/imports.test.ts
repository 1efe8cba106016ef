/** That imports point inward, as CONTRIBUTING.md says. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** What the files of each room may import from, beside their own room and the files of `src/` itself. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  actions: ['compression', 'inventory'],
  api: [
    ...['boots', 'content', 'http', 'inventory', 'life', 'machines', 'manifests', 'registry', 'services'],
    ...['store', 'webhooks', 'workflows'],
    // The protocol; none of the code that runs on machines.
    'worker',
  ],
  appliance: [
    ...['api', 'boots', 'content', 'executable', 'http', 'life', 'machines', 'registry', 'store', 'webhooks'],
    ...['system', 'worker', 'workflows'],
  ],
  boots: ['http', 'machines', 'store', 'system'],
  cli: ['api', 'content', 'doctor', 'executable', 'inventory', 'manifests'],
  compression: [],
  content: ['store'],
  // What is wrong with this computer is found where the appliance would run, and on its networks.
  doctor: ['api', 'appliance', 'boots', 'executable', 'inventory'],
  executable: [],
  http: ['services', 'system'],
  inventory: [],
  lab: ['api', 'cli', 'executable'],
  // What follows a stage is told by workflows, in the same change; the protocol has what a Job is.
  life: ['boots', 'content', 'executable', 'machines', 'store', 'worker', 'workflows'],
  machines: ['inventory', 'store'],
  manifests: ['machines', 'store', 'workflows'],
  registry: ['compression', 'http'],
  services: ['workflows'],
  store: [],
  system: [],
  webhooks: ['store'],
  worker: ['executable', 'inventory', 'workflows'],
  // `services` reads the routing labels of templates; `worker` has the protocol.
  workflows: ['machines', 'services', 'store', 'worker'],
};

/** Commands that are the appliance, the worker and others at work load them when they are called. */
const LOADED: readonly string[] = [
  ...['actions', 'appliance', 'content', 'doctor', 'inventory', 'lab', 'life', 'manifests', 'store', 'worker'],
  'workflows',
];

interface Import {
  from: string;
  to: string;
  kind: 'type' | 'value' | 'loaded';
}

const files = globSync('src/**/*.ts', { cwd: ROOT });
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const to = (path: string): string => normalize(join(file, '..', path));
  const still = [...text.matchAll(/^(?:import|export)( type)?\b([^;'"]*?)from '(\.[^']+)';/gm)].map(
    ([, type, names = '', path = '']): Import => ({
      from: file,
      to: to(path),
      kind: type || onlyTypes(names) ? 'type' : 'value',
    }),
  );
  const loaded = [...text.matchAll(/\bimport\('(\.[^']+)'\)/g)].map(
    ([, path = '']): Import => ({ from: file, to: to(path), kind: 'loaded' }),
  );
  return [...still, ...loaded];
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const [, inner = ''] = /^\s*\{([^}]*)\}\s*$/.exec(names) ?? [];
  const each = inner.split(',').filter((name) => name.trim() !== '');
  return each.length > 0 && each.every((name) => /^\s*type\s/.test(name));
}

/** The room of a file; undefined for those of `src/` itself. */
function roomOf(file: string): string | undefined {
  const [, room, rest] = file.split('/');
  return rest === undefined ? undefined : room;
}

const shown = ({ from, to }: Import): string => `${from} imports ${to}`;

describe('imports', () => {
  test('are found', () => {
    assert.ok(files.length > 300, `${files.length} files`);
    assert.ok(imports.some(({ kind }) => kind === 'loaded'));
    assert.ok(imports.some(({ from, kind }) => from === 'src/cli/get.ts' && kind === 'type'));
  });

  test('every room has its rule', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => room !== undefined));
    assert.deepEqual([...rooms].sort(), Object.keys(ROOMS).sort());
  });

  test('a room imports only from those it may', () => {
    const wrong = imports.filter(({ from, to, kind }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (room === undefined || other === undefined || room === other) return false;
      if (kind === 'loaded' && room === 'cli') return !LOADED.includes(other);
      return !ROOMS[room]?.includes(other);
    });
    assert.deepEqual(wrong.map(shown), []);
  });

  test('the command line starts without the appliance: of the API it takes types, and how errors are written', () => {
    const wrong = imports.filter(
      ({ from, to, kind }) =>
        roomOf(from) === 'cli' &&
        kind === 'value' &&
        ['api', 'doctor', 'manifests'].includes(roomOf(to) ?? '') &&
        to !== 'src/api/problem.ts',
    );
    assert.deepEqual(wrong.map(shown), []);
  });

  test('server and worker share the protocol and types', () => {
    const wrong = imports.filter(({ from, to, kind }) => {
      if (kind !== 'value') return false;
      if (['api', 'workflows'].includes(roomOf(from) ?? '') && roomOf(to) === 'worker')
        return to !== 'src/worker/protocol.ts';
      if (roomOf(from) === 'worker' && roomOf(to) === 'workflows')
        return to !== 'src/workflows/workflow.ts' && to !== 'src/workflows/template/document.ts';
      return false;
    });
    assert.deepEqual(wrong.map(shown), []);
  });

  test('no file needs itself, by way of others, to be loaded', () => {
    const next = Map.groupBy(
      imports.filter(({ kind }) => kind === 'value'),
      ({ from }) => from,
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) cycles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
      if (way.includes(file) || done.has(file)) return;
      for (const { to } of next.get(file) ?? []) visit(to, [...way, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    assert.deepEqual(cycles, []);
  });
});
