import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../src/errors.ts';
import { kernelArguments, workerSettings } from '../../src/worker/settings.ts';

const settings = (kernelCommandLine: string, environment = {}, flags = {}) =>
  workerSettings({ flags, environment, kernelCommandLine });
const LINE =
  'console=ttyS0 tinsmith.server=http://192.168.1.1:8080/ tinsmith.id=52-54-00-AA-00-01 tinsmith.token=abc quiet';

describe('the settings of a worker', () => {
  test('come from the kernel command line', () => {
    assert.deepEqual(settings(LINE), {
      server: 'http://192.168.1.1:8080',
      token: 'abc',
      id: '52:54:00:aa:00:01',
      dockerSockets: ['/run/docker.sock', '/var/run/docker.sock'],
    });
  });

  test('flags go before the environment, and that before the kernel command line', () => {
    const environment = { TINSMITH_TOKEN: 'from-environment', TINSMITH_ID: 'b', TINSMITH_DOCKER_SOCKET: '/e.sock' };
    const found = settings(LINE, environment, { id: 'c', dockerSocket: undefined });
    assert.deepEqual(found, {
      server: 'http://192.168.1.1:8080',
      token: 'from-environment',
      id: 'c',
      dockerSockets: ['/e.sock'],
    });
    assert.deepEqual(settings(LINE, environment, { dockerSocket: '/f.sock' }).dockerSockets, ['/f.sock']);
    assert.deepEqual(settings(LINE, environment, { 'docker-socket': '/g.sock' }).dockerSockets, ['/g.sock']);
  });

  test('the boot environment and the folder of the Jobs are given or not, and checked', () => {
    const given = settings(`${LINE} tinsmith.boot-env=local`, { TINSMITH_JOBS_DIRECTORY: '/var/lib/jobs' });
    assert.equal(given.bootEnv, 'local');
    assert.equal(given.jobsDirectory, '/var/lib/jobs');
    assert.equal(settings(LINE, { TINSMITH_BOOT_ENV: 'a' }, { bootEnv: 'b' }).bootEnv, 'b');
    assert.throws(
      () => settings(LINE, { TINSMITH_BOOT_ENV: 'two words', TINSMITH_JOBS_DIRECTORY: 'here' }),
      (error: unknown) => {
        assert.ok(error instanceof TinsmithError);
        assert.deepEqual(
          error.problems.map(({ field }) => field),
          ['boot-env', 'jobs-directory'],
        );
        return true;
      },
    );
  });

  test('the kernel is told that nobody knows the machine', () => {
    assert.equal(settings(LINE).discovers, undefined);
    assert.equal(settings(`${LINE} tinsmith.discover quiet`).discovers, true);
  });

  test('BOOTIF stands in for the id', () => {
    assert.equal(
      settings('BOOTIF=01-52-54-00-12-34-5F tinsmith.server=http://a tinsmith.token=t').id,
      '52:54:00:12:34:5f',
    );
  });

  test('what is missing or wrong is named, all of it, and never the token', () => {
    assert.throws(
      () => settings('BOOTIF=nonsense tinsmith.server=ftp://x "tinsmith.token=two words"'),
      (error: unknown) => {
        assert.ok(error instanceof TinsmithError);
        assert.equal(error.code, 'USAGE');
        assert.deepEqual(
          error.problems.map(({ field }) => field),
          ['server', 'token', 'id'],
        );
        assert.doesNotMatch(error.message, /two words/);
        return true;
      },
    );
  });

  test("the kernel's quotes keep spaces, around a value or a whole argument", () => {
    const found = kernelArguments('a="b c" "d=e f" g quiet= h=1 h=2\n');
    assert.deepEqual(
      [...found],
      [
        ['a', 'b c'],
        ['d', 'e f'],
        ['g', ''],
        ['quiet', ''],
        ['h', '2'],
      ],
    );
  });
});
