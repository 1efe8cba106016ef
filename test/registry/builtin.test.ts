import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { fileSegment, type Segment, type Sending } from '../../src/http/files/index.ts';
import { BUILTIN_ACTIONS, createRegistry, openBuiltins, openImages } from '../../src/registry/index.ts';
import { tarOfExecutable } from '../../src/registry/tar.ts';
import { digest, layer, saved, tar } from './archives.ts';

function bytesOf(segments: readonly Segment[]): Buffer {
  const parts = segments.map((segment) =>
    segment.kind === 'bytes'
      ? segment.bytes
      : readFileSync(segment.path).subarray(segment.start, segment.start + segment.length),
  );
  return Buffer.concat(parts);
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tinsmith-builtin-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function setUp(t: TestContext) {
  const directory = temporary(t);
  const executable = join(directory, 'tinsmith');
  writeFileSync(executable, 'an executable'.repeat(1000));
  const tools = gzipSync(await tar([{ name: 'usr/bin/xz', content: 'xz', mode: 0o755 }]));
  const options = { executable, tools, directory: join(directory, 'builtin'), architecture: 'amd64' as const };
  const images = await openImages(join(directory, 'images'));
  return { directory, executable, tools, options, images };
}

function text(sending: Sending | undefined): string {
  assert.ok(sending !== undefined);
  return bytesOf(sending.segments).toString();
}

test('the archive around the executable is a tar of exactly that file', async (t) => {
  const file = join(temporary(t), 'file');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (content) => {
      writeFileSync(file, content);
      const entries: [string, string, number, Buffer][] = [];
      const unpacking = extract();
      unpacking.end(bytesOf(tarOfExecutable('usr/bin/tinsmith', await fileSegment(file))));
      for await (const entry of unpacking) {
        const parts: Buffer[] = [];
        for await (const part of entry as AsyncIterable<Buffer>) parts.push(part);
        entries.push([entry.header.name, entry.header.type, entry.header.mode, Buffer.concat(parts)]);
      }
      assert.deepEqual(entries, [
        ['usr/', 'directory', 0o755, Buffer.alloc(0)],
        ['usr/bin/', 'directory', 0o755, Buffer.alloc(0)],
        ['usr/bin/tinsmith', 'file', 0o755, Buffer.from(content)],
      ]);
    }),
    { numRuns: 40 },
  );
});

test('each action has an image of its own, all of the same two layers', async (t) => {
  const { options, images, tools } = await setUp(t);
  const registry = createRegistry({ images, builtins: await openBuiltins(options) });
  const layers = new Set<string>();
  for (const action of BUILTIN_ACTIONS) {
    const sending = registry.handle('GET', `/v2/quay.io/tinkerbell/actions/${action}/manifests/v1.0.0`, '');
    const manifest = JSON.parse(text(sending));
    assert.equal(sending?.headers['docker-content-digest'], digest(text(sending)));
    const parts = [manifest.config, ...manifest.layers].map((part: { digest: string; size: number }) => {
      const blob = registry.handle('GET', `/v2/${action}/blobs/${part.digest}`, '');
      const bytes = bytesOf(blob?.segments ?? []);
      assert.deepEqual([digest(bytes), bytes.length], [part.digest, part.size]);
      return bytes;
    });
    const config = JSON.parse(parts[0]?.toString() ?? '');
    assert.deepEqual(config.config.Entrypoint, ['/usr/bin/tinsmith', 'action', action]);
    assert.equal(config.architecture, 'amd64');
    assert.ok(parts[1]?.equals(tools));
    assert.equal(config.rootfs.diff_ids[1], digest(parts[2] ?? ''));
    layers.add(JSON.stringify(manifest.layers));
  }
  assert.equal(layers.size, 1);
});

test('Tinkerbell’s names for the actions are built in, until an image of that very name is loaded', async (t) => {
  const { options, images } = await setUp(t);
  const registry = createRegistry({ images, builtins: await openBuiltins(options) });
  const built = [
    'image2disk',
    'tinsmith/wipe:1',
    'quay.io/tinkerbell/actions/cexec:latest',
    'docker.io/library/kexec:x',
  ];
  built.push('quay.io/tinkerbell-actions/writefile:v1.0.0', 'ghcr.io/tinkerbell/actions/image2disk:abc');
  for (const name of built) assert.equal(registry.resolves(name), true, name);
  for (const name of ['oci2disk', 'other/image2disk', 'quay.io/image2disk', 'BAD', '', `image2disk@${digest('x')}`]) {
    assert.equal(registry.resolves(name), false, name);
  }
  const before = text(registry.handle('GET', '/v2/image2disk/manifests/1', ''));
  assert.equal(registry.resolves(`image2disk@${digest(before)}`), true);
  await images.load(Readable.from([await tar(saved(['image2disk:1'], [await layer('x', 'y')]))]));
  assert.notEqual(text(registry.handle('GET', '/v2/image2disk/manifests/1', '')), before);
  assert.equal(text(registry.handle('GET', '/v2/image2disk/manifests/2', '')), before);
  assert.equal(createRegistry({ images }).resolves('image2disk:2'), false);
});

test('workers pull by our host, the full name, and tag or digest', async (t) => {
  const { images } = await setUp(t);
  const registry = createRegistry({ images });
  const pullName = (name: string, at: string): string => registry.pull(name, at).name;
  const host = '192.168.1.1:8080';
  assert.equal(pullName('busybox:1', host), `${host}/docker.io/library/busybox:1`);
  assert.equal(pullName('quay.io/foo/bar', host), `${host}/quay.io/foo/bar:latest`);
  assert.equal(pullName('registry.lan:5000/foo:2', host), `${host}/registry.lan__5000/foo:2`);
  assert.equal(pullName(`busybox:1@${digest('x')}`, host), `${host}/docker.io/library/busybox@${digest('x')}`);
});

test('the executable’s digest is remembered until the executable changes', async (t) => {
  const { options, executable } = await setUp(t);
  const manifest = async (): Promise<string> =>
    bytesOf((await openBuiltins(options)).manifest('wipe').segments).toString();
  const first = await manifest();
  const memory = join(options.directory, 'executable.json');
  const remembered = JSON.parse(readFileSync(memory, 'utf8'));
  const forged = `sha256:${createHash('sha256').update('forged').digest('hex')}`;
  writeFileSync(memory, JSON.stringify({ ...remembered, digest: forged }));
  assert.ok((await manifest()).includes(forged), 'the memory is used');
  writeFileSync(memory, 'damaged');
  assert.equal(await manifest(), first, 'a damaged memory is not');
  const { mtimeMs } = statSync(executable);
  writeFileSync(executable, 'another one'.repeat(1000));
  utimesSync(executable, new Date(), new Date(mtimeMs + 5000));
  assert.notEqual(await manifest(), first);
});

test('an executable that is not there is an error', async (t) => {
  const { options } = await setUp(t);
  await assert.rejects(openBuiltins({ ...options, executable: '/no/such/file' }), { code: 'NOT_FOUND' });
});
