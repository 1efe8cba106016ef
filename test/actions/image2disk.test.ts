import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { linuxHost } from '../../src/actions/action.ts';
import { file, host, type Outcome, perform, serving, temporary } from './stage.ts';

const MB = 1024 * 1024;

/** Bytes that compress a little, and are no sector's multiple. */
const IMAGE = Buffer.alloc(9 * MB + 777);
for (let at = 0, seed = 1; at < IMAGE.length; at++) {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  IMAGE[at] = at % 4096 < 2048 ? seed >> 16 : 0;
}

function through(program: string): Buffer {
  return spawnSync(program, ['-c'], { input: IMAGE, maxBuffer: 64 * MB }).stdout;
}

const half = IMAGE.length >> 1;
const COMPRESSED: Record<string, Buffer> = {
  'disk.raw': IMAGE,
  'disk.raw.gz': gzipSync(IMAGE),
  'disk.raw.zst': zstdCompressSync(IMAGE),
  'frames.zst': Buffer.concat([zstdCompressSync(IMAGE.subarray(0, half)), zstdCompressSync(IMAGE.subarray(half))]),
  'members.gz': Buffer.concat([gzipSync(IMAGE.subarray(0, half)), gzipSync(IMAGE.subarray(half))]),
  'disk.raw.xz': through('xz'),
  'disk.raw.bz2': through('bzip2'),
};

function blank(t: TestContext, size = 16 * MB): string {
  const disk = join(temporary(t), 'disk');
  writeFileSync(disk, Buffer.alloc(size, 0xaa));
  return disk;
}

function untouched(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length, 0xaa));
}

function assertWritten(disk: string): void {
  const found = readFileSync(disk);
  assert.ok(found.subarray(0, IMAGE.length).equals(IMAGE), 'the image is on the disk');
  assert.ok(untouched(found.subarray(IMAGE.length)), 'what is behind it is not touched');
}

function assertFailed({ code, err }: Outcome, message: RegExp, exit = 1): void {
  assert.match(err, message);
  assert.equal(code, exit);
}

test('images are written in every compression, whatever they are called', async (t) => {
  const server = await serving(t, (request, response) => {
    const name = request.url?.split(/[/?]/)[1] ?? '';
    file(COMPRESSED[name === 'plain' ? 'disk.raw.xz' : name] ?? Buffer.alloc(0))(request, response);
  });
  for (const name of [...Object.keys(COMPRESSED), 'disk.raw.gz?token=a.b', 'plain']) {
    const disk = blank(t);
    const { code, err, out } = await perform(
      'image2disk',
      { IMG_URL: server.url(`/${name}`), DEST_DISK: disk },
      host(),
    );
    assert.equal(code, 0, `${name}: ${err}`);
    assertWritten(disk);
    assert.match(out, /image2disk: 100 % .* downloaded, 9\.4 MB written/);
    const progress = [...out.matchAll(/^progress (\{.*\})$/gm)].map(([, json = '']) => JSON.parse(json));
    const total = (COMPRESSED[name.split('?')[0] ?? ''] ?? COMPRESSED['disk.raw.xz'])?.length;
    assert.deepEqual(progress.at(-1), { downloaded: total, total, written: IMAGE.length });
  }
});

test('a server that dies and comes back is asked for the rest only', async (t) => {
  for (const name of ['disk.raw', 'disk.raw.gz', 'disk.raw.xz']) {
    const bytes = COMPRESSED[name] ?? Buffer.alloc(0);
    const disk = blank(t);
    let deaths = 0;
    const server = await serving(
      t,
      file(bytes, { cut: () => (deaths < 3 ? Math.floor(bytes.length / 5) : undefined) }),
    );
    let down = false;
    const machine = host({
      wait: async () => {
        // The first wait after each break meets a server that is not there, the second one finds it again.
        if (down) await server.start();
        else server.stop();
        if (!down) deaths++;
        down = !down;
      },
    });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const variables = { IMG_URL: server.url(`/${name}`), DEST_DISK: disk, CHECKSUM: `sha256:${sha256}` };
    const { code, err, out } = await perform('image2disk', variables, machine);
    assert.equal(code, 0, err);
    assertWritten(disk);
    assert.equal(deaths, 3);
    assert.match(out, /broke off after .* trying again in 1 s/);
    assert.match(out, /ECONNREFUSED/);
    const [first, ...others] = server.requests;
    assert.equal(first?.range, undefined);
    assert.deepEqual(
      others.map(({ ifRange }) => ifRange),
      ['"v1"', '"v1"', '"v1"'],
    );
    for (const { range } of others) assert.match(range ?? '', /^bytes=[1-9]\d*-$/);
  }
});

test('a server without ranges sends all again, and only the rest is taken', async (t) => {
  const disk = blank(t);
  let cuts = 0;
  const server = await serving(t, file(IMAGE, { ranges: false, cut: () => (cuts++ === 0 ? 3 * MB : undefined) }));
  const { code, err } = await perform('image2disk', { IMG_URL: server.url('/a'), DEST_DISK: disk }, host());
  assert.equal(code, 0, err);
  assertWritten(disk);
});

test('a download that stays broken fails once the time for trying is over', async (t) => {
  let now = 0;
  const wait = async (ms: number): Promise<void> => {
    now += ms;
  };
  const machine = host({ clock: () => now, wait });
  const cases: [string, Record<string, string>, RegExp][] = [
    ['disk.raw', { RETRY_ENABLED: 'false' }, /broke off after 3\.1 MB of 9\.4 MB: aborted/],
    ['disk.raw', {}, /broke off after 3\.1 MB of 9\.4 MB: aborted \(tried for 6\d\d s\)/],
    ['disk.raw.gz', { RETRY_DURATION_MINUTES: '1' }, /broke off after .* \(tried for 6\d s\)/],
    ['disk.raw.xz', { RETRY_ENABLED: '0' }, /broke off after/],
  ];
  for (const [name, more, message] of cases) {
    const bytes = COMPRESSED[name] ?? Buffer.alloc(0);
    let sent = false;
    const cut = (): number => (sent ? 0 : Math.floor(bytes.length / 3));
    const server = await serving(t, (request, response) => {
      file(bytes, { cut })(request, response);
      sent = true;
    });
    const variables = { IMG_URL: server.url(`/${name}`), DEST_DISK: blank(t), ...more };
    assertFailed(await perform('image2disk', variables, machine), message);
  }
});

test('a truncated image is a failure, even where its download was whole', async (t) => {
  for (const [name, bytes] of Object.entries(COMPRESSED)) {
    if (name === 'disk.raw') continue;
    const server = await serving(t, file(bytes.subarray(0, bytes.length - 100)));
    const variables = { IMG_URL: server.url(`/${name}`), DEST_DISK: blank(t) };
    assertFailed(await perform('image2disk', variables, host()), /the image is damaged \((gzip|zstd|xz|bzip2): /);
  }
});

test('an image that changes on the server meanwhile is a failure', async (t) => {
  let etag = '"v1"';
  const server = await serving(t, (request, response) => {
    file(IMAGE, { etag, cut: () => (etag === '"v1"' ? 3 * MB : undefined) })(request, response);
    etag = '"v2"';
  });
  const variables = { IMG_URL: server.url('/a'), DEST_DISK: blank(t) };
  assertFailed(await perform('image2disk', variables, host()), /was changed on the server while it was downloaded/);
});

test('parts of a file without version are joined only when a checksum tells', async (t) => {
  let cuts = 0;
  const server = await serving(t, file(IMAGE, { etag: '', cut: () => (cuts++ === 0 ? 3 * MB : undefined) }));
  const disk = blank(t);
  const variables = { IMG_URL: server.url('/a'), DEST_DISK: disk };
  assertFailed(await perform('image2disk', variables, host()), /no ETag or Last-Modified/);
  cuts = 0;
  const CHECKSUM = `sha512:${createHash('sha512').update(IMAGE).digest('hex')}`;
  assert.equal((await perform('image2disk', { ...variables, CHECKSUM }, host())).code, 0);
  assertWritten(disk);
});

test('a wrong checksum is a failure, and leaves nothing that boots', async (t) => {
  const server = await serving(t, file(COMPRESSED['disk.raw.gz'] ?? IMAGE));
  const disk = blank(t);
  const CHECKSUM = `sha256:${'0'.repeat(64)}`;
  const outcome = await perform('image2disk', { IMG_URL: server.url('/a'), DEST_DISK: disk, CHECKSUM }, host());
  assertFailed(outcome, /has the sha256 [0-9a-f]{64}, not 0{64}/);
  assert.ok(
    readFileSync(disk)
      .subarray(0, MB)
      .every((byte) => byte === 0),
  );
});

test('what is no image, and what cannot be had, is not written', async (t) => {
  const server = await serving(t, (request, response) => {
    switch (request.url) {
      case '/web':
        return void response.end('<!DOCTYPE html><title>Not found</title>');
      case '/qcow2':
        return void response.end(Buffer.from(`QFI\xfb${'x'.repeat(100)}`, 'latin1'));
      case '/empty':
        return void response.end();
      case '/loop':
        return void response.writeHead(302, { location: '/loop' }).end();
      case '/elsewhere':
        return void response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      case '/text.gz':
      case '/text':
        return void response.end('just some text');
      default:
        return void response.writeHead(404).end();
    }
  });
  const cases: [string, Record<string, string>, RegExp][] = [
    ['/missing', {}, /\/missing is not served: 404 Not Found/],
    ['/web', {}, /is a web page/],
    ['/qcow2', {}, /QEMU image.*qemu-img convert/],
    ['/empty', {}, /is empty/],
    ['/loop', {}, /redirects more than 5 times/],
    ['/elsewhere', {}, /is no http or https URL/],
    ['/text.gz', {}, /is called \.gz, but its content is not/],
    ['/text', { COMPRESSED: 'true' }, /COMPRESSED is true, but/],
    ['/text', { FORMAT: 'gzip' }, /the image is damaged/],
  ];
  for (const [path, more, message] of cases) {
    const disk = blank(t);
    const variables = { IMG_URL: server.url(path), DEST_DISK: disk, ...more };
    assertFailed(await perform('image2disk', variables, host()), message);
    assert.ok(untouched(readFileSync(disk)), path);
  }
  const disk = blank(t);
  const raw = { IMG_URL: server.url('/text.gz'), DEST_DISK: disk, FORMAT: 'raw' };
  assert.equal((await perform('image2disk', raw, host())).code, 0);
});

test('a disk that is too small, or none, is refused', async (t) => {
  const server = await serving(t, (request, response) =>
    file(COMPRESSED[request.url?.slice(1) ?? ''] ?? IMAGE)(request, response),
  );
  const small = blank(t, 5 * MB);
  const raw = await perform('image2disk', { IMG_URL: server.url('/disk.raw'), DEST_DISK: small }, host());
  assertFailed(raw, /is too small: it has 5242880 bytes, the image has \d+/);
  assert.ok(untouched(readFileSync(small)));
  for (const name of ['disk.raw.gz', 'disk.raw.xz']) {
    const outcome = await perform('image2disk', { IMG_URL: server.url(`/${name}`), DEST_DISK: small }, host());
    assertFailed(outcome, /is too small: it has 5\.2 MB/);
  }
  const IMG_URL = server.url('/disk.raw');
  const wait = async (): Promise<void> => undefined;
  assertFailed(
    await perform('image2disk', { IMG_URL, DEST_DISK: small }, { ...linuxHost, wait }),
    /is no block device/,
  );
  assertFailed(await perform('image2disk', { IMG_URL, DEST_DISK: '/dev/null' }, host()), /is no block device/);
  assertFailed(
    await perform('image2disk', { IMG_URL, DEST_DISK: '/dev/nodisk' }, host()),
    /\/dev\/nodisk does not exist; th/,
  );
  const read = server.requests.length;
  assert.equal(read, 3, 'nothing is downloaded for a disk that cannot be written');
});

test('variables that are missing or wrong are named all at once', async () => {
  assertFailed(await perform('image2disk', {}, host()), /IMG_URL, DEST_DISK must be set/, 64);
  const wrong = { IMG_URL: 'ftp://x', DEST_DISK: 'sda', RETRY_ENABLED: 'maybe', RETRY_DURATION_MINUTES: '-1' };
  const all =
    /DEST_DISK is no absolute path.*RETRY_ENABLED is neither true nor false.*RETRY_DURATION_MINUTES is no number/;
  assertFailed(await perform('image2disk', wrong, host()), all, 64);
  assertFailed(
    await perform('image2disk', { IMG_URL: 'http://h/', DEST_DISK: '/d', CHECKSUM: 'md5:1' }, host()),
    /CHECKSUM/,
    64,
  );
  assertFailed(await perform('nothing', {}, host()), /no action "nothing"; there is image2disk, writefile/, 64);
});

test('progress is told while the image is written, and a stopped action ends at once', async (t) => {
  const stop = new AbortController();
  const server = await serving(t, (_, response) => {
    response.writeHead(200, { 'content-length': IMAGE.length });
    response.write(IMAGE.subarray(0, 5 * MB)); // and then nothing more
  });
  const variables = { IMG_URL: server.url('/a'), DEST_DISK: blank(t), PROGRESS_INTERVAL_SECONDS: '0.1' };
  const line = /^progress \{"downloaded":5242880,"total":9437961,"written":4194304\}$/m;
  const seen = (out: string): void => {
    if (line.test(out)) stop.abort();
  };
  const { code, err } = await perform('image2disk', variables, host(), { signal: stop.signal, seen });
  assert.equal(code, 143);
  assert.match(err, /stopped/);
});
