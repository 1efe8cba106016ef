/** Steps of Jobs that are containers. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { JobFolder } from '../../../src/worker/jobs/job-folder.ts';
import { container, ends, job, stage } from './stage.ts';

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const CODES: readonly [number, string, string | undefined][] = [
  [0, 'SUCCESS', undefined],
  [16, 'SUCCESS', 'stop'],
  [32, 'SUCCESS', 'poweroff'],
  [64, 'SUCCESS', 'reboot'],
  [128, 'INCOMPLETE', undefined],
  [144, 'INCOMPLETE', 'stop'],
  [160, 'INCOMPLETE', 'poweroff'],
  [192, 'INCOMPLETE', 'reboot'],
  [1, 'FAILED', undefined],
  [127, 'FAILED', undefined],
  [137, 'FAILED', undefined],
];

describe('a container in a Job', () => {
  test('is run in its turn, with the Job’s files, its output in the Job’s log', async () => {
    const { server, engine, start, ended, jobs, directory } = await stage(
      [
        job(
          [
            { name: 'conf', path: 'etc/conf', content: 'inside\n' },
            container('write', 'writer:1', {
              ...{ command: ['--to', 'x'], environment: { DEST: '/dev/sda' }, volumes: ['/srv:/srv'] },
              ...{ network: 'none', secrets: ['hunter22'] },
            }),
            'echo after',
          ],
          { environment: { RS_MACHINE: 'node1' }, secrets: ['hunter22'] },
        ),
      ],
      1,
      { 'writer:1': { says: ['one', 'the word is hunter22', 'progress {"written":5}'], exit: 0 } },
    );
    const made: { env: object; binds: readonly string[]; network: string; seen: string }[] = [];
    const writer = engine.scripts['writer:1'];
    assert.ok(writer);
    writer.does = ({ environment, binds, network }) => {
      made.push({ env: environment, binds, network, seen: '' });
    };
    start();
    await ended();
    const task = join(jobs, 'job-1-1', 'task');
    assert.equal(
      server.text(0),
      `file written: ${task}/etc/conf (7 bytes)
running write
pulling writer:1
one
the word is ********
write exited with 0
running s2
after
s2 exited with 0
`,
    );
    const [only] = made;
    assert.deepEqual(only?.env, { RS_MACHINE: 'node1', RS_TASK_DIR: '/task', DEST: '/dev/sda' });
    assert.deepEqual(only?.binds, [
      ...[`${task}:/task`, '/dev:/dev', `${join(directory, 'workflows', server.workflow)}:/workflow`, '/srv:/srv'],
    ]);
    assert.equal(only?.network, 'none');
    assert.equal(server.final(0)?.state, 'SUCCESS');
    assert.equal(engine.containers.size, 0, 'and it is removed');
  });

  for (const [code, state, exit] of CODES) {
    test(`exit code ${code} means what it does of a script`, async () => {
      const { server, start, ended } = await stage([job([container('c', 'c:1')])], 1, { 'c:1': { exit: code } });
      start();
      await ended();
      const final = server.final(0);
      assert.deepEqual([final?.state, final?.exit, final?.exitCode], [state, exit, code]);
      if (code === 1) assert.equal(final?.message, 'container c exited with 1');
    });
  }

  test('what has failed in one keeps those after it from being run', async () => {
    const { server, engine, start, ended } = await stage([job([container('c', 'c:1'), 'echo never'])], 1, {
      'c:1': { exit: 137, outOfMemory: true, says: ['x'] },
    });
    start();
    await ended();
    assert.equal(server.final(0)?.message, 'container c was ended by the kernel: out of memory');
    assert.doesNotMatch(server.text(0), /never/);
    assert.equal(engine.containers.size, 0);
  });

  test('without an image there is no Job', async () => {
    const { server, start, ended } = await stage([job([container('c', 'nowhere:1')])], 1, {});
    start();
    await ended();
    assert.equal(server.final(0)?.state, 'FAILED');
    assert.match(server.final(0)?.message ?? '', /^image nowhere:1 does not exist: manifest for nowhere:1 not found/);
  });

  test('a machine without a container engine says so', async () => {
    const { server, start, ended } = await stage([job(['echo first', container('c', 'c:1')])], 1000);
    start();
    await ended();
    const final = server.final(0);
    assert.equal(final?.state, 'FAILED');
    assert.match(
      final?.message ?? '',
      /^c is a container, and this machine has no container engine that could run it: .*ENOENT/,
    );
    assert.match(server.text(0), /waiting for the container engine \(connect ENOENT/);
  });

  test('its own limit, and the Job’s, end it', async () => {
    for (const [own, ofJob, why] of [
      [5, 0, 'exceeded its limit of 5 s'],
      [50, 7, "exceeded the Job's limit of 7 s"],
    ] as const) {
      const { server, engine, start, ended } = await stage(
        [job([container('c', 'c:1', { timeout: own })], {}, ofJob)],
        100,
        {
          'c:1': { exit: 'never', says: ['begun'] },
        },
      );
      start();
      await ended();
      assert.deepEqual([server.final(0)?.state, server.final(0)?.message], ['TIMEOUT', `container c ${why}`]);
      assert.match(server.text(0), new RegExp(`begun\nc ${why}: it was ended\n$`));
      assert.equal(engine.containers.size, 0);
    }
  });

  test('a script has a limit of its own, too', async () => {
    const { server, start, ended } = await stage([job([{ name: 's', content: 'sleep 60', timeout: 1 }])]);
    start();
    await ended();
    assert.deepEqual(
      [server.final(0)?.state, server.final(0)?.message],
      ['TIMEOUT', 'script s exceeded its limit of 1 s'],
    );
  });

  test('ends with its worker, and the next one runs the Job again', async () => {
    const { server, engine, start, ended } = await stage([job([container('c', 'c:1')])], 1, {
      'c:1': { exit: 'never', says: ['begun'] },
    });
    const first = start();
    await server.until(() => server.text(0).includes('begun'));
    await first.end();
    assert.equal(engine.containers.size, 0);
    assert.equal(server.final(0), undefined, 'nothing is reported');
    const script = engine.scripts['c:1'];
    assert.ok(script);
    script.exit = 0;
    server.attempt = 2;
    start();
    await ended();
    assert.equal(server.final(0)?.state, 'SUCCESS');
    assert.equal(server.final(0)?.attempt, 2);
  });

  test('what a worker that was killed has left of one is ended, and the rest of its output is sent', async () => {
    const { server, engine, start, jobs } = await stage([], 1, { 'c:1': { exit: 'never', says: ['one', 'two'] } });
    const key = { workflow: server.workflow, action: 0, attempt: 1 };
    const id = await engine.create({
      ...{ key, name: 'c', image: 'c:1', command: [], environment: {}, binds: [], network: '', pid: '' },
      ...{ privileged: false, background: false, disks: {} },
    });
    await engine.start(id);
    const folder = await JobFolder.make(jobs, { key, boot: 'boot-1', job: 'job-1', secrets: ['two'] });
    await folder.setScript({ step: 1, name: 'c', container: id });
    const at = 1;
    const position = { step: 1, stdout: 1, stderr: 0, open: { stdout: false, stderr: false } };
    const line = { position, entries: [{ at, stream: 'stdout', text: 'one\n' }] };
    await writeFile(folder.journal, `${JSON.stringify(line)}\n`);
    start();
    await server.until(() => server.text(0).includes('ended here'));
    assert.equal(server.text(0), 'one\n********\nthe worker was ended here\n');
    await server.until(() => engine.containers.size === 0);
  });
});
