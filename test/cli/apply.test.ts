/** `apply` and `get`: files and folders in, documents out. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { joined } from '../../src/cli/apply.ts';
import { TinsmithError } from '../../src/errors.ts';
import { running } from '../api/running.ts';
import { ALL, HARDWARE, PLAIN, TEMPLATE, WORKFLOW } from '../manifests/examples.ts';
import { fakeAppliance, tinsmith } from './fake-appliance.ts';

const directory = mkdtempSync(join(tmpdir(), 'tinsmith-apply-'));
after(() => rmSync(directory, { recursive: true }));

function folder(name: string, files: Record<string, string>): string {
  const path = join(directory, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

const OBJECT = { kind: 'hardware', name: 'n', id: 'i', line: 1, diff: '@@ -0,0 +1,1 @@\n+a: 1', action: 'created' };
const DONE = { data: { dryRun: false, objects: [OBJECT], warnings: [] } };

describe('apply', () => {
  it('reads a folder by name, not what is below it, as one text', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /apply': () => DONE });
    const lab = folder('lab', { 'b.yml': 'b: 1', 'a.yaml': 'a: 1\n', 'c.json': '{}', 'd.txt': 'no', 'e.yaml~': 'no' });
    mkdirSync(join(lab, 'more.yaml'));
    assert.deepEqual(await tinsmith(appliance, ['apply', '-f', lab]), {
      code: 0,
      out: 'hardware/n created\n',
      err: '',
    });
    assert.equal(appliance.asked[0]?.body, 'a: 1\n---\nb: 1\n---\n{}');
    assert.equal(appliance.asked[0]?.headers['content-type'], 'application/yaml');
  });

  it('reads standard input, for - and for nothing', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /apply': () => DONE });
    await tinsmith(appliance, ['apply', '-f', '-', '--dry-run'], { stdin: 'a: 1\n' });
    await tinsmith(appliance, ['apply', '--lenient'], { stdin: 'b: 1\n' });
    assert.deepEqual(
      appliance.asked.map(({ url, body }) => [url, body]),
      [
        ['/api/v1/apply?dryRun=true', 'a: 1\n'],
        ['/api/v1/apply?lenient=true', 'b: 1\n'],
      ],
    );
  });

  it('says what has been done, and shows no diff of it', async (t) => {
    const objects = [OBJECT, { ...OBJECT, name: 'm', line: 3, action: 'unchanged', diff: '' }];
    const appliance = await fakeAppliance(t, { 'POST /apply': () => ({ data: { ...DONE.data, objects } }) });
    const done = await tinsmith(appliance, ['apply', '-f', folder('done', { 'a.yaml': 'a\n', 'b.yaml': 'b\n' })]);
    assert.equal(done.out, 'hardware/n created\nhardware/m unchanged\n');
    const json = await tinsmith(appliance, ['apply', '-o', 'json'], { stdin: 'a: 1\n' });
    assert.deepEqual(JSON.parse(json.out).data.objects[0], { ...objects[0], file: 'standard input' });
  });

  it('places problems and warnings in the files that they are in', async (t) => {
    const lab = folder('wrong', { 'a.yaml': 'a: 1\nb: 2\n', 'b.yaml': 'c: 3\nd: 4\n' });
    const problem = { field: 'd', message: 'is wrong', line: 5, column: 4 };
    const appliance = await fakeAppliance(t, {
      'POST /apply': () => {
        throw new TinsmithError('INVALID_INPUT', 'line 5', { problems: [problem] });
      },
    });
    const refused = await tinsmith(appliance, ['apply', '-f', lab]);
    assert.equal(refused.code, 65);
    assert.match(refused.err, /There is a problem with the documents\.\n {2}\S+\/wrong\/b\.yaml:2:4: is wrong\n/);
    const warned = await fakeAppliance(t, {
      'POST /apply': () => ({ data: { ...DONE.data, warnings: [{ ...problem, line: 2 }] } }),
    });
    const { err } = await tinsmith(warned, ['apply', '-f', lab]);
    assert.match(err, /^warning: \S+\/wrong\/a\.yaml:2:4: d is wrong\n$/);
  });

  it('says what it cannot read', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /apply': () => DONE });
    assert.equal((await tinsmith(appliance, ['apply', '-f', join(directory, 'none')])).code, 66);
    const empty = await tinsmith(appliance, ['apply', '-f', folder('empty', { 'a.txt': '' })]);
    assert.equal(empty.code, 64);
    assert.match(empty.err, /has no file \*\.yaml/);
    assert.equal(appliance.asked.length, 0);
  });

  it('does not take an empty file for a success', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /apply': () => ({ data: { ...DONE.data, objects: [] } }) });
    const file = join(folder('bare', { 'a.yaml': '# nothing yet\n' }), 'a.yaml');
    const { code, err } = await tinsmith(appliance, ['apply', '-f', file]);
    assert.deepEqual([code, err.includes(`There is no document in ${file}.`)], [65, true], err);
  });
});

describe('several files as one text', () => {
  it('have each line in its file', () => {
    const files = [
      { name: 'a', text: '1\n2\n' },
      { name: 'b', text: '1\n2' },
      { name: 'c', text: '---\n2\n' },
    ];
    const { text, placeOf } = joined(files);
    assert.equal(text, '1\n2\n---\n1\n2\n---\n---\n2\n');
    const places = [1, 2, 4, 5, 7, 8].map((line) => placeOf(line));
    assert.deepEqual(
      places.map(({ file, line }) => file + line),
      ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'],
    );
  });
});

describe('apply and get with an appliance', () => {
  it('bring everything in, show it, and bring it back unchanged', async (t) => {
    const { url, adminToken, call } = await running(t);
    const run = (words: string[], stdin = '') =>
      tinsmith({ url }, words, { stdin, environment: { TINSMITH_TOKEN: adminToken, TINSMITH_SERVER: url } });
    const lab = folder('whole', { '1.yaml': HARDWARE, '2.yaml': TEMPLATE, '3.yaml': `${WORKFLOW}---\n${PLAIN}` });
    const dry = await run(['apply', '-f', lab, '--dry-run']);
    assert.equal(dry.code, 0, dry.err);
    assert.match(dry.out, /^hardware\/tink-system\/node-1 created \(dry run\)\n@@ -0,0 \+1,\d+ @@\n\+apiVersion: /);
    assert.equal((await run(['get', 'all'])).out, '');
    const done = await run(['apply', '-f', lab]);
    assert.equal(
      done.out,
      'hardware/tink-system/node-1 created\ntemplate/tink-system/ubuntu created\nworkflow/tink-system/node-1-install created\ntemplate/restart created\n',
    );
    const all = await run(['get', 'all']);
    assert.match(all.out, /^apiVersion: tinkerbell.org\/v1alpha1\nkind: Hardware\n/);
    const again = await run(['apply'], all.out);
    assert.ok(
      again.out
        .trim()
        .split('\n')
        .every((line) => line.endsWith(' unchanged')),
      again.out,
    );
    const one = JSON.parse((await run(['get', 'templates', 'ubuntu', '-o', 'json'])).out);
    assert.ok(ALL.includes(one.spec.data.split('\n')[1]));
    assert.equal((await run(['get', 'workflow', 'none'])).code, 66);
    assert.equal((await run(['get', 'all', 'x'])).code, 64);
    assert.equal((await call('GET', '/api/v1/workflows')).json.data.length, 1);
  });
});
