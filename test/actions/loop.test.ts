/** The actions on block devices and file systems of the kernel, where this machine lets us have some. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Host, linuxHost } from '../../src/actions/action.ts';
import { file, perform, serving, temporary } from './stage.ts';

const MB = 1024 * 1024;

function missing(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['losetup', 'mke2fs', 'blkdiscard', 'unshare']) {
    if (spawnSync(program, ['--version']).error !== undefined) return `needs ${program}`;
  }
  const free = spawnSync('losetup', ['-f']);
  return free.status === 0 ? false : 'this kernel has no loop devices';
}

const skip = missing();

/** A loop device over a file of this content, or of this many bytes. */
function loop(t: TestContext, directory: string, content: Buffer | number): { device: string; backing: string } {
  const backing = join(directory, `backing-${Math.random()}`);
  writeFileSync(backing, typeof content === 'number' ? '' : content);
  if (typeof content === 'number') truncateSync(backing, content);
  const device = execFileSync('losetup', ['-f', '--show', backing], { encoding: 'utf8' }).trim();
  t.after(() => execFileSync('losetup', ['-d', device]));
  return { device, backing };
}

function onThis(directory: string): Host {
  return { ...linuxHost, mountPoint: join(directory, 'mounted') };
}

function mounts(directory: string): number {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory)).length;
}

test('files are written to, and commands run in, a system on a disk', { skip }, async (t) => {
  const directory = temporary(t);
  const tree = join(directory, 'tree');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'etc']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  const image = join(directory, 'image');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, image, '32M']);
  const { device } = loop(t, directory, readFileSync(image));
  const machine = onThis(directory);

  const owner = { UID: '12', GID: '34', MODE: '4750', DIRMODE: '0711' };
  const writing = { DEST_DISK: device, FS_TYPE: 'ext4', DEST_PATH: '/etc/a/b', CONTENTS: 'hello\n', ...owner };
  const written = await perform('writefile', writing, machine);
  assert.equal(written.code, 0, written.err);
  assert.equal(mounts(directory), 0);

  const inside = { BLOCK_DEVICE: device, FS_TYPE: 'ext4', DEFAULT_INTERPRETER: '/bin/busybox sh -c' };
  const script =
    "stat -c '%a %u %g' /etc/a/b /etc/a; cat /etc/a/b; test -c /dev/null && test -d /proc/self && ls -d /sys/block";
  const seen = await perform(
    'cexec',
    { ...inside, CMD_LINE: script.replaceAll(/\b(stat|cat|ls)\b/g, '/bin/busybox $1') },
    machine,
  );
  assert.equal(seen.code, 0, seen.err + seen.out);
  assert.match(seen.out, /^4750 12 34\n711 12 34\nhello\n\/sys\/block$/m);
  assert.equal(mounts(directory), 0);

  const failed = await perform('cexec', { ...inside, CMD_LINE: 'echo made > /made; exit 5' }, machine);
  assert.equal(failed.code, 5);
  assert.equal(mounts(directory), 0);
  const absent = await perform(
    'cexec',
    { BLOCK_DEVICE: device, FS_TYPE: 'ext4', CMD_LINE: '/bin/none; true' },
    machine,
  );
  assert.equal(absent.code, 127);
  assert.match(absent.err, /the command "\/bin\/none" ended with 127/);
  const wrongType = await perform('writefile', { ...writing, FS_TYPE: 'xfs' }, machine);
  assert.equal(wrongType.code, 1);
  assert.match(wrongType.err, /cannot mount \/dev\/loop\d+ as xfs/);
});

test('a disk is written, and wiped', { skip }, async (t) => {
  const directory = temporary(t);
  const { device, backing } = loop(t, directory, Buffer.alloc(24 * MB, 0xaa));
  const image = Buffer.alloc(9 * MB + 512, 'x');
  const server = await serving(t, file(image));
  const wrote = await perform('image2disk', { IMG_URL: server.url('/image'), DEST_DISK: device }, onThis(directory));
  assert.equal(wrote.code, 0, wrote.err);
  assert.ok(readFileSync(backing).subarray(0, image.length).equals(image));
  const tooLarge = await serving(t, file(Buffer.alloc(25 * MB)));
  const refused = await perform(
    'image2disk',
    { IMG_URL: tooLarge.url('/image'), DEST_DISK: device },
    onThis(directory),
  );
  assert.match(refused.err, /too small: it has 25165824 bytes, the image has 26214400/);
  const wiped = await perform('wipe', { DEST_DISK: device }, onThis(directory));
  assert.equal(wiped.code, 0, wiped.err);
  assert.match(wiped.out, /discarding 25\.2 MB/);
  assert.ok(
    readFileSync(backing)
      .subarray(0, 4 * MB)
      .equals(Buffer.alloc(4 * MB)),
  );
});

test('disks are erased for good, both at once, and told of', { skip }, async (t) => {
  const directory = temporary(t);
  const loops = [1, 2].map(() => loop(t, directory, Buffer.alloc(24 * MB, 'secret ')));
  const record = join(directory, 'record.json');
  const environment = {
    DEST_DISKS: loops.map(({ device }) => device).join(),
    WIPE_MODE: 'secure',
    WIPE_RECORD: record,
  };
  const { code, err } = await perform('wipe', environment, onThis(directory));
  assert.equal(code, 0, err);
  const { disks } = JSON.parse(readFileSync(record, 'utf8'));
  for (const { device, backing } of loops) {
    assert.ok(readFileSync(backing).equals(Buffer.alloc(24 * MB)));
    const { means, verified, found, tried } = disks[basename(device)];
    assert.deepEqual([verified, found], [true, 'zeros']);
    assert.match(means, /^(write-zeroes|overwrite)$/);
    assert.equal(tried[0].means, 'secure-discard');
    assert.match(tried[0].why, /not supported|cannot discard/);
  }
});

test('a mounted disk is refused, even where it is mounted out of our sight', { skip }, async (t) => {
  const directory = temporary(t);
  const image = join(directory, 'image');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', image, '16M']);
  const { device, backing } = loop(t, directory, readFileSync(image));
  const before = readFileSync(backing);
  const server = await serving(t, file(Buffer.alloc(MB, 'x')));
  const attempts = async (message: RegExp): Promise<void> => {
    const variables = { IMG_URL: server.url('/image'), DEST_DISK: device };
    for (const name of ['image2disk', 'wipe']) {
      const { code, err } = await perform(name, variables, onThis(directory));
      assert.equal(code, 1);
      assert.match(err, message);
    }
  };
  const point = join(directory, 'point');
  mkdirSync(point);
  execFileSync('mount', ['-o', 'ro', device, point]);
  try {
    await attempts(/is in use and is not written: \/dev\/loop\d+ is mounted at .*\/point/);
  } finally {
    execFileSync('umount', [point]);
  }
  const shell = spawn('unshare', ['--mount', 'sh', '-c', `mount -o ro ${device} ${point} && echo mounted && exec cat`]);
  try {
    await new Promise((resolve, reject) => {
      shell.stdout.once('data', resolve);
      shell.once('exit', reject);
    });
    assert.equal(mounts(point), 0);
    await attempts(/is in use and is not written: the kernel says/);
  } finally {
    const ended = new Promise((resolve) => shell.once('exit', resolve));
    shell.stdin.end();
    await ended;
  }
  assert.ok(readFileSync(backing).equals(before));
});
