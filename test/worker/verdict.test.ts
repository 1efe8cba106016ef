import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerState } from '../../src/worker/container-engine.ts';
import { containerSpec, createOptions, readLabels } from '../../src/worker/container-spec.ts';
import { verdictOf } from '../../src/worker/verdict.ts';

const ended = (more: Partial<ContainerState>): ContainerState => ({
  running: false,
  startedAt: 1000,
  finishedAt: 8500,
  exitCode: 0,
  outOfMemory: false,
  error: '',
  ...more,
});

describe('the verdict', () => {
  for (const [what, state, limit, stopped, verdict] of [
    ['a good end', {}, 0, false, { state: 'SUCCESS', message: 'finished', seconds: 7.5, exitCode: 0 }],
    [
      'a child that ran out of memory while the action succeeded',
      { outOfMemory: true },
      0,
      false,
      { state: 'SUCCESS', message: 'finished', seconds: 7.5, exitCode: 0 },
    ],
    [
      'a kill',
      { exitCode: 137 },
      0,
      false,
      { state: 'FAILED', message: 'exit code 137 (SIGKILL)', seconds: 7.5, exitCode: 137 },
    ],
    [
      'stopped at its limit, gracefully',
      {},
      5,
      true,
      { state: 'TIMEOUT', message: 'exceeded its limit of 5 s', seconds: 7.5, exitCode: 0 },
    ],
    [
      'stopped by a worker that died before it said so',
      { exitCode: 143 },
      5,
      false,
      { state: 'TIMEOUT', message: 'exceeded its limit of 5 s', seconds: 7.5, exitCode: 143 },
    ],
    [
      'a good end after a limit nobody watched',
      {},
      5,
      false,
      { state: 'SUCCESS', message: 'finished', seconds: 7.5, exitCode: 0 },
    ],
    [
      'never started',
      { startedAt: undefined, error: 'no such file' },
      5,
      false,
      { state: 'FAILED', message: 'could not be started: no such file', seconds: 0 },
    ],
  ] as const) {
    test(what, () => assert.deepEqual(verdictOf(ended(state), { limit, stopped }), verdict));
  }
});

describe('the container', () => {
  const assignment = {
    kind: 'action',
    workflow: '11112222-3333',
    action: 3,
    attempt: 2,
    task: 't',
    name: 'write disk!',
    total: 5,
    timeout: 9,
    background: false,
    data: { kind: 'json', limit: 1000 },
    run: {
      kind: 'container',
      image: 'a',
      pull: 'r:80/a',
      mountsExecutable: false,
      command: [],
      environment: { A: 'b=c' },
      volumes: ['/x:/y:ro'],
    },
  } as const;
  const around = {
    image: 'r:80/a',
    directory: '/run/w',
    executable: '/usr/bin/x',
    privileged: true,
    disks: { '/dev/sda': 512 },
  };
  const mutable = {
    ...assignment,
    run: { ...assignment.run, command: [] as string[], secrets: [] as string[], volumes: [...assignment.run.volumes] },
  };

  test("is privileged, in the host's network, with /dev, the shared folder and its own volumes", () => {
    const { labels, ...options } = { labels: undefined, ...createOptions(containerSpec(mutable, around)) };
    assert.equal(labels, undefined);
    assert.deepEqual(options, {
      name: 'tinsmith-11112222-3-2-write_disk_',
      Image: 'r:80/a',
      Env: ['A=b=c'],
      Tty: false,
      Labels: {
        'tinsmith.workflow': '11112222-3333',
        'tinsmith.action': '3',
        'tinsmith.attempt': '2',
        'tinsmith.disks': '{"/dev/sda":512}',
      },
      HostConfig: {
        Privileged: true,
        NetworkMode: 'host',
        PidMode: '',
        Binds: ['/dev:/dev', '/run/w:/workflow', '/x:/y:ro'],
        RestartPolicy: { Name: 'no' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '24m', 'max-file': '2' } },
      },
    });
  });

  test("has its command only where there is one, and the template's network and pid", () => {
    const spec = containerSpec(
      { ...mutable, run: { ...mutable.run, command: ['sh'], pid: 'host', network: 'none' } },
      around,
    );
    const { Cmd, HostConfig } = createOptions(spec);
    assert.deepEqual(Cmd, ['sh']);
    assert.equal(HostConfig?.PidMode, 'host');
    assert.equal(HostConfig?.NetworkMode, 'none');
  });

  test("mounts the worker's executable for a built-in action, and the template's own /dev in place of ours", () => {
    const run = { ...mutable.run, mountsExecutable: true, volumes: ['/dev:/dev:ro'] };
    const { HostConfig } = createOptions(containerSpec({ ...mutable, run }, around));
    assert.deepEqual(HostConfig?.Binds, ['/dev:/dev:ro', '/run/w:/workflow', '/usr/bin/x:/usr/bin/tinsmith:ro']);
  });

  test('is known again by its labels', () => {
    const { Labels = {} } = createOptions(containerSpec(mutable, around));
    assert.deepEqual(readLabels(Labels), {
      key: { workflow: '11112222-3333', action: 3, attempt: 2 },
      disks: { '/dev/sda': 512 },
      background: false,
    });
    assert.deepEqual(readLabels({ ...Labels, 'tinsmith.disks': 'broken' })?.disks, {});
    assert.equal(readLabels({ 'tinsmith.workflow': 'x' }), undefined);
  });
});
