/** Params of a machine, as what runs on it reads and changes them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { isSealed, open, seal, sealingKeys } from '../../src/life/seal.ts';
import { HELPER } from '../../src/worker/jobs/helper-library.ts';
import { ownProgram } from '../../src/worker/jobs/own-program.ts';
import { tinsmith } from '../cli/fake-appliance.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { pushed } from '../workflows/made.ts';
import { running } from './running.ts';

const SECRET = 'hunter2-hunter2';

/** Machine 1 with profile `rack`, machine 2, and a token of each. */
async function inhabited(t: TestContext) {
  const all = await running(t);
  await all.content.putAll([
    { section: 'profiles', input: { name: 'rack', params: { size: 3, row: 'B' } } },
    { section: 'params', input: { name: 'password', secure: true } },
    { section: 'params', input: { name: 'size', schema: { type: 'integer', default: 1 } } },
  ]);
  const machine = await pushed(all.machines, 1);
  const other = await pushed(all.machines, 2);
  await all.lives.setProfiles(machine.id, ['rack']);
  const token = await all.workerTokens.issue(machine.id);
  const get = (...names: string[]) =>
    all.call(
      'GET',
      `/api/v1/worker/params?${new URLSearchParams(names.map((name): [string, string] => ['name', name]))}`,
      { token },
    );
  const post = (body: object) => all.call('POST', '/api/v1/worker/params', { token, body });
  /** The command line in this process, as a script calls it. */
  const param = (words: string[], stdin?: string) =>
    tinsmith(undefined, ['worker', 'param', ...words], {
      environment: { TINSMITH_TOKEN: '', RS_ENDPOINT: all.url, RS_TOKEN: token },
      ...(stdin === undefined ? {} : { stdin }),
    });
  return { ...all, machine, other, token, get, post, param };
}

describe('what runs on a machine', () => {
  it('reads the params that count for it, by name', async (t) => {
    const on = await inhabited(t);
    const { status, json } = await on.get('size', 'row', 'nothing');
    assert.equal(status, 200);
    assert.deepEqual(json, {
      params: { size: { value: 3, from: 'profile rack' }, row: { value: 'B', from: 'profile rack' } },
      secure: [],
      sealingKey: on.sealingPublicKey,
    });
    assert.equal((await on.get()).status, 422);
    const others = await on.call('GET', '/api/v1/worker/params?name=size', {
      token: await on.workerTokens.issue(on.other.id),
    });
    assert.deepEqual(others.json.params, { size: { value: 1, from: 'default' } });
    assert.equal((await on.call('GET', '/api/v1/worker/params?name=size', { token: '' })).status, 401);
    assert.equal((await on.call('GET', '/api/v1/worker/params?name=size', { token: 'of-no-boot' })).status, 401);
  });

  it('sets and unsets its own, checked as an administrator’s are', async (t) => {
    const on = await inhabited(t);
    const set = await on.post({ set: { size: 5, 'wipe/record': { sda: {} } } });
    assert.deepEqual([set.status, set.json], [200, { set: ['size', 'wipe/record'], unset: [] }]);
    assert.deepEqual(on.lives.get(on.machine.id).params, { size: 5, 'wipe/record': { sda: {} } });
    assert.deepEqual(on.lives.get(on.other.id).params, {});
    const wrong = await on.post({ set: { size: 'large' } });
    assert.deepEqual([wrong.status, wrong.json.problems[0].field], [422, 'params.size']);
    assert.equal((await on.post({ put: { size: 1 } })).status, 422);
    await on.post({ unset: ['size'] });
    assert.deepEqual((await on.get('size')).json.params.size, { value: 3, from: 'profile rack' });
  });

  it('changes nothing of a machine that is locked, and reads it still', async (t) => {
    const on = await inhabited(t);
    await on.lives.setLocked(on.machine.id, true);
    const refused = await on.post({ set: { size: 5 } });
    assert.deepEqual([refused.status, refused.json.code], [409, 'CONFLICT']);
    assert.equal((await on.get('size')).json.params.size.value, 3);
    const { code, err } = await on.param(['set', 'size', '5']);
    assert.equal(code, 65);
    assert.match(err, /machine-1 is locked/);
  });

  it('gives secure ones sealed, and gets them opened', async (t) => {
    const on = await inhabited(t);
    const plain = await on.post({ set: { password: SECRET } });
    assert.deepEqual([plain.status, plain.json.problems[0].field], [422, 'params.password']);
    assert.equal((await on.post({ set: { password: seal(on.sealingPublicKey, SECRET) } })).status, 200);
    const { json } = await on.get('password');
    assert.deepEqual([json.params.password.value, json.secure], [SECRET, ['password']]);
    assert.equal((await on.param(['set', 'password', '-'], `"other ${SECRET}"`)).code, 0);
    const stored = on.lives.get(on.machine.id).params.password;
    assert.ok(isSealed(stored));
    assert.equal(open(sealingKeys(on.directory).privateKey, stored), `other ${SECRET}`);
    assert.equal((await on.param(['get', 'password'])).out, `"other ${SECRET}"\n`);
  });
});

describe('worker param', () => {
  it('takes and gives JSON', async (t) => {
    const on = await inhabited(t);
    assert.deepEqual(JSON.parse((await on.param(['set', 'a', '{"b":[1,"c"]}'])).out), { set: ['a'], unset: [] });
    assert.deepEqual(JSON.parse((await on.param(['get', 'a'])).out), { b: [1, 'c'] });
    await on.param(['set', 'a', 'no JSON: a text']);
    assert.equal((await on.param(['get', 'a'])).out, '"no JSON: a text"\n');
    assert.equal((await on.param(['get', 'a', '--raw'])).out, 'no JSON: a text\n');
    await on.param(['set', 'a', '-'], '12\n');
    assert.equal((await on.param(['get', 'a', '--raw'])).out, '12\n');
    await on.param(['unset', 'a']);
    const { code, err } = await on.param(['get', 'a']);
    assert.equal(code, 66);
    assert.match(err, /no param a/);
  });

  it('tries again while the appliance is away', async (t) => {
    const on = await inhabited(t);
    let asked = 0;
    const flaky = createServer((request, response) => {
      if (++asked === 1) return void request.socket.destroy();
      fetch(on.url + request.url, { headers: { authorization: request.headers.authorization ?? '' } })
        .then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
        .catch((error: Error) => response.destroy(error));
    });
    await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve));
    t.after(() => flaky.close());
    const url = `http://127.0.0.1:${(flaky.address() as AddressInfo).port}`;
    const words = ['worker', 'param', 'get', 'size', '--server', url, '--token', on.token];
    assert.deepEqual(await tinsmith(undefined, words), { code: 0, out: '3\n', err: '' });
    assert.equal(asked, 2);
  });

  it('says what it was not told', async (t) => {
    const on = await inhabited(t);
    for (const words of [[], ['get'], ['set'], ['get', 'a', 'b'], ['put', 'a']])
      assert.equal((await on.param(words)).code, 64, words.join(' '));
    const without = await tinsmith(undefined, ['worker', 'param', 'get', 'a'], { environment: { TINSMITH_TOKEN: '' } });
    assert.equal(without.code, 64);
    assert.match(without.err, /no RS_ENDPOINT and no RS_TOKEN/);
  });
});

describe('the functions for scripts', () => {
  it('read and set params', async (t) => {
    const on = await inhabited(t);
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'helper'), HELPER);
    const program = ownProgram({ main: join(import.meta.dirname, '../../src/main.ts') });
    assert.ok('script' in program);
    writeFileSync(join(directory, 'tinsmith'), program.script);
    chmodSync(join(directory, 'tinsmith'), 0o755);
    const script = `set -e
. ./helper
echo "size $(get_param size), row $(get_param row)"
set_param row 'C 3'
echo '{"sda": {"means": "zeros"}}' | set_param wipe/record
unset_param nothing
set +e
get_param nothing 2>/dev/null
echo "failed with $?"
`;
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        RS_ENDPOINT: on.url,
        RS_TOKEN: on.token,
        RS_TINSMITH: join(directory, 'tinsmith'),
      },
    });
    assert.equal(stdout, 'size 3, row B\nfailed with 70\n');
    assert.deepEqual(on.lives.get(on.machine.id).params, { row: 'C 3', 'wipe/record': { sda: { means: 'zeros' } } });
  });
});

describe('the program that scripts call', () => {
  it('is the executable, or the sources by a script', () => {
    assert.deepEqual(ownProgram({ isPackaged: true, executable: '/usr/bin/tinsmith' }), { path: '/usr/bin/tinsmith' });
    assert.deepEqual(ownProgram({ isPackaged: false, executable: '/a b/node', main: "/it's/main.ts" }), {
      script: `#!/bin/sh\nexec '/a b/node' '/it'\\''s/main.ts' "$@"\n`,
    });
  });
});
