import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { endSession, readStat } from '../../../src/worker/jobs/session.ts';
import { spawnScript } from '../../../src/worker/jobs/spawn-script.ts';
import { fastClock } from '../fake-clock.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-session-'));
after(() => rm(directory, { recursive: true }));

async function script(content: string) {
  const path = join(directory, 'script');
  await writeFile(path, content);
  const running = await spawnScript(['/bin/bash', './script'], {
    cwd: directory,
    environment: { PATH: process.env.PATH ?? '' },
    stdout: join(directory, 'out'),
    stderr: join(directory, 'err'),
  });
  return running;
}

/** Resolves when the script has written it. */
async function wrote(word: string): Promise<void> {
  while (!(await readFile(join(directory, 'out'), 'utf8')).includes(word))
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** One that has ended may still wait for somebody to hear of it. */
const alive = (pid: number): boolean => {
  try {
    return readStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state !== 'Z';
  } catch {
    return false;
  }
};

describe('the session of a script', () => {
  test('ends with all its processes, in whatever group they are, and whether they want or not', async () => {
    const running = await script(`
      set -m
      trap '' TERM
      (trap '' TERM; sleep 1000) &
      echo "child $!"
      sleep 1000 &
      echo ready
      wait; wait`);
    running.go();
    await wrote('ready');
    const child = Number(/child (\d+)/.exec(await readFile(join(directory, 'out'), 'utf8'))?.[1]);
    assert.ok(running.session);
    assert.ok(alive(child));
    assert.equal(await endSession(running.session, fastClock(5)), 0);
    assert.deepEqual(await running.ended, { signal: 'SIGKILL' });
    assert.equal(alive(child), false);
  });

  test('is another one when the number has come to another process', async () => {
    const running = await script('echo here; sleep 1000');
    running.go();
    await wrote('here');
    assert.ok(running.session);
    const { pid, startTime } = running.session;
    assert.equal(await endSession({ pid, startTime: startTime - 1 }, fastClock(1000)), 0);
    assert.ok(alive(pid));
    await endSession(running.session, fastClock(1));
  });

  test('what has not been let go has done nothing, and ends', async () => {
    const running = await script('echo never');
    assert.ok(running.session);
    await endSession(running.session, fastClock(1));
    assert.deepEqual(await running.ended, { signal: 'SIGTERM' });
    assert.doesNotMatch(await readFile(join(directory, 'out'), 'utf8'), /never/);
  });

  test('is read from the kernel, whatever the program is called', () => {
    const fields = ['S', '1', '2', '77', ...Array.from({ length: 15 }, (_, index) => String(index)), '4711', '0'];
    assert.deepEqual(readStat(`42 (a) b (c) ${fields.join(' ')}`), {
      ...{ pid: 42, state: 'S', session: 77, startTime: 4711 },
    });
    assert.equal(readStat('nonsense'), undefined);
  });
});
