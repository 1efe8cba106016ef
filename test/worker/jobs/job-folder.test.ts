import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { JobFolder, mountsBelow } from '../../../src/worker/jobs/job-folder.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-folder-'));
after(() => rm(directory, { recursive: true }));

const attempt = (job: string) => ({ key: { workflow: 'w', action: 0, attempt: 2 }, boot: 'b', job, secrets: ['s'] });

describe('the folder of a Job', () => {
  test('is nobody else’s, empty but for the helper, and found by the next worker', async () => {
    const jobs = join(directory, 'jobs');
    const folder = await JobFolder.make(jobs, attempt('j/1'));
    assert.equal(folder.path, join(jobs, 'j_1-2'));
    for (const path of [jobs, folder.path, folder.task, folder.temporary])
      assert.equal((await stat(path)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(folder.task), ['helper']);
    await writeFile(join(folder.task, 'old'), '');
    await folder.setScript({ step: 3, name: 'n', session: { pid: 4, startTime: 5 } });
    await mkdir(join(jobs, 'not-ours'));
    const found = await JobFolder.leftIn(jobs);
    assert.deepEqual(
      found.map(({ state }) => state),
      [{ ...attempt('j/1'), script: { step: 3, name: 'n', session: { pid: 4, startTime: 5 } } }],
    );
    assert.deepEqual(await readdir((await JobFolder.make(jobs, attempt('j/1'))).task), ['helper']);
    await rename(folder.path, `${folder.path}.new`);
    assert.deepEqual(await JobFolder.leftIn(jobs), []);
    await JobFolder.sweep(jobs);
    assert.deepEqual(await readdir(jobs), ['not-ours']);
    assert.deepEqual(await JobFolder.leftIn(join(directory, 'none')), []);
  });

  test('that a killed worker had not made whole, or not removed whole, goes', async () => {
    const jobs = join(directory, 'in-part');
    for (const part of ['j-1.new/task', 'j-2.gone/tmp', 'other']) await mkdir(join(jobs, part), { recursive: true });
    assert.deepEqual(await JobFolder.leftIn(jobs), []);
    await JobFolder.sweep(jobs);
    assert.deepEqual(await readdir(jobs), ['other']);
  });

  test('goes, but not what a script has mounted in it', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    const disk = join(directory, 'disk');
    await mkdir(disk);
    await writeFile(join(disk, 'precious'), '');
    const folder = await JobFolder.make(join(directory, 'mounted'), attempt('j'));
    const at = join(folder.task, 'a place');
    await mkdir(at);
    execFileSync('mount', ['--bind', disk, at]);
    await folder.remove();
    assert.ok(existsSync(join(disk, 'precious')));
    assert.equal(existsSync(folder.path), false);
  });

  test('mount points are known by their paths', () => {
    const line = (path: string): string => `36 35 98:0 / ${path} rw,noatime master:1 - ext3 /dev/root rw`;
    const text = ['/', '/j/1', '/j/1/a\\040b', '/j/11', '/other'].map(line).join('\n');
    assert.deepEqual(mountsBelow('/j/1', `${text}\n`), ['/j/1/a b', '/j/1']);
  });
});
