import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { safeName, scriptCommand, scriptEnvironment, scriptFile } from '../../../src/worker/jobs/script.ts';
import { placeOf } from '../../../src/worker/jobs/write-file.ts';

const command = (content: string, interpreter?: string): string[] =>
  scriptCommand({ name: 's', content, ...(interpreter === undefined ? {} : { interpreter }) }, 'f');

describe('the command of a script', () => {
  for (const [content, interpreter, expected] of [
    ['#!/bin/bash\necho', undefined, ['/bin/bash', './f']],
    ['#! /bin/bash -e  \necho', undefined, ['/bin/bash', '-e', './f']],
    ['#!/usr/bin/env -S python3 -u\n', undefined, ['/usr/bin/env', '-S python3 -u', './f']],
    ['#!/bin/sh', undefined, ['/bin/sh', './f']],
    ['#!/bin/sh\r\necho', undefined, ['/bin/sh', './f']],
    ['echo hello', undefined, ['/bin/sh', './f']],
    ['', undefined, ['/bin/sh', './f']],
    ['#!\necho', undefined, ['/bin/sh', './f']],
    ['\n#!/bin/bash\n', undefined, ['/bin/sh', './f']],
    ['#!/bin/bash\n', 'python3 -u', ['python3', '-u', './f']],
    ['#!/bin/bash\n', ' ', ['/bin/bash', './f']],
  ] as const)
    test(JSON.stringify([content, interpreter]), () => assert.deepEqual(command(content, interpreter), expected));

  test('the names of its file are made safe', () => {
    assert.equal(safeName('../a b/ü'), '.._a_b__');
    assert.equal(scriptFile('job-1', 'Set up; rm -rf /'), 'job-1-Set_up__rm_-rf__');
  });
});

describe('the environment of a script', () => {
  test('has what Digital Rebar gives, what the server says, and nothing of ours', () => {
    const found = scriptEnvironment(
      { environment: { RS_MACHINE: 'node1', LANG: 'C' } },
      {
        own: {
          ...{ PATH: '/mine', LANG: 'de', LC_ALL: 'de', https_proxy: 'http://p', TINSMITH_TOKEN: 'no', HOME: '/x' },
          ...{ NODE_OPTIONS: 'no', TINSMITH_SERVER: 'no', SECRET: 'no', PKG_NATIVE_CACHE_PATH: 'no' },
        },
        ...{ machine: 'm1', server: 'http://s', token: 't', home: '/root' },
        ...{ taskDirectory: '/j/1/task', runnerDirectory: '/j', temporary: '/j/1/tmp' },
        program: '/usr/bin/tinsmith',
      },
    );
    assert.deepEqual(found, {
      ...{ PATH: '/mine', LANG: 'C', LC_ALL: 'de', https_proxy: 'http://p', HOME: '/root', TMPDIR: '/j/1/tmp' },
      ...{ RS_UUID: 'm1', RS_ENDPOINT: 'http://s', RS_TOKEN: 't', RS_TASK_DIR: '/j/1/task', RS_RUNNER_DIR: '/j' },
      ...{ RS_TINSMITH: '/usr/bin/tinsmith', RS_MACHINE: 'node1' },
    });
  });
});

describe('where a file of a Task lies', () => {
  for (const [path, expected] of [
    ['a', '/j/task/a'],
    ['./a//b', '/j/task/a/b'],
    ['a/../b', '/j/task/b'],
    ['/etc/motd', '/etc/motd'],
    ['/etc/../motd', '/motd'],
    ['../a', undefined],
    ['a/../../task2/b', undefined],
    ['..', undefined],
    ['.', undefined],
    ['../task-other/x', undefined],
    ['a\0b', undefined],
  ] as const)
    test(JSON.stringify(path), () => assert.equal(placeOf('/j/task', path), expected));
});
