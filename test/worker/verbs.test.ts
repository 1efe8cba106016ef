import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hostPower } from '../../src/worker/verbs.ts';
import { fastClock } from './fake-clock.ts';

async function perform(verb: 'reboot' | 'poweroff' | 'kexec', there: string[]): Promise<string[]> {
  const done: string[] = [];
  const host = {
    run: async ([file, ...rest]: readonly [string, ...string[]]) => {
      done.push([file, ...rest].join(' '));
      if (!there.includes(file)) throw new Error('ENOENT');
    },
    sysrq: async (key: string) => void done.push(`sysrq ${key}`),
    kexecLoaded: async () => true,
  };
  await hostPower({ host, clock: fastClock(1000), say: () => {} }).perform(verb, new AbortController().signal);
  return done;
}

describe('the verbs', () => {
  test('flush, then the first command there is, then the kernel itself', async () => {
    assert.deepEqual(await perform('reboot', ['sync', '/sbin/reboot']), ['sync', '/sbin/reboot -f', 'sysrq b']);
    assert.deepEqual(await perform('poweroff', ['sync', '/usr/sbin/poweroff']), [
      'sync',
      '/sbin/poweroff -f',
      '/usr/sbin/poweroff -f',
      'sysrq o',
    ]);
  });

  test('where there is no command, and sync fails, the kernel is asked all the same', async () => {
    assert.deepEqual((await perform('reboot', [])).at(-1), 'sysrq b');
    assert.deepEqual(await perform('kexec', ['sync']), ['sync', '/sbin/kexec -e', '/usr/sbin/kexec -e', 'sysrq b']);
  });

  test('kexec needs a kernel that was loaded', async () => {
    const obstacle = (loaded: boolean | undefined, verb: 'kexec' | 'reboot' = 'kexec') => {
      const host = { run: async () => {}, sysrq: async () => {}, kexecLoaded: async () => loaded };
      return hostPower({ host, clock: fastClock(1000), say: () => {} }).obstacle(verb);
    };
    assert.equal(await obstacle(true), undefined);
    assert.match((await obstacle(false)) ?? '', /no kernel has been loaded/);
    assert.match((await obstacle(undefined)) ?? '', /can't do kexec/);
    assert.equal(await obstacle(false, 'reboot'), undefined);
  });
});
