/** Docker Engine as the client of our registry: it pulls what was loaded and what is built in, and runs it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { answer } from '../../src/http/files/index.ts';
import { createRegistry, openBuiltins, openImages, type Registry } from '../../src/registry/index.ts';
import { descriptor, layout, NAMED, OCI, ociImage, saved, tar } from '../registry/archives.ts';
import { engineMissing, type OwnEngine, startEngine } from './docker-engine.ts';

const run = promisify(execFile);

const skip = engineMissing();
let engine: OwnEngine | undefined;

async function docker(...args: string[]): Promise<string> {
  assert.ok(engine);
  const host = `unix://${engine.socket}`;
  const { stdout, stderr } = await run('docker', ['--host', host, ...args], { timeout: 300_000 });
  return stdout + stderr;
}

before(async () => {
  if (skip === false) engine = await startEngine(['--insecure-registry', '127.0.0.0/8']);
});

after(() => engine?.stop());

/** A plain server in place of the appliance's: it sends what the registry decided. */
async function serve(registry: Registry, seen: string[]): Promise<{ host: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push(`${method} ${url}`);
    const sending = registry.handle(method, url, headers.accept ?? '');
    if (sending === undefined) return void response.writeHead(404).end();
    const { status, headers: fields, segments } = answer(method, headers, sending);
    response.writeHead(status, fields);
    for (const segment of segments) {
      if (segment.kind === 'bytes') response.write(segment.bytes);
      else if (segment.length > 0) {
        const { path, start, length } = segment;
        for await (const bytes of createReadStream(path, { start, end: start + length - 1 })) response.write(bytes);
      }
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

test('images of every form of archive are pulled and run', { skip }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'tinsmith-pull-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const images = await openImages(join(root, 'images'));
  const busybox = await tar([{ name: 'bin/busybox', content: readFileSync('/bin/busybox'), mode: 0o755 }]);
  const greeting = await tar([{ name: 'greeting', content: 'hello from the second layer\n' }]);
  const layers = [busybox, greeting];
  await images.load(Readable.from([await tar(saved(['busybox:1'], layers))]));
  await images.load(
    Readable.from([
      gzipSync(
        await tar(
          saved(
            ['registry.lan:5000/foo/zipped:2'],
            layers,
            layers.map((l) => gzipSync(l)),
          ),
        ),
      ),
    ]),
  );
  const amd = ociImage(layers);
  const arm = ociImage([greeting], { architecture: 'arm64' });
  const platforms = [
    descriptor(OCI.manifest, amd.manifest, NAMED('quay.io/foo/multi:3')),
    descriptor(OCI.manifest, arm.manifest, NAMED('quay.io/foo/multi:3')),
  ].map((entry, index) => ({ ...entry, platform: { os: 'linux', architecture: index === 0 ? 'amd64' : 'arm64' } }));
  await images.load(Readable.from([await tar(layout(platforms, [...amd.blobs, ...arm.blobs]))]));

  const registry = createRegistry({ images });
  const { host, close } = await serve(registry, []);
  t.after(close);
  for (const name of ['busybox:1', 'registry.lan:5000/foo/zipped:2', 'quay.io/foo/multi:3']) {
    const pulled = registry.pull(name, host).name;
    const said = await docker('pull', pulled);
    assert.match(said, /Downloaded newer image|Image is up to date/, name);
    assert.match(said, new RegExp(`Digest: ${images.resolve(name)?.digest}`));
    const output = await docker('run', '--rm', '--network=none', pulled, '/bin/busybox', 'cat', '/greeting');
    assert.equal(output, 'hello from the second layer\n');
  }
  const exported = join(root, 'export.tar');
  const names = ['busybox:1', 'quay.io/foo/multi:3'].map((name) => registry.pull(name, host).name);
  await docker('save', '-o', exported, ...names);
  const again = await images.load(exported);
  assert.deepEqual(again.map(({ reference }) => reference).sort(), names);
  assert.match(await docker('pull', `${host}/busybox:1`), /127\.0\.0\.1/);
  assert.match(await docker('pull', `${host}/busybox@${images.resolve('busybox:1')?.digest}`), /Digest: sha256/);
  await assert.rejects(docker('pull', `${host}/busybox:9`), /manifest for .* not found/);
  await assert.rejects(docker('pull', `${host}/nothing`), /repository name|not found|does not exist|unknown/i);
});

test('the built-in actions are pulled, layers only once, and run the executable', { skip }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'tinsmith-pull-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const executable = join(root, 'stand-in');
  writeFileSync(executable, '#!/bin/sh\necho "$0 $* in $HOME"\nexit 3\n', { mode: 0o755 });
  const busybox = { name: 'bin/busybox', content: readFileSync('/bin/busybox'), mode: 0o755 };
  const tools = gzipSync(await tar([busybox, { name: 'bin/sh', type: 'symlink', linkname: 'busybox' }]));
  const options = { executable, tools, directory: join(root, 'builtin'), architecture: 'amd64' as const };
  const registry = createRegistry({
    images: await openImages(join(root, 'images')),
    builtins: await openBuiltins(options),
  });
  const seen: string[] = [];
  const { host, close } = await serve(registry, seen);
  t.after(close);
  const runs = async (action: string, ...args: string[]): Promise<void> => {
    const ended = await docker('run', '--rm', '--network=none', ...args).catch(
      (error: { code: number; stdout: string }) => error,
    );
    assert.ok(typeof ended === 'object', action);
    assert.deepEqual([ended.code, ended.stdout], [3, `/usr/bin/tinsmith action ${action} in /\n`]);
  };
  const whole = `${host}/quay.io/tinkerbell/actions/image2disk:v1.0.0`;
  await docker('pull', whole);
  await runs('image2disk', whole);
  // A worker has the executable already, and mounts it over the tools.
  const { name, mountsExecutable } = registry.pull('wipe', host);
  assert.equal(mountsExecutable, true);
  await docker('pull', name);
  await runs('wipe', '--volume', `${executable}:/usr/bin/tinsmith:ro`, name);
  const blobs = seen.filter((line) => line.startsWith('GET') && line.includes('/blobs/'));
  assert.equal(blobs.length, 4, blobs.join('\n')); // two layers, two configurations
});
