/** A store on a disk that fills up and is freed again, three times over, and killed at the end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { openStore } from '../../src/store/index.ts';
import { temporaryDirectory } from './opened.ts';

it('a full disk refuses changes, keeps what was acknowledged, and all goes on once there is room', async (t) => {
  const disk = temporaryDirectory(t);
  const copy = temporaryDirectory(t);
  const filler = join(import.meta.dirname, 'filler.ts');
  // The small file system is seen by this shell alone and goes with it.
  const script = `set -e; mount -t tmpfs -o size=3m tmpfs ${disk}; "$@" || true; cp -r ${disk}/. ${copy}`;
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, filler, disk], {
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  const { acknowledged, failures, partly } = JSON.parse(stdout) as {
    acknowledged: string[];
    failures: { code: string; message: string; next: string }[];
    partly: number;
  };
  assert.ok(failures.length >= 3, 'the disk never was full');
  for (const { code, message, next } of failures) {
    assert.equal(code, 'STORE_WRITE_FAILED');
    assert.match(message, /could not be written: .*[Nn]o space left.*Nothing was changed/);
    assert.match(next, /Free some space/);
  }
  assert.equal(partly, 0);
  for (let round = 0; round < 3; round++)
    assert.ok(acknowledged.includes(`after-${round}-0`), 'the first change after there was room is taken');

  const store = await openStore(copy);
  t.after(() => store.close());
  assert.deepEqual(
    acknowledged.filter((name) => store.get(`a/${name}`) === undefined || store.get(`b/${name}`) === undefined),
    [],
    'acknowledged and lost',
  );
  const names = async (prefix: string): Promise<number> => (await store.values(prefix)).length;
  assert.deepEqual([await names('a/'), await names('b/')], [acknowledged.length, acknowledged.length]);
});
