/** One process at a time, and only in a directory of ours. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { claimDataDirectory } from '../../src/store/index.ts';
import { temporaryDirectory } from './opened.ts';

const HOLDER = join(import.meta.dirname, 'holder.ts');

async function holding(t: TestContext, directory: string): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, [HOLDER, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.ok(child.pid);
  return Object.assign(child, { pid: child.pid });
}

/** Runs the holder in a mount namespace of its own, after `setUp`. @returns what it said. */
function heldIn(setUp: string, directory: string): string {
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', `set -e; ${setUp}; exec "$0" "$@" < /dev/null`, process.execPath, HOLDER, directory],
    { encoding: 'utf8' },
  );
  return stdout + stderr;
}

describe('a data directory', () => {
  it('is made with its parents, for its owner alone, and given back', (t) => {
    const directory = join(temporaryDirectory(t), 'a/b');
    const claimed = claimDataDirectory(directory);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(directory).sort(), ['pid', 'tinsmith.json']);
    assert.deepEqual(JSON.parse(readFileSync(join(directory, 'tinsmith.json'), 'utf8')), { format: 2 });
    claimed.release();
    assert.deepEqual(readdirSync(directory), ['tinsmith.json']);
    claimDataDirectory(directory).release();
  });

  it('in use is refused with the pid of its user', async (t) => {
    const directory = temporaryDirectory(t);
    const { pid } = await holding(t, directory);
    assert.throws(() => claimDataDirectory(directory), {
      code: 'DATA_DIRECTORY_IN_USE',
      message: new RegExp(`in use by another Tinsmith, process ${pid}\\.`),
      next: new RegExp(`kill ${pid}`),
    });
    assert.match(readFileSync(join(directory, 'pid'), 'utf8'), new RegExp(`^${pid} `));
  });

  it('whose user was killed is taken over', async (t) => {
    const directory = temporaryDirectory(t);
    const child = await holding(t, directory);
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.ok(existsSync(join(directory, 'pid')));
    const claimed = claimDataDirectory(directory);
    assert.match(readFileSync(join(directory, 'pid'), 'utf8'), new RegExp(`^${process.pid} `));
    claimed.release();
  });

  it('whose user’s pid now belongs to another process is taken over', (t) => {
    const directory = temporaryDirectory(t);
    claimDataDirectory(directory).release();
    // This process has that pid, but was not started then.
    writeFileSync(join(directory, 'pid'), `${process.ppid} 1\n`);
    claimDataDirectory(directory).release();
  });

  it('with an empty lock, of a start cut short, is taken over', (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'pid'), '');
    claimDataDirectory(directory).release();
    assert.deepEqual(readdirSync(directory), ['tinsmith.json']);
  });

  it('may be a new file system', (t) => {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, 'lost+found'));
    claimDataDirectory(directory).release();
  });

  it('that holds something else is refused and left as it was', (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'thesis.tex'), 'x');
    assert.throws(() => claimDataDirectory(directory), { code: 'DATA_DIRECTORY_FOREIGN', message: /is not empty/ });
    assert.deepEqual(readdirSync(directory), ['thesis.tex']);
  });

  for (const [what, marker, message] of [
    ['of a newer format', '{"format":3}', /has data format 3; this version of Tinsmith reads format 2/],
    ['of an older format', '{"format":1}', /has data format 1; this version of Tinsmith reads format 2/],
    ['with a broken marker', '{"form', /tinsmith\.json cannot be read as the marker/],
    ['with a marker that says nothing', '{}', /has data format undefined/],
    ['with a marker that is null', 'null', /tinsmith\.json cannot be read as the marker/],
  ] as const) {
    it(`${what} is refused and left as it was`, (t) => {
      const directory = temporaryDirectory(t);
      writeFileSync(join(directory, 'tinsmith.json'), marker);
      assert.throws(() => claimDataDirectory(directory), { code: 'DATA_DIRECTORY_FOREIGN', message });
      assert.deepEqual(readdirSync(directory), ['tinsmith.json']);
      assert.equal(readFileSync(join(directory, 'tinsmith.json'), 'utf8'), marker);
    });
  }

  it('that is a file, or below one, is refused', (t) => {
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')])
      assert.throws(() => claimDataDirectory(path), { code: 'DATA_DIRECTORY_UNUSABLE', message: new RegExp(file) });
  });

  it('that is read-only is refused', (t) => {
    const directory = temporaryDirectory(t);
    const said = heldIn(`mount --bind ${directory} ${directory}; mount -o remount,bind,ro ${directory}`, directory);
    assert.match(said, /DATA_DIRECTORY_UNUSABLE/);
    assert.match(said, /cannot be used as data directory: EROFS/);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('on a full disk is refused, and nothing half written stays', (t) => {
    const directory = temporaryDirectory(t);
    const setUp = `mount -t tmpfs -o size=64k tmpfs ${directory}; dd if=/dev/zero of=${directory}/lost+found status=none || true`;
    assert.match(heldIn(setUp, directory), /cannot be used as data directory: ENOSPC/);
    // The same disk with room again: what the first try left is no obstacle.
    const again = heldIn(`${setUp}; "$0" "$@" 2>/dev/null || true; rm ${directory}/lost+found`, directory);
    assert.match(again, /^held/);
  });
});
