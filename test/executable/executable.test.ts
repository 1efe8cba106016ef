import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const EXECUTABLE = resolve(import.meta.dirname, '../../dist/tinsmith');

test('says its version, the commit it was built from and its Node', () => {
  const said = execFileSync(EXECUTABLE, ['--version'], { encoding: 'utf8' });
  assert.match(said, /^tinsmith \d+\.\d+\.\d+ \(commit \S+, Node v24\.\d+\.\d+\)\n$/);
});

test('examines the computer that it is on', () => {
  const { stdout, stderr, status } = spawnSync('unshare', ['--net', EXECUTABLE, 'doctor', '--output', 'json'], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  assert.ok(status === 0 || status === 1, stderr);
  assert.ok(JSON.parse(stdout).data.length > 10, stdout);
});

test('runs in a read-only root with nothing but its libraries and a data directory', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tinsmith-root-'));
  try {
    cpSync(EXECUTABLE, join(root, 'tinsmith'));
    const libraries = execFileSync('ldd', [EXECUTABLE], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
    for (const library of libraries) cpSync(library, join(root, library), { dereference: true, recursive: true });
    for (const directory of ['data', 'proc']) mkdirSync(join(root, directory));
    // In a mount and a network namespace of its own: mounts and ports are gone with the process.
    const script = `
      mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && mount -t tmpfs tmpfs "$1/data" && mount -t proc proc "$1/proc"
      ip link set lo up
      exec env -i HOME=/ "$(command -v chroot)" "$1" /tinsmith up --data /data/tinsmith --dhcp off --tftp off --http-port 0
    `;
    const child = spawn('unshare', ['--mount', '--net', 'sh', '-c', script, 'sh', root], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    await new Promise<void>((ready, failed) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (/is ready/.test(said)) ready();
        });
      }
      child.once('exit', (code) => failed(new Error(`it ended with exit code ${code}: ${said}`)));
    });
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    assert.equal(await ended, 0, said);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
