/** Objects of content and packs on the command line, against the appliance's own API. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { running } from '../api/running.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { tinsmith as run } from './fake-appliance.ts';

async function appliance(t: TestContext) {
  const all = await running(t);
  const directory = temporaryDirectory(t);
  const tinsmith = (words: string[], options: Parameters<typeof run>[2] = {}) =>
    run({ url: all.url }, words, { ...options, environment: { TINSMITH_TOKEN: all.adminToken } });
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  return { ...all, tinsmith, file };
}

const TASKS = `kind: Task
name: wipe
templates:
  - name: script
    contents: |
      #!/bin/sh
      wipefs --all /dev/sda
---
name: greet
description: Says hello
`;

describe('task, stage and the others', () => {
  it('are created from a file, listed, shown and deleted', async (t) => {
    const { tinsmith, file, content } = await appliance(t);
    const created = await tinsmith(['task', 'create', '-f', file('tasks.yaml', TASKS)]);
    assert.deepEqual(created, { code: 0, out: 'Created Task:  wipe\nCreated Task:  greet\n', err: '' });
    const names = (await tinsmith(['task', 'list', '-q'])).out.split('\n');
    assert.ok(names.includes('greet') && names.includes('wipe'), names.join());
    assert.match((await tinsmith(['task', 'list', '-o', 'csv'])).out, /^greet,Says hello,local$/m);
    const json = JSON.parse((await tinsmith(['stage', 'list', '-o', 'json'])).out);
    assert.equal(
      json.data.find(({ object }: { object: { name: string } }) => object.name === 'local').pack,
      'tinsmith',
    );
    const { out } = await tinsmith(['task', 'get', 'wipe']);
    assert.match(out, /^kind: Task\nname: wipe\ntemplates:\n/);
    assert.match(out, /contents: \|\n\s+#!\/bin\/sh\n/);
    await tinsmith(['task', 'delete', 'wipe', 'greet']);
    const again = await tinsmith(['task', 'create'], { stdin: out });
    assert.equal(again.out, 'Created Task:  wipe\n');
    assert.match(content.get('tasks', 'wipe').templates[0]?.contents ?? '', /wipefs/);
    assert.equal((await tinsmith(['task', 'delete', 'none'])).code, 66);
  });

  it('are created where there is none, and updated where there is one', async (t) => {
    const { tinsmith } = await appliance(t);
    const text = JSON.stringify([{ name: 'change-stage/other', description: 'a' }]);
    const early = await tinsmith(['param', 'update'], { stdin: text });
    assert.equal(early.code, 65);
    assert.match(early.err, /There is no change-stage\/other/);
    assert.equal((await tinsmith(['param', 'create'], { stdin: text })).code, 0);
    const twice = await tinsmith(['param', 'create'], { stdin: text });
    assert.equal(twice.code, 65);
    assert.match(twice.err, /already/);
    const updated = await tinsmith(['param', 'update', '-o', 'json'], { stdin: text.replace('"a"', '"b"') });
    const { data, created } = JSON.parse(updated.out);
    assert.deepEqual([data.object.description, created], ['b', false]);
    assert.equal((await tinsmith(['param', 'delete', 'change-stage/other'])).code, 0);
  });

  it('are refused with the place in the file', async (t) => {
    const { tinsmith, file, content } = await appliance(t);
    const refused = async (text: string) => {
      const { code, err } = await tinsmith(['task', 'create', '-f', file('bad.yaml', text)]);
      assert.equal(code, 65);
      return err;
    };
    assert.match(
      await refused(`${TASKS}---\nkind: Stage\nname: x\n`),
      /bad\.yaml:12:7: is "Stage", and a Task is wanted/,
    );
    assert.match(await refused('description: nameless\n'), /bad\.yaml:1:1: has no name/);
    assert.match(await refused('name: x\nprerequisites: [none]\n'), /bad\.yaml:2:17: .*none/);
    assert.match(await refused('name: [x\n'), /bad\.yaml:\d+:\d+: YAML/);
    assert.match(await refused('# nothing\n'), /has no document/);
    assert.ok(content.list('tasks').every(({ name }) => content.origin('tasks', name)?.layer === 'builtin'));
  });
});

const PACK = `meta: {name: lab, version: 1.0.0, description: For the lab}
sections:
  tasks:
    greet: {Name: greet, ExtraClaims: [{scope: x}]}
  params:
    size: {Name: size}
`;

describe('content', () => {
  it('is uploaded, listed, shown, exported and deleted', async (t) => {
    const { tinsmith, file } = await appliance(t);
    const path = file('pack.yaml', PACK);
    const dry = await tinsmith(['content', 'upload', path, '--dry-run']);
    assert.equal(dry.out, 'Would Upload Pack:  lab 1.0.0\n+ params/size\n+ tasks/greet\n');
    assert.match(dry.err, /warning: nothing is done with tasks\/greet: ExtraClaims/);
    assert.equal((await tinsmith(['content', 'show', 'lab'])).code, 66);
    assert.match((await tinsmith(['content', 'upload', path])).out, /^Uploaded Pack: {2}lab 1\.0\.0\n/);
    assert.match((await tinsmith(['content', 'list', '-o', 'csv'])).out, /^lab,1\.0\.0,2,[^,]+,For the lab$/m);
    assert.match((await tinsmith(['content', 'show', 'lab'])).out, /\| tasks +\| greet +\|/);
    const { out } = await tinsmith(['content', 'export', 'lab']);
    assert.equal(parse(out).meta.name, 'lab');
    const again = await tinsmith(['content', 'upload', '-'], { stdin: out });
    assert.match(again.out, /^Uploaded Pack: {2}lab 1\.0\.0\n/);
    const deleted = await tinsmith(['content', 'delete', 'lab']);
    assert.equal(deleted.out, 'Deleted Pack:  lab\n- params/size\n- tasks/greet\n');
    const bad = await tinsmith(['content', 'upload', file('bad.yaml', PACK.replace('Name: size', 'Nme: size'))]);
    assert.equal(bad.code, 65);
    assert.match(bad.err, /bad\.yaml:6:12: unknown key "Nme"/);
  });

  it('is applied with everything else', async (t) => {
    const { tinsmith, file } = await appliance(t);
    const path = file('all.yaml', [TASKS.split('---\n')[0], PACK].join('---\n'));
    assert.equal((await tinsmith(['apply', '-f', path])).out, 'pack/lab created\ntask/wipe created\n');
    assert.equal((await tinsmith(['apply', '-f', path])).out, 'pack/lab unchanged\ntask/wipe unchanged\n');
  });
});

describe('a pack that is a folder', () => {
  it('is uploaded, bundled, and told of with the places in its files', async (t) => {
    const { tinsmith, file, content } = await appliance(t);
    const folder = dirname(file('unused', ''));
    mkdirSync(join(folder, 'rack/tasks'), { recursive: true });
    mkdirSync(join(folder, 'rack/templates'));
    file('rack/._Version.meta', 'v1');
    file('rack/tasks/greet.yml', 'Name: greet\nTemplates: [{Name: greet, ID: greet.tmpl}]\n');
    file('rack/templates/greet.tmpl', '#!/bin/sh\necho {{ .Machine.Name }\n');
    const wrong = await tinsmith(['content', 'upload', join(folder, 'rack')]);
    assert.equal(wrong.code, 65);
    assert.match(wrong.err, /rack\/templates\/greet\.tmpl:2:\d+: /);
    file('rack/templates/greet.tmpl', '#!/bin/sh\necho {{ .Machine.Name }}\n');
    const done = await tinsmith(['content', 'upload', join(folder, 'rack')]);
    assert.equal(done.out, 'Uploaded Pack:  rack v1\n+ tasks/greet\n+ templates/greet.tmpl\n', done.err);
    const bundled = await tinsmith(['content', 'bundle', join(folder, 'rack')]);
    const again = await tinsmith(['content', 'upload', '--dry-run'], { stdin: bundled.out });
    assert.equal(again.out, 'Would Upload Pack:  rack v1\n');
    assert.equal(content.get('templates', 'greet.tmpl').contents, '#!/bin/sh\necho {{ .Machine.Name }}\n');
    assert.equal((await tinsmith(['content', 'bundle', join(folder, 'nowhere')])).code, 66);
  });
});

describe('get', () => {
  it('gives objects of content back, as apply takes them', async (t) => {
    const { tinsmith } = await appliance(t);
    const everything = [
      TASKS.replace('---\n', '---\nkind: Task\n'),
      `kind: Task
name: burn
requiredParams: [p/size]
prerequisites: [wipe]
meta: {feature-flags: original-exit-codes}
templates:
  - {name: conf, path: etc/conf, id: text.tmpl}
  - name: image
    image: image2disk:v1
    command: [a, 5, '']
    environment: {A: '', B: null}
    namespaces: {network: none}
    privileged: false
    timeout: 60
`,
      'kind: Stage\nname: s\ntasks: [burn]\nbootEnv: local\nrunnerWait: false\nparams: {p/size: 0, "x": ""}\n',
      'kind: Param\nname: p/size\nschema: {type: number, default: 0}\n',
      'kind: Param\nname: any\nschema: {}\nsecure: true\n',
      'kind: Profile\nname: rack\nparams: {x: [], y: {a: null}, change-stage/map: {s: "local:Reboot"}}\n',
      'kind: SharedTemplate\nid: text.tmpl\ncontents: |\n  one\n   two \n',
      'kind: StageList\nname: l\nstages: [s, local]\n',
      `kind: BootEnv
name: e
kernel: linux
os: {name: debian-12, supportedArchitectures: {amd64: {kernel: k}}}
templates: [{name: seed, path: seed, contents: x}]
`,
    ].join('---\n');
    const applied = await tinsmith(['apply'], { stdin: everything });
    assert.equal(applied.code, 0, applied.err);
    const unchanged = async (words: string[]): Promise<string[]> => {
      const { code, out, err } = await tinsmith(['get', ...words]);
      assert.equal(code, 0, err);
      const again = await tinsmith(['apply'], { stdin: out });
      assert.equal(again.code, 0, again.err);
      const lines = again.out.trim().split('\n');
      assert.ok(
        lines.every((line) => line.endsWith(' unchanged')),
        again.out,
      );
      return lines.map((line) => line.split(' ')[0] ?? '');
    };
    assert.deepEqual((await unchanged(['all'])).sort(), [
      ...['bootenv/e', 'param/any', 'param/p/size', 'profile/rack', 'shared-template/text.tmpl', 'stage-list/l'],
      ...['stage/s', 'task/burn', 'task/greet', 'task/wipe'],
    ]);
    assert.deepEqual((await unchanged(['tasks'])).sort(), ['task/burn', 'task/greet', 'task/wipe']);
    assert.deepEqual(await unchanged(['stage', 's', '-o', 'json']), ['stage/s']);
    assert.deepEqual(await unchanged(['params', '-o', 'json']), ['param/any', 'param/p/size']);
    assert.match((await tinsmith(['get', 'stage', 'local'])).out, /^kind: Stage\nname: local\n/);
    assert.equal((await tinsmith(['get', 'task', 'none'])).code, 66);
  });
});
