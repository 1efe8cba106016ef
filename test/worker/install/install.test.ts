import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TinsmithError } from '../../../src/errors.ts';
import { installWorker, type Place, uninstallWorker } from '../../../src/worker/install/install.ts';
import { settingsText, UNIT_TEXT } from '../../../src/worker/install/unit.ts';
import { tinsmith } from '../../cli/fake-appliance.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-install-'));
after(() => rm(directory, { recursive: true }));

const SETTINGS = {
  ...{ server: 'http://192.168.1.1:8080', token: 'a"b\\c`d$e', id: '52:54:00:00:00:01', bootEnv: 'local' },
  dockerSockets: ['/run/docker.sock', '/var/run/docker.sock'],
};

/** An empty system, and an executable. */
async function system(name: string, more: Partial<Place> = {}) {
  const root = join(directory, name);
  await mkdir(join(root, 'etc'), { recursive: true });
  const executable = join(directory, `${name}-executable`);
  await writeFile(executable, '#!/bin/sh\n');
  const lines: string[] = [];
  const place: Place = {
    root,
    executable,
    dryRun: false,
    say: (line) => void lines.push(line),
    systemctl: undefined,
    ...more,
  };
  return { root, place, lines };
}

const UNIT = 'etc/systemd/system/tinsmith-worker.service';
const WANTED = 'etc/systemd/system/multi-user.target.wants/tinsmith-worker.service';
const ENVIRONMENT = 'etc/tinsmith/worker.env';

describe('an installed worker', () => {
  test('is a unit that starts it again when it has failed, and not when it was told to end', () => {
    for (const line of [
      'After=network-online.target docker.service',
      'EnvironmentFile=/etc/tinsmith/worker.env',
      'ExecStart=/usr/local/bin/tinsmith worker',
      'Restart=on-failure',
      'RestartPreventExitStatus=64',
      'WantedBy=multi-user.target',
    ])
      assert.ok(UNIT_TEXT.split('\n').includes(line), line);
  });

  test('has its settings in a file, quoted', () => {
    assert.equal(
      settingsText(SETTINGS).replace(/^#.*\n/, ''),
      `TINSMITH_SERVER="http://192.168.1.1:8080"
TINSMITH_TOKEN="a\\"b\\\\c\\\`d\\$e"
TINSMITH_ID="52:54:00:00:00:01"
TINSMITH_BOOT_ENV="local"
TINSMITH_JOBS_DIRECTORY="/var/lib/tinsmith-worker/jobs"
`,
    );
    assert.match(settingsText({ ...SETTINGS, dockerSockets: ['/s'] }), /^TINSMITH_DOCKER_SOCKET="\/s"$/m);
  });

  test('is in a mounted system with all its files, and twice is as once', async () => {
    const { root, place, lines } = await system('mounted', {
      systemctl: () => assert.fail('systemd is not asked about another system'),
    });
    await installWorker(SETTINGS, place);
    assert.equal(await readFile(join(root, UNIT), 'utf8'), UNIT_TEXT);
    assert.equal(await readFile(join(root, ENVIRONMENT), 'utf8'), settingsText(SETTINGS));
    assert.equal((await stat(join(root, ENVIRONMENT))).mode & 0o777, 0o600);
    assert.doesNotMatch(await readFile(join(root, UNIT), 'utf8'), /a"b/);
    assert.equal(await readlink(join(root, WANTED)), `/${UNIT}`);
    assert.equal((await stat(join(root, 'usr/local/bin/tinsmith'))).mode & 0o777, 0o755);
    assert.match(lines.join('\n'), /is installed in .*\n.*next boot/);
    const before = await stat(join(root, ENVIRONMENT));
    await installWorker(SETTINGS, place);
    assert.equal((await stat(join(root, ENVIRONMENT))).ino, before.ino);
    assert.match(lines.join('\n'), /was installed in .* already/);
    await chmod(join(root, ENVIRONMENT), 0o644);
    await installWorker({ ...SETTINGS, token: 'new' }, place);
    assert.equal((await stat(join(root, ENVIRONMENT))).mode & 0o777, 0o600);
    assert.match(await readFile(join(root, ENVIRONMENT), 'utf8'), /TOKEN="new"/);
    await uninstallWorker(place);
    for (const file of [UNIT, WANTED, ENVIRONMENT]) assert.equal(existsSync(join(root, file)), false, file);
    assert.ok(existsSync(join(root, 'usr/local/bin/tinsmith')));
    await uninstallWorker(place);
    assert.match(lines.at(-1) ?? '', /there was no worker installed/);
  });

  test('is taken by systemd', {
    skip: !existsSync('/usr/bin/systemd-analyze') && 'needs systemd-analyze',
  }, async () => {
    const { root, place } = await system('verified');
    await installWorker(SETTINGS, place);
    // Beside what the unit names, systemd looks for the units that it builds upon.
    for (const name of [
      'network-online.target',
      'multi-user.target',
      'sysinit.target',
      'basic.target',
      'shutdown.target',
    ])
      await writeFile(join(root, 'etc/systemd/system', name), '[Unit]\n');
    const verify = (): void =>
      void execFileSync('systemd-analyze', ['verify', `--root=${root}`, 'tinsmith-worker.service'], { stdio: 'pipe' });
    verify();
    await writeFile(join(root, UNIT), UNIT_TEXT.replace('/usr/local/bin/tinsmith', '/nowhere'));
    assert.throws(verify, /nowhere/);
  });

  test('is not where there is no system, nor where a link leads out of it', async () => {
    const { place } = await system('refused');
    await assert.rejects(installWorker(SETTINGS, { ...place, root: join(directory, 'none') }), (error: unknown) => {
      assert.ok(error instanceof TinsmithError);
      assert.equal(error.code, 'NOT_FOUND');
      return true;
    });
    await mkdir(join(directory, 'elsewhere'));
    await symlink(join(directory, 'elsewhere'), join(place.root, 'etc/tinsmith'));
    await assert.rejects(
      installWorker(SETTINGS, place),
      /worker\.env cannot be written: a link in its path leads out of/,
    );
    assert.equal(existsSync(join(directory, 'elsewhere/worker.env')), false);
  });

  test('is only told of with --dry-run, without its token', async () => {
    const { root } = await system('dry');
    const words = ['--server', 'http://a', '--token', 'hidden-one', '--id', '52:54:00:00:00:01', '--root', root];
    const { code, out } = await tinsmith(undefined, ['worker', 'install', ...words, '--dry-run']);
    assert.equal(code, 0);
    assert.match(out, /worker\.env, mode 0600:/);
    assert.match(out, /ExecStart=/);
    assert.doesNotMatch(out, /hidden-one/);
    assert.equal(existsSync(join(root, UNIT)), false);
    assert.equal((await tinsmith(undefined, ['worker', 'uninstall', '--root', root, '--dry-run'])).code, 0);
    const real = await tinsmith(undefined, ['worker', 'install', ...words]);
    assert.equal(real.code, 0);
    assert.match(real.out, /runs from its sources: put the executable to/);
    assert.match(await readFile(join(root, ENVIRONMENT), 'utf8'), /TOKEN="hidden-one"\n.*\nTINSMITH_BOOT_ENV="local"/);
    assert.equal((await tinsmith(undefined, ['worker', '--root', root])).code, 64);
    assert.equal((await tinsmith(undefined, ['worker', 'instal'])).code, 64);
  });
});
