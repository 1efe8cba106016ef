import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { JobFolder } from '../../../src/worker/jobs/job-folder.ts';
import { sessionOf } from '../../../src/worker/jobs/session.ts';
import { ends, job, stage } from './stage.ts';

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

describe('a Job', () => {
  test('writes its files and runs its scripts in order, on a machine without a container engine', async () => {
    const { server, start, ended, lines, jobs, directory } = await stage([
      job([
        { name: 'relative', path: 'etc/conf', content: 'inside\n' },
        { name: 'absolute', path: 'PLACE', content: 'outside\n' },
        'cat etc/conf; pwd; stat -c %a . etc/conf "$0" ./helper | tr "\\n" " "; echo; echo to stderr >&2',
        '#!/bin/bash\necho "$BASH_VERSION $0" | sed "s/^[0-9].* /bash /"; id -u >uid; exit 0',
        {
          name: 'by python',
          content: 'import os; print("python", os.path.basename(os.getcwd()))',
          interpreter: 'python3',
        },
        { name: 'last', path: 'uid2', content: 'ä' },
      ]),
    ]);
    const absolute = join(directory, 'outside/file');
    const { run } = server.actions[0] ?? {};
    assert.ok(run?.kind === 'job' && run.steps[1]);
    run.steps[1].path = absolute;
    start();
    await ended();
    const task = join(jobs, 'job-1-1', 'task');
    const said = server.text(0);
    assert.equal(
      said.replace('to stderr\n', ''),
      `file written: ${task}/etc/conf (7 bytes)
file written: ${absolute} (8 bytes)
running s2
inside
${task}
700 644 700 644 
s2 exited with 0
running s3
bash ./job-1-s3
s3 exited with 0
running by python
python task
by python exited with 0
file written: ${task}/uid2 (2 bytes)
`,
    );
    const stderr = (server.logs.get('0/1') ?? []).filter(({ stream }) => stream === 'stderr');
    assert.deepEqual(
      stderr.map(({ text }) => text),
      ['to stderr\n'],
    );
    assert.equal(await readFile(absolute, 'utf8'), 'outside\n');
    assert.equal((await stat(absolute)).mode & 0o777, 0o644);
    const final = server.final(0);
    assert.deepEqual([final?.state, final?.message, final?.exit], ['SUCCESS', 'finished', undefined]);
    assert.deepEqual(final?.diskWrites, { '/dev/vda': 4096 });
    assert.deepEqual(final?.bootableDisks, ['/dev/vda']);
    assert.equal(final?.logTail?.at(-1), `file written: ${task}/uid2 (2 bytes)`);
    assert.deepEqual(
      server.reports.map(({ state }) => state),
      ['RUNNING', 'SUCCESS'],
    );
    assert.deepEqual(await readdir(jobs), []);
    assert.ok(lines.some((line) => line === 'task | inside'));
  });

  test('has its environment, and the token is seen nowhere', async () => {
    process.env.TINSMITH_TOKEN = 'of-ours';
    const { server, start, ended, jobs, lines } = await stage([
      job(['env | sort; test -w "$TMPDIR" && echo "secret hunter2 $RS_TOKEN"'], {
        environment: { RS_MACHINE: 'node1' },
        secrets: ['hunter2'],
      }),
    ]);
    start();
    await ended();
    delete process.env.TINSMITH_TOKEN;
    const said = server.text(0);
    for (const line of [
      'RS_UUID=m1',
      `RS_ENDPOINT=${server.url}`,
      'RS_TOKEN=********',
      `RS_TASK_DIR=${jobs}/job-1-1/task`,
      `RS_RUNNER_DIR=${jobs}`,
      'RS_MACHINE=node1',
      'secret ******** ********',
    ])
      assert.ok(said.includes(`${line}\n`), `${line} is not in\n${said}`);
    assert.match(said, /^PATH=/m);
    assert.match(said, /^HOME=/m);
    assert.doesNotMatch(said, /of-ours/);
    assert.doesNotMatch(JSON.stringify([server.reports, lines]), new RegExp(`hunter2|${server.token}`));
  });

  for (const [steps, state, exit, exitCode, message, codes] of [
    [['exit 3', 'echo never'], 'FAILED', undefined, 3, 'script s0 exited with 3'],
    [['nonsense-command'], 'FAILED', undefined, 127, 'script s0 exited with 127'],
    [['kill -9 $$'], 'FAILED', undefined, undefined, 'script s0 was ended by SIGKILL'],
    [
      ['exit 64', 'echo never'],
      'INCOMPLETE',
      'reboot',
      64,
      'script s0 exited with 64: reboot, the Job is to be run again',
    ],
    [['true', 'exit 64'], 'SUCCESS', 'reboot', 64, 'script s1 exited with 64: reboot'],
    [['exit 160'], 'INCOMPLETE', 'poweroff', 160, /power off, the Job is to be run again$/],
    [['exit 16'], 'SUCCESS', 'stop', 16, 'script s0 exited with 16: the worker is to end'],
    [['exit 128', 'echo never'], 'SUCCESS', undefined, 128, /the steps after it are not needed$/],
    [['true', 'exit 128'], 'INCOMPLETE', undefined, 128, /the Job is to be run again$/],
    [['exit 1'], 'SUCCESS', 'reboot', 1, 'script s0 exited with 1: reboot', 'original'],
    [['exit 64'], 'FAILED', undefined, 64, 'script s0 exited with 64', 'original'],
    [['>.sane-exit-codes; exit 64'], 'SUCCESS', 'reboot', 64, 'script s0 exited with 64: reboot', 'original'],
    [['. ./helper; exit_incomplete_shutdown; echo never'], 'INCOMPLETE', 'poweroff', 160, /power off/, 'original'],
    [['. ./helper\n(exit_stop)\necho on; exit 16'], 'SUCCESS', 'stop', 16, /worker is to end/],
    [['#!/no/such/program\n'], 'FAILED', undefined, 127, 'script s0 exited with 127'],
    [[], 'SUCCESS', undefined, undefined, 'finished: it has no steps'],
  ] as const)
    test(`${JSON.stringify(steps)}${codes ? ` with ${codes} codes` : ''}: ${state}`, async () => {
      const { server, start, ended } = await stage([job(steps, codes ? { codes } : {})]);
      start();
      await ended();
      const final = server.final(0);
      assert.deepEqual([final?.state, final?.exit, final?.exitCode], [state, exit, exitCode]);
      if (typeof message === 'string') assert.equal(final?.message, message);
      else assert.match(final?.message ?? '', message);
      assert.doesNotMatch(server.text(0), /^never/m);
    });

  test('has failed where there is no place for its folder', async () => {
    const { server, start, ended, jobs } = await stage([job(['true'])]);
    await writeFile(jobs, 'no folder');
    start();
    await ended();
    assert.equal(server.final(0)?.state, 'FAILED');
    assert.match(server.final(0)?.message ?? '', /^the worker failed: EEXIST/);
  });

  for (const [path, why] of [
    ['../escaped', /^file \.\.\/escaped is not written: it would lie outside/],
    ['link/escaped', /^file link\/escaped could not be written: a link in its path leads out/],
    ['helper/x', /^file helper\/x could not be written: /],
  ] as const)
    test(`a file ${path} is refused, and nothing after it is done`, async () => {
      const { server, start, ended, directory } = await stage([
        job(['ln -s ../../.. link', { name: 'f', path, content: 'x' }, 'echo never']),
      ]);
      start();
      await ended();
      assert.equal(server.final(0)?.state, 'FAILED');
      assert.match(server.final(0)?.message ?? '', why);
      assert.match(server.text(0), new RegExp(why.source.replace('^', '\n')));
      assert.doesNotMatch(server.text(0), /never/);
      assert.equal(existsSync(join(directory, 'escaped')), false);
    });

  test('its output is at the server within a second, also of a line that is not ended', async () => {
    const { server, start, entries, jobs } = await stage([
      job([
        'for n in 1 2 3 4 5; do echo "at $(date +%s%3N)"; sleep 0.3; done; echo err >&2; printf "Continue? "; until [ -e go ]; do sleep 0.01; done; echo yes',
      ]),
    ]);
    const seen: number[] = [];
    start();
    await server.until(() => {
      const lines = entries().filter(({ text }) => text.startsWith('at '));
      for (const { text } of lines.slice(seen.length)) seen.push(Date.now() - Number(text.slice(3)));
      return entries().some(({ text }) => text === 'Continue? ') && server.text(0).includes('err\n');
    });
    assert.equal(server.final(0), undefined);
    // Those that other tests on this computer held up do not count.
    assert.ok(Math.min(...seen) < 1000, `seen after ${seen.join(', ')} ms`);
    await writeFile(join(jobs, 'job-1-1/task/go'), '');
    await server.until(() => server.final(0) !== undefined);
    assert.match(server.text(0), /Continue\? yes\n/);
  });

  test('what is no whole line at its end is one in the log', async () => {
    const { server, start, ended } = await stage([job(['printf a; printf b >&2', 'echo c'])]);
    start();
    await ended();
    assert.match(server.text(0), /^running s0\na(b?)(b?)\n(b?)\n?s0 exited with 0\nrunning s1\nc\n/);
    assert.deepEqual(server.final(0)?.logTail?.slice(-3), ['running s1', 'c', 's1 exited with 0']);
  });

  test('a lot of output arrives whole and in order while the server comes and goes', async () => {
    const { server, start, ended } = await stage([job(['seq 1 200000'])]);
    start();
    await server.until(() => server.text(0).includes('\n5000\n'));
    await server.stop();
    await server.start();
    await ended();
    const numbers = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join('');
    assert.ok(server.text(0) === `running s0\n${numbers}s0 exited with 0\n`, 'the log is not what was written');
  });

  test('progress of a built-in action that it runs is told, and is not in the log', async () => {
    const { server, start, ended } = await stage([
      job([
        'echo \'progress {"written":42}\'; until [ -e /nonexistent ] || [ $((n += 1)) -gt 100 ]; do sleep 0.02; done',
      ]),
    ]);
    start();
    await server.until(() => server.progress.some((progress) => progress?.written === 42));
    await ended();
    assert.doesNotMatch(server.text(0), /progress/);
  });

  test('has a limit: its processes are ended then', async () => {
    const { server, start, ended } = await stage(
      [job(['trap "" TERM; echo begun; sleep 1000 & wait; wait'], {}, 30)],
      100,
    );
    start();
    await ended();
    const final = server.final(0);
    assert.deepEqual([final?.state, final?.message], ['TIMEOUT', "script s0 exceeded the Job's limit of 30 s"]);
    assert.ok((final?.seconds ?? 0) >= 30, `${final?.seconds} s`);
    assert.match(server.text(0), /begun\ns0 exceeded the Job's limit of 30 s: it was ended\n$/);
  });

  test('what the server no longer wants is ended, and not reported', async () => {
    for (const how of ['stream', 'heartbeat'] as const) {
      const { server, start, jobs } = await stage(
        [job(['trap "echo caught; exit 3" TERM; echo begun; sleep 1000 & wait'])],
        10,
      );
      start();
      await server.until(() => server.text(0).includes('begun') && server.streams > 0);
      const key = { workflow: server.workflow, action: 0, attempt: 1 };
      server.current = 1;
      if (how === 'stream') server.notify('stop', { ...key, reason: 'cancelled' });
      else server.unwanted = 'cancelled';
      await server.until(() => server.requests.at(-1) === 'GET work');
      assert.equal(server.final(0), undefined);
      assert.match(server.text(0), /caught\n/);
      assert.deepEqual(await readdir(jobs), []);
      for (const end of ends.splice(0)) await end();
    }
  });

  test('when the worker is to end the script is ended, nothing is reported, and the next worker begins anew', async () => {
    const { server, start, ended, jobs, lines } = await stage([
      job([
        'echo "attempt"; [ -e $RS_RUNNER_DIR/../second ] || { echo >$RS_RUNNER_DIR/../second; trap "echo bye; exit 1" TERM; echo waiting; sleep 1000 & wait; }',
      ]),
    ]);
    const first = start();
    await server.until(() => server.text(0).includes('waiting'));
    await first.end();
    assert.equal(server.final(0), undefined);
    assert.match(server.text(0), /waiting\nbye\n$/);
    start();
    await ended();
    assert.deepEqual(
      server.reports.map(({ attempt, state }) => [attempt, state]),
      [
        [1, 'RUNNING'],
        [2, 'RUNNING'],
        [2, 'SUCCESS'],
      ],
    );
    assert.match(server.text(0), /bye\nthe worker was ended here\n$/);
    assert.equal(server.text(0, 2), 'running s0\nattempt\ns0 exited with 0\n');
    assert.deepEqual(await readdir(jobs), []);
    assert.ok(lines.some((line) => line.startsWith('Job job-1 was left by a worker before this one')));
  });

  test('what was left before the machine was restarted is sent and removed, and no process is taken for its own', async () => {
    const { server, start, ended, jobs } = await stage([job(['true']), job(['true'])]);
    server.current = 1;
    const innocent = spawn('sleep', ['1000'], { detached: true });
    ends.push(async () => void innocent.kill('SIGKILL'));
    assert.ok(innocent.pid);
    const folder = await JobFolder.make(jobs, {
      ...{
        key: { workflow: server.workflow, action: 0, attempt: 1 },
        boot: 'boot-0',
        job: 'old',
        secrets: ['hunter2'],
      },
    });
    const session = sessionOf(innocent.pid);
    assert.ok(session);
    await folder.setScript({ step: 2, name: 'n', session });
    await writeFile(folder.output(2).stdout, 'one hunter2\nhalf');
    await writeFile(folder.output(2).stderr, '');
    start();
    await ended(1);
    assert.equal(server.text(0), 'one ********\nhalf\nthe worker was ended here\n');
    assert.equal(innocent.exitCode ?? innocent.signalCode, null);
    assert.deepEqual(await readdir(jobs), []);
  });
});
