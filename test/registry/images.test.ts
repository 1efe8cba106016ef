import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { TinsmithError } from '../../src/errors.ts';
import { type Images, openImages } from '../../src/registry/index.ts';
import {
  blob,
  config,
  descriptor,
  digest,
  hex,
  layer,
  layout,
  NAMED,
  OCI,
  ociImage,
  saved,
  type TarEntry,
  tar,
} from './archives.ts';

async function store(t: TestContext): Promise<{ directory: string; images: Images }> {
  const directory = mkdtempSync(join(tmpdir(), 'tinsmith-images-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return { directory, images: await openImages(join(directory, 'images')) };
}

/** Everything below the store that is not an empty directory. */
function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

const A = await layer('hello', 'a');
const B = await layer('world', 'b');

test('what docker save writes is loaded, in every compression and from file and stream', async (t) => {
  const archive = await tar(saved(['busybox:1', 'quay.io/foo/bar:2'], [A, B]));
  const forms = { plain: archive, gzip: gzipSync(archive), zstd: zstdCompressSync(archive) };
  for (const [form, bytes] of Object.entries(forms)) {
    const { directory, images } = await store(t);
    const file = join(directory, 'save.tar');
    writeFileSync(file, bytes);
    const seen: number[] = [];
    const fromFile = await images.load(file, { onProgress: ({ read, total }) => seen.push(read, total ?? -1) });
    assert.deepEqual(
      fromFile.map(({ reference }) => reference),
      ['docker.io/library/busybox:1', 'quay.io/foo/bar:2'],
      form,
    );
    assert.deepEqual(seen.slice(-2), [bytes.length, bytes.length]);
    const fromStream = await images.load(Readable.from([bytes]), { name: 'upload' });
    assert.equal(fromStream[0]?.digest, fromFile[0]?.digest);
    assert.deepEqual(fromFile[0]?.platforms, ['linux/amd64']);
    for (const content of [A, B, config([A, B])]) {
      assert.ok(readFileSync(join(directory, 'images/blobs/sha256', hex(content))).equals(content));
    }
    assert.equal(images.resolve('busybox:1')?.digest, fromFile[0]?.digest);
    assert.equal(images.resolve(`quay.io/foo/bar@${fromFile[0]?.digest}`)?.tag, '2');
    assert.equal(images.resolve('busybox'), undefined);
  }
});

test('an archive that comes in many pieces leaves no listener behind for each of them', async (t) => {
  const warned: string[] = [];
  const take = ({ message }: Error): void => void warned.push(message);
  process.on('warning', take);
  t.after(() => process.off('warning', take));
  const { images } = await store(t);
  const archive = await tar(saved(['large:1'], [await layer('large', 'x'.repeat(4e6))]));
  const chunks = Array.from({ length: Math.ceil(archive.length / 65_536) }, (_, i) =>
    archive.subarray(i * 65_536, (i + 1) * 65_536),
  );
  await images.load(Readable.from(chunks), { name: 'upload' });
  // Warnings are told on the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warned, []);
});

test('layers compressed on their own, and layers that are links to others, are verified and loaded', async (t) => {
  const { images } = await store(t);
  const compressed = saved(['a:1'], [A, B], [gzipSync(A), zstdCompressSync(B)]);
  const [image] = await images.load(Readable.from([await tar(compressed)]));
  const types = [...(image?.parts.values() ?? [])].map(({ mediaType }) => mediaType);
  assert.ok(types.includes('application/vnd.docker.image.rootfs.diff.tar.gzip'));
  assert.ok(types.includes('application/vnd.docker.image.rootfs.diff.tar.zstd'));

  const settings = config([A, A]);
  const linked: TarEntry[] = [
    { name: './one/layer.tar', content: A },
    { name: './two/layer.tar', type: 'symlink', linkname: '../one/layer.tar' },
    { name: 'c.json', content: settings },
    {
      name: 'manifest.json',
      content: JSON.stringify([{ Config: 'c.json', RepoTags: ['b:1'], Layers: ['one/layer.tar', 'two/layer.tar'] }]),
    },
  ];
  const [other] = await images.load(Readable.from([await tar(linked)]));
  assert.equal(other?.reference, 'docker.io/library/b:1');
});

test('OCI layouts are loaded with their own digests, single, nested and for several platforms', async (t) => {
  const { images } = await store(t);
  const amd = ociImage([A]);
  const arm = ociImage([A, B], { architecture: 'arm64', variant: 'v8' });
  const single = layout([descriptor(OCI.manifest, amd.manifest, NAMED('quay.io/foo/single:1'))], amd.blobs);
  const [one] = await images.load(Readable.from([await tar(single)]));
  assert.equal(one?.digest, digest(amd.manifest));
  assert.equal(one?.mediaType, OCI.manifest);

  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI.index,
      manifests: [
        descriptor(OCI.manifest, amd.manifest, { platform: { architecture: 'amd64', os: 'linux' } }),
        descriptor(OCI.manifest, arm.manifest, { platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } }),
        descriptor(OCI.manifest, Buffer.from('not exported'), { platform: { architecture: 's390x', os: 'linux' } }),
      ],
    }),
  );
  const nested = layout([descriptor(OCI.index, index)], [index, ...amd.blobs, ...arm.blobs]);
  const [two] = await images.load(Readable.from([await tar(nested)]), { as: 'multi:1' });
  assert.equal(two?.digest, digest(index));
  assert.deepEqual(two?.platforms, ['linux/amd64', 'linux/arm64/v8']);

  const flat = layout(
    [
      descriptor(OCI.manifest, amd.manifest, NAMED('flat:1')),
      descriptor(OCI.manifest, arm.manifest, NAMED('flat:1')),
      descriptor(OCI.manifest, amd.manifest, NAMED('other:1')),
    ],
    [...amd.blobs, ...arm.blobs],
  );
  const loaded = await images.load(Readable.from([await tar(flat)]));
  assert.deepEqual(
    loaded.map(({ reference, platforms }) => [reference, platforms.length]),
    [
      ['docker.io/library/flat:1', 2],
      ['docker.io/library/other:1', 1],
    ],
  );
});

test('an archive in both forms keeps the digests of the layout and the names of either', async (t) => {
  const { images } = await store(t);
  const image = ociImage([A]);
  const entries = [
    ...layout([descriptor(OCI.manifest, image.manifest, NAMED('latest'))], image.blobs),
    {
      name: 'manifest.json',
      content: JSON.stringify([
        { Config: `blobs/sha256/${hex(config([A]))}`, RepoTags: ['both:1'], Layers: [`blobs/sha256/${hex(A)}`] },
      ]),
    },
  ];
  const [both] = await images.load(Readable.from([await tar(entries)]));
  assert.deepEqual([both?.reference, both?.digest], ['docker.io/library/both:1', digest(image.manifest)]);
});

test('images survive reopening; removing one keeps what others need and frees the rest', async (t) => {
  const { directory, images } = await store(t);
  await images.load(Readable.from([await tar(saved(['a:1'], [A, B]))]));
  await images.load(Readable.from([await tar(saved(['b:1'], [A]))]));
  writeFileSync(join(directory, 'images/incoming/left-over'), 'half a blob');
  writeFileSync(join(directory, 'images/blobs/sha256', hex('orphan')), 'orphan');

  const again = await openImages(join(directory, 'images'));
  assert.deepEqual(again.damaged, []);
  assert.deepEqual(
    again.list().map(({ reference }) => reference),
    images.list().map(({ reference }) => reference),
  );
  assert.deepEqual(
    again.list().map(({ size }) => size),
    images.list().map(({ size }) => size),
  );
  assert.ok(!existsSync(join(directory, 'images/incoming/left-over')));
  assert.ok(!existsSync(join(directory, 'images/blobs/sha256', hex('orphan'))));

  const { freed } = await again.remove('a:1');
  assert.ok(freed > B.length);
  assert.ok(existsSync(join(directory, 'images/blobs/sha256', hex(A))));
  assert.ok(!existsSync(join(directory, 'images/blobs/sha256', hex(B))));
  await again.remove('docker.io/library/b:1');
  assert.deepEqual(files(join(directory, 'images')), []);
  await assert.rejects(again.remove('b:1'), { code: 'NOT_FOUND' });
});

test('an image loaded again under its name takes the place of the old one', async (t) => {
  const { directory, images } = await store(t);
  await images.load(Readable.from([await tar(saved(['a:1'], [B]))]));
  const [fresh] = await images.load(Readable.from([await tar(saved(['a:1'], [A]))]));
  assert.equal(images.list().length, 1);
  assert.equal(images.resolve('a:1')?.digest, fresh?.digest);
  assert.ok(!existsSync(join(directory, 'images/blobs/sha256', hex(B))));
});

test('two loads at once both end up in the store', async (t) => {
  const { images } = await store(t);
  const archives = await Promise.all([tar(saved(['a:1'], [A, B])), tar(saved(['b:1'], [B])), tar(saved(['c:1'], [A]))]);
  await Promise.all(archives.map(async (bytes) => await images.load(Readable.from([bytes]))));
  assert.equal(images.list().length, 3);
  for (const { parts } of images.list()) for (const { segment } of parts.values()) assert.ok(existsSync(segment.path));
});

test('a damaged record is told, and the others stay usable', async (t) => {
  const { directory, images } = await store(t);
  await images.load(Readable.from([await tar(saved(['a:1'], [A]))]));
  await images.load(Readable.from([await tar(saved(['b:1'], [B]))]));
  rmSync(join(directory, 'images/blobs/sha256', hex(A)));
  writeFileSync(join(directory, 'images/references/bad.json'), '{"reference":1}');
  const again = await openImages(join(directory, 'images'));
  assert.deepEqual(
    again.list().map(({ reference }) => reference),
    ['docker.io/library/b:1'],
  );
  assert.equal(again.damaged.length, 2);
  assert.match(again.damaged.map(({ reason }) => reason).join('\n'), /layer sha256:.* is missing/);
});

test('bad archives are refused by name, and leave nothing behind', async (t) => {
  const good = saved(['a:1'], [A, B]);
  const without = (pattern: RegExp): TarEntry[] => good.filter(({ name }) => !pattern.test(name));
  const instead = (pattern: RegExp, content: Buffer | string): TarEntry[] =>
    good.map((entry) => (pattern.test(entry.name) ? { ...entry, content } : entry));
  const image = ociImage([A]);
  const oci = layout([descriptor(OCI.manifest, image.manifest, NAMED('a:1'))], image.blobs);
  const big = { ...descriptor(OCI.manifest, image.manifest, NAMED('a:1')), size: 3 };
  const whole = await tar(good);
  const cases: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /bad\.tar: it is empty/],
    ['not a tar', Buffer.from('hello '.repeat(1000)), /bad\.tar: the archive cannot be read/],
    ['xz', Buffer.from('fd377a585a000004', 'hex'), /compressed with xz/],
    ['no image', await tar([{ name: 'readme', content: 'x' }]), /no image archive/],
    ['truncated in a layer', whole.subarray(0, 700), /the entry ".*layer\.tar" cannot be read.*truncated/],
    ['truncated gzip', gzipSync(whole).subarray(0, -20), /truncated or damaged/],
    ['truncated zstd', zstdCompressSync(whole).subarray(0, -9), /truncated or damaged/],
    ['layer missing', await tar(without(/layer\.tar/)), /the entry ".*\/layer\.tar" is missing/],
    ['config missing', await tar(without(/[0-9a-f]\.json/)), /the entry ".*\.json" is missing/],
    ['layer of another image', await tar(instead(/layer\.tar/, B)), /the layer .*layer\.tar is damaged/],
    ['layer that is damaged gzip', await tar(instead(/layer\.tar/, gzipSync(A).subarray(0, -5))), /is damaged/],
    ['config of another image', await tar(instead(/[0-9a-f]\.json/, config([A]))), /is damaged: its content has/],
    ['manifest.json no JSON', await tar(instead(/manifest\.json/, '[')), /bad\.tar: manifest\.json is not JSON/],
    ['manifest.json of another kind', await tar(instead(/manifest\.json/, '[{}]')), /manifest\.json .* 0\.Config/],
    ['bad name in it', await tar(saved(['foo/Case'], [A])), /bad\.tar: "foo\/Case" is no image name/],
    ['no name', await tar(saved(null, [A])), /has no name in it/],
    ['blob of another digest', await tar([...oci, { ...blob(B), content: A }]), /blobs\/sha256\/.* is damaged/],
    ['blob of another size', await tar(layout([big], image.blobs)), /has \d+ bytes, not 3 as stated/],
    ['blob missing', await tar(oci.filter(({ name }) => name !== blob(A).name)), /the layer sha256:.* is missing/],
    ['climbing name', await tar([{ name: '../../evil', content: 'x' }, ...good]), /"\.\.\/\.\.\/evil" leads out/],
    ['absolute name', await tar([{ name: '/etc/evil', content: 'x' }, ...good]), /"\/etc\/evil" leads out/],
    ['climbing link', await tar([{ name: 'a', type: 'symlink', linkname: '../../x' }, ...good]), /link that leads out/],
    ['device', await tar([{ name: 'sda', type: 'block-device' }, ...good]), /is a block-device/],
    [
      'an entry twice',
      await tar([...good, { name: 'manifest.json', content: '[]' }]),
      /"manifest\.json" is there twice/,
    ],
    ['links in a circle', await tar([...without(/layer\.tar/), ...circle(good)]), /is missing/],
  ];
  for (const [what, bytes, message] of cases) {
    const { directory, images } = await store(t);
    const file = join(directory, 'bad.tar');
    writeFileSync(file, bytes);
    await assert.rejects(
      images.load(file),
      (error) => {
        assert.ok(error instanceof TinsmithError, `${what}: ${error}`);
        assert.match(error.message, message, what);
        assert.equal(error.code, 'INVALID_INPUT', what);
        return true;
      },
      what,
    );
    assert.deepEqual(images.list(), [], what);
    assert.deepEqual(files(directory), ['bad.tar'], what);
  }
});

function circle(good: TarEntry[]): TarEntry[] {
  const [first, second] = good.filter(({ name }) => name.endsWith('layer.tar')).map(({ name }) => name);
  return [
    { name: first ?? '', type: 'symlink', linkname: `../${second}` },
    { name: second ?? '', type: 'symlink', linkname: `../${first}` },
  ];
}

test('an upload that breaks off is an error, and leaves nothing behind', async (t) => {
  const { directory, images } = await store(t);
  const whole = await tar(saved(['a:1'], [A, B]));
  const upload = Readable.from(
    (async function* () {
      yield whole.subarray(0, 2000);
      throw new Error('aborted');
    })(),
  );
  await assert.rejects(images.load(upload, { name: 'upload' }), /upload: .*aborted/);
  assert.deepEqual(files(directory), []);
});

test('a header of absurd size allocates nothing', async (t) => {
  const { images } = await store(t);
  const header = Buffer.from(await tar([{ name: 'manifest.json', content: 'x' }])).subarray(0, 512);
  header.write('77777777777\0', 124, 'latin1'); // 8 GiB - 1 in the size field
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const before = process.memoryUsage().rss;
  await assert.rejects(images.load(Readable.from([header, Buffer.alloc(512)])), /truncated/);
  assert.ok(process.memoryUsage().rss - before < 100e6);
});
