/** The packs that are shipped, with a real agent that runs their scripts, on a disk that is a loop device. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { WipeRecord } from '../../src/actions/erasure/record.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { appliance, eventually, plugIn } from './agents.ts';

const MB = 1 << 20;

function missing(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['losetup', 'mke2fs', 'blkdiscard', 'lsblk'])
    if (spawnSync(program, ['--version']).error !== undefined) return `needs ${program}`;
  return spawnSync('losetup', ['-f']).status === 0 ? false : 'this kernel has no loop devices';
}

/** A disk with something on it. */
function disk(t: TestContext, directory: string): { device: string; backing: string } {
  const backing = join(directory, 'disk');
  writeFileSync(backing, Buffer.alloc(40 * MB, 'secret of the last tenant '));
  const device = execFileSync('losetup', ['-f', '--show', backing], { encoding: 'utf8' }).trim();
  t.after(() => execFileSync('losetup', ['-d', device]));
  return { device, backing };
}

/** An image of a file system with a system on it, or what looks like one. */
function image(directory: string): Buffer {
  const tree = join(directory, 'tree');
  mkdirSync(join(tree, 'etc'), { recursive: true });
  writeFileSync(join(tree, 'etc/os-release'), 'ID=test\n');
  const path = join(directory, 'image');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, path, '24M']);
  return readFileSync(path);
}

test('from its discovery over empty disks to its own system', { skip: missing() }, async (t) => {
  const server = await appliance(t, []);
  const directory = temporaryDirectory(t);
  const { device, backing } = disk(t, directory);
  const bytes = image(directory);
  writeFileSync(join(server.filesDirectory, 'system.img'), bytes);
  const machine = await plugIn(t, server, 1, 'osie');
  const { lives, jobs } = server;
  await lives.setParams(machine.id, {
    set: {
      ...{ 'image/url': 'system.img', 'image/disk': device, 'image/partition': device, 'wipe/disks': [device] },
      'image/checksum': `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    },
  });
  await lives.setProfiles(machine.id, ['image-install']);
  await lives.setStage(machine.id, { stage: 'discover' });
  const params = () => lives.get(machine.id).params;
  const failed = () => lives.get(machine.id).halt?.why === 'failed';
  await eventually(server, () => 'inventory' in params() || failed(), 'the inventory');
  await eventually(server, () => 'wipe/record' in params() || failed(), 'the record of the wiping');
  await eventually(server, () => lives.get(machine.id).stage === 'local' || failed(), 'the installation');
  const chain = (await jobs.chain(machine.id)).toReversed();
  const logs = await Promise.all(chain.map(({ id }) => machine.log(id)));
  assert.deepEqual(
    chain.map(({ task, state }) => [task, state]),
    ['inventory', 'wipe-disks', 'image-install', 'grow-root', 'install-agent'].map((task) => [task, 'finished']),
    logs.join('\n'),
  );
  assert.equal(await machine.fate(), 'reboot');

  const kept = params() as { inventory: object; 'wipe/record': WipeRecord };
  assert.ok('architecture' in kept.inventory && 'disks' in kept.inventory);
  const wiped = kept['wipe/record'].disks[basename(device)];
  assert.deepEqual([wiped?.erased, wiped?.verified, wiped?.found, wiped?.path], [true, true, 'zeros', device]);
  assert.match(logs[1] ?? '', /samples read back: zeros/);
  assert.match(logs[2] ?? '', /the sha256 of the download is right/);
  assert.doesNotMatch(logs.join(), /a-token/);

  const end = readFileSync(backing).subarray(bytes.length);
  assert.ok(end.equals(Buffer.alloc(end.length)), 'what the image does not reach is empty');
  const point = join(directory, 'point');
  mkdirSync(point);
  execFileSync('mount', ['-o', 'ro', device, point]);
  try {
    const settings = readFileSync(join(point, 'etc/tinsmith/worker.env'), 'utf8');
    for (const line of [`TINSMITH_SERVER="${server.url}"`, 'TINSMITH_TOKEN="a-token"', `TINSMITH_ID="${machine.mac}"`])
      assert.ok(settings.includes(line), settings);
    assert.match(settings, /TINSMITH_BOOT_ENV="local"/);
  } finally {
    execFileSync('umount', [point]);
  }
});
