/** `tinsmith file` and `tinsmith iso` with a real appliance. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { running } from '../api/running.ts';
import { tinyIso } from '../boots/iso/tiny.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { tinsmith as run } from './fake-appliance.ts';

const sha = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

async function appliance(t: TestContext) {
  const all = await running(t);
  const directory = temporaryDirectory(t);
  const local = (name: string, content: string | Buffer): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const tinsmith = (...words: string[]) =>
    run({ url: all.url }, words, { environment: { TINSMITH_TOKEN: all.adminToken } });
  return { ...all, local, tinsmith };
}

describe('tinsmith file', () => {
  it('uploads, lists, shows and deletes', async (t) => {
    const { tinsmith, local, filesDirectory } = await appliance(t);
    const large = Buffer.alloc(3_000_000, 'image');
    const image = local('debian 12.img', large);
    const made = await tinsmith('file', 'upload', image, '--sha256', sha(large));
    assert.equal(made.out, `Stored  debian 12.img  3000000 bytes  ${sha(large)}\n`, made.err);
    assert.deepEqual(readFileSync(join(filesDirectory, 'debian 12.img')), large);
    assert.match((await tinsmith('file', 'upload', image)).out, /^Replaced/);
    const there = await tinsmith('file', 'upload', image, '--no-replace');
    assert.equal(there.code, 65);
    assert.match(there.err, /debian 12\.img is there already, and is left as it is/);
    for (const [path, said] of [
      ['../x', /"\.\.\/x" is no name: "\.\." can be no part of one/],
      ['a//b', /"a\/\/b" is no name: a part before, behind or between its slashes is empty/],
      ['', /An empty text names nothing/],
    ] as const) {
      const refused = await tinsmith('file', 'upload', image, path);
      assert.equal(refused.code, 64);
      assert.match(refused.err, said);
    }
    assert.equal((await tinsmith('file', 'upload', image, 'deep/er/image')).code, 0);
    assert.match((await tinsmith('file', 'list')).out, /debian 12\.img.*\n.*deep\/er\/image/);
    assert.equal(JSON.parse((await tinsmith('file', 'list', 'deep/', '-o', 'json')).out).data.length, 1);
    assert.equal(JSON.parse((await tinsmith('file', 'show', 'deep/er/image', '-o', 'json')).out).sha256, sha(large));
    assert.equal((await tinsmith('file', 'delete', 'debian 12.img', 'deep/er/image')).code, 0);
    assert.equal((await tinsmith('file', 'show', 'deep/er/image')).code, 66);
  });

  it('says what is wrong before and after it has sent something', async (t) => {
    const { tinsmith, local } = await appliance(t);
    const image = local('x', 'content');
    assert.equal((await tinsmith('file', 'upload', image, '--sha256', 'abc')).code, 64);
    const other = await tinsmith('file', 'upload', image, '--sha256', '0'.repeat(64));
    assert.equal(other.code, 65);
    assert.match(other.err, new RegExp(`is ${sha('content')}, not 0{64}`));
    assert.equal((await tinsmith('file', 'upload', '/nowhere/x')).code, 66);
    assert.equal((await tinsmith('file', 'upload', '/tmp')).code, 64);
    assert.equal((await tinsmith('file', 'upload', image, '../x')).code, 64);
    assert.equal((await tinsmith('file', 'delete', '../machines/x')).code, 64);
  });
});

describe('tinsmith iso', () => {
  it('uploads images, and lists those that boot environments miss', async (t) => {
    const { tinsmith, local, call } = await appliance(t);
    const OS = { Name: 'tiny', IsoFile: 'tiny.iso', IsoUrl: 'http://mirror/tiny.iso' };
    const env = { Name: 'tiny', OS, Kernel: 'vmlinuz' };
    assert.equal((await call('PUT', '/api/v1/content/bootenvs/tiny', { body: env })).status, 200);
    assert.match(
      (await tinsmith('iso', 'list')).out,
      /tiny\.iso +\| missing .*\| tiny .*fetch it from http:\/\/mirror/,
    );
    const none = await tinsmith('iso', 'upload', local('none.iso', 'no image'));
    assert.equal(none.code, 65);
    assert.match(none.err, /is no ISO 9660 image/);
    const image = local('download', tinyIso({ 'VMLINUZ.;1': 'a kernel' }));
    const made = await tinsmith('iso', 'upload', image, '--name', 'tiny.iso');
    assert.match(made.out, /^Stored {2}tiny\.iso .*\nServed as {3}\/isos\/tiny\.iso\/…\n/, made.err);
    assert.match((await tinsmith('iso', 'list')).out, /tiny\.iso +\| [\d.]+ .*TINY.*\| tiny/);
    assert.equal(JSON.parse((await tinsmith('iso', 'show', 'tiny.iso', '-o', 'json')).out).label, 'TINY');
    assert.equal((await tinsmith('iso', 'delete', 'tiny.iso')).code, 0);
    assert.equal((await tinsmith('iso', 'show', 'other.iso')).code, 66);
  });
});
