/** Served files and ISO images, changed over the API and fetched over HTTP, by one who holds the token and one who does not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tinyIso } from '../boots/iso/tiny.ts';
import { macOf } from '../machines/examples.ts';
import { pushed } from '../workflows/made.ts';
import { type Running, running } from './running.ts';

const sha = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const ISO = tinyIso({ 'VMLINUZ.;1': 'a kernel', 'INITRD.GZ;1': 'an initrd' });

function put({ url, adminToken }: Running, path: string, body: Uint8Array<ArrayBuffer> | string) {
  return fetch(url + path, { method: 'PUT', body, headers: { authorization: `Bearer ${adminToken}` } });
}

const iso = (): Uint8Array<ArrayBuffer> => new Uint8Array(ISO);

describe('/api/v1/files', () => {
  it('takes a file that is served then, and gives it up again', async (t) => {
    const { call, filesDirectory } = await running(t);
    const digest = createHash('sha256').update('content').digest('base64');
    const made = await call('PUT', '/api/v1/files/a%20b/c.img', {
      body: 'content',
      headers: { 'repr-digest': `sha-256=:${digest}:` },
    });
    assert.equal(made.status, 200, made.text);
    assert.deepEqual(
      [made.json.data.name, made.json.data.created, made.json.data.sha256],
      ['a b/c.img', true, sha('content')],
    );
    const fetched = await call('GET', '/files/a%20b/c.img', { token: '' });
    assert.equal(fetched.text, 'content');
    assert.equal(fetched.headers.get('etag'), made.json.data.etag);
    const again = await call('PUT', '/api/v1/files/a%20b/c.img', {
      body: 'more',
      headers: { 'if-match': made.json.data.etag },
    });
    assert.deepEqual([again.json.data.created, again.json.data.size], [false, 4]);
    const outdated = await call('DELETE', '/api/v1/files/a%20b/c.img', {
      headers: { 'if-match': made.json.data.etag },
    });
    assert.equal(outdated.status, 412);
    assert.equal((await call('DELETE', '/api/v1/files/a%20b/c.img')).status, 200);
    assert.deepEqual(readdirSync(filesDirectory), []);
    assert.equal((await call('GET', '/files/a%20b/c.img')).status, 404);
  });

  it('is changed only where it has not been since a time, and by its ETag where that is said too', async (t) => {
    const { call, filesDirectory } = await running(t);
    const file = join(filesDirectory, 'a');
    writeFileSync(file, 'first');
    utimesSync(file, 1_700_000_000.9, 1_700_000_000.9);
    const [at, before] = [1_700_000_000, 1_699_999_999].map((s) => new Date(s * 1000).toUTCString());
    const put = (path: string, headers: Record<string, string>) =>
      call('PUT', `/api/v1/files/${path}`, { body: 'second', headers });
    const refused = await put('a', { 'if-unmodified-since': before ?? '' });
    assert.equal(refused.status, 412);
    assert.match(
      refused.json.detail,
      /since Tue, 14 Nov 2023 22:13:20 GMT, and the request says If-Unmodified-Since: /,
    );
    assert.equal(
      (await call('DELETE', '/api/v1/files/a', { headers: { 'if-unmodified-since': before ?? '' } })).status,
      412,
    );
    assert.equal(readFileSync(file, 'utf8'), 'first');
    const etag = (await call('GET', '/files/a')).headers.get('etag') ?? '';
    assert.equal((await put('a', { 'if-unmodified-since': before ?? '', 'if-match': etag })).status, 200);
    utimesSync(file, 1_700_000_000.9, 1_700_000_000.9);
    assert.equal((await put('a', { 'if-unmodified-since': at ?? '' })).status, 200);
    assert.equal((await put('a', { 'if-unmodified-since': 'yesterday' })).status, 200);
    assert.equal((await put('new', { 'if-unmodified-since': before ?? '' })).status, 200);
  });

  it('lists in pages', async (t) => {
    const { call, filesDirectory } = await running(t);
    for (const name of ['c', 'a', 'b']) writeFileSync(join(filesDirectory, name), name);
    const first = await call('GET', '/api/v1/files?limit=2');
    assert.deepEqual(
      first.json.data.map(({ name }: { name: string }) => name),
      ['a', 'b'],
    );
    const second = await call('GET', `/api/v1/files?limit=2&after=${first.json.next}`);
    assert.deepEqual(
      second.json.data.map(({ name }: { name: string }) => name),
      ['c'],
    );
    assert.equal(second.json.next, undefined);
  });

  it('is the administrator’s alone', async (t) => {
    const { call, filesDirectory } = await running(t);
    for (const [method, path] of [
      ['PUT', '/api/v1/files/x'],
      ['GET', '/api/v1/files'],
      ['GET', '/api/v1/files/x'],
      ['DELETE', '/api/v1/files/x'],
      ['PUT', '/api/v1/isos/x.iso'],
      ['GET', '/api/v1/isos'],
    ] as const)
      assert.equal((await call(method, path, { token: '', ...(method === 'PUT' ? { body: 'x' } : {}) })).status, 401);
    assert.deepEqual(readdirSync(filesDirectory), []);
  });

  it('takes no name that leads out, however it is written', async (t) => {
    const { url, adminToken, filesDirectory } = await running(t);
    const { port } = new URL(url);
    for (const path of [
      '../x',
      '%2e%2e/x',
      '..%2fx',
      'a/%2e%2e/%2e%2e/x',
      '%252e%252e/x',
      'x%00',
      '%2fetc/x',
      'a//x',
    ]) {
      const answer = await raw(
        Number(port),
        `PUT /api/v1/files/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminToken}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`,
      );
      assert.match(answer, /^HTTP\/1\.1 (422|404) /, `${path}: ${answer}`);
      assert.match(answer, /application\/problem\+json/);
    }
    assert.deepEqual(readdirSync(filesDirectory), []);
    assert.equal(existsSync(join(filesDirectory, '../x')), false);
  });

  it('takes no part of a file for the whole, and leaves nothing of one that breaks off', async (t) => {
    const all = await running(t);
    const { call, url, adminToken, filesDirectory } = all;
    const part = await call('PUT', '/api/v1/files/x', { body: 'x', headers: { 'content-range': 'bytes 0-0/2' } });
    assert.equal(part.json.problems[0].field, 'content-range');
    const zipped = await call('PUT', '/api/v1/files/x', { body: 'x', headers: { 'content-encoding': 'gzip' } });
    assert.equal(zipped.json.problems[0].field, 'content-encoding');
    const req = request(`${url}/api/v1/files/deep/x`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${adminToken}`, 'content-length': 2_000_000 },
    });
    req.on('error', () => {});
    req.write(Buffer.alloc(1_000_000));
    const deep = join(filesDirectory, 'deep');
    while (!existsSync(deep) || readdirSync(deep).length === 0) await new Promise(setImmediate);
    assert.match(readdirSync(deep).join(' '), /^\.tinsmith-upload-/);
    assert.equal((await call('GET', '/api/v1/files')).json.data.length, 0);
    req.destroy();
    while (readdirSync(filesDirectory).length > 0) await new Promise(setImmediate);
  });
});

describe('/files', () => {
  it('lists no directory, and says so', async (t) => {
    const { call, filesDirectory } = await running(t);
    mkdirSync(join(filesDirectory, 'folder'));
    mkdirSync(join(filesDirectory, 'isos'));
    writeFileSync(join(filesDirectory, 'isos/tiny.iso'), ISO);
    for (const path of [
      '/files',
      '/files/',
      '/files/folder',
      '/files/folder/',
      '/isos',
      '/isos/',
      '/isos/tiny.iso',
      '/isos/tiny.iso/',
      '/bootenvs/',
    ]) {
      const { status, json, headers } = await call('GET', path, { token: '' });
      assert.equal(status, 404, path);
      assert.match(headers.get('content-type') ?? '', /problem\+json/);
      assert.match(json.detail, /directories are not listed/, path);
    }
  });
});

describe('/api/v1/isos', () => {
  it('takes an image whose content is served, and nothing that is none', async (t) => {
    const all = await running(t);
    const { call } = all;
    const none = await call('PUT', '/api/v1/isos/none.iso', { body: 'no image' });
    assert.equal(none.status, 422);
    assert.match(none.json.detail, /none\.iso is no ISO 9660 image/);
    assert.equal((await put(all, '/api/v1/isos/..', iso())).status, 404);
    assert.equal((await put(all, '/api/v1/isos/a%2fb.iso', iso())).status, 422);
    // Whichever way it comes.
    assert.equal((await call('PUT', '/api/v1/files/isos/none.iso', { body: 'no image' })).status, 422);
    assert.equal((await put(all, '/api/v1/isos/tiny.iso', iso())).status, 200);
    const { json } = await call('GET', '/api/v1/isos');
    assert.deepEqual(
      json.data.map(({ name, label, sha256 }: Record<string, string>) => [name, label, sha256]),
      [['tiny.iso', 'TINY', sha(ISO)]],
    );
    const kernel = await call('GET', '/isos/tiny.iso/vmlinuz', { token: '' });
    assert.equal(kernel.text, 'a kernel');
    assert.equal(kernel.headers.get('content-length'), '8');
    const etag = kernel.headers.get('etag') ?? '';
    assert.equal((await call('GET', '/isos/tiny.iso/VMLINUZ', { headers: { 'if-none-match': etag } })).status, 304);
    const part = await call('GET', '/isos/tiny.iso/VMLINUZ', { headers: { range: 'bytes=2-4' } });
    assert.deepEqual([part.status, part.text, part.headers.get('content-range')], [206, 'ker', 'bytes 2-4/8']);
    const head = await call('HEAD', '/isos/tiny.iso/initrd.gz', { token: '' });
    assert.deepEqual([head.status, head.headers.get('content-length'), head.text], [200, '9', '']);
    assert.match((await call('GET', '/isos/tiny.iso/none')).json.detail, /is not in it/);
    assert.match((await call('GET', '/isos/gone.iso/none')).json.detail, /There is no image "gone\.iso"/);
    assert.equal((await call('DELETE', '/api/v1/isos/tiny.iso')).status, 200);
    assert.equal((await call('GET', '/isos/tiny.iso/vmlinuz')).status, 404);
  });

  it('has those that boot environments name, and takes no other in their place', async (t) => {
    const all = await running(t, { environments: true });
    const { call, machines, environments } = all;
    const machine = await pushed(machines, 1);
    const env = (name: string, sha256: string) =>
      call('PUT', `/api/v1/content/bootenvs/${name}`, {
        body: {
          Name: name,
          OS: { Name: 'debian-12', IsoFile: 'tiny.iso', IsoSha256: sha256, IsoUrl: 'http://mirror/tiny.iso' },
          Kernel: 'vmlinuz',
          Initrds: ['initrd.gz'],
          BootParams: 'from={{.Env.PathFor "http" "x y"}} {{.Env.InstallUrl}}',
        },
      });
    assert.equal((await env('debian', sha(ISO).toUpperCase())).status, 200);
    const placed = await call('POST', `/api/v1/machines/${machine.id}/bootenv`, { body: { bootEnv: 'debian' } });
    assert.equal(placed.status, 200, placed.text);
    const { json: missing } = await call('GET', '/api/v1/isos/tiny.iso');
    assert.deepEqual(missing, {
      name: 'tiny.iso',
      bootEnvironments: ['debian'],
      url: 'http://mirror/tiny.iso',
      problem:
        'the image tiny.iso is not there: fetch it from http://mirror/tiny.iso, and give it to the appliance with tinsmith iso upload tiny.iso',
    });
    const boots = () => environments.bootOf(machine, { server: 'http://s', token: () => 'T' });
    const unusable = () => {
      const made = boots();
      assert.ok('unusable' in made);
      return made.unusable;
    };
    assert.deepEqual(unusable(), [`boot environment debian cannot be used: ${missing.problem}`]);
    const other = await put(all, '/api/v1/isos/tiny.iso', new Uint8Array(tinyIso({ 'A.;1': 'a' })));
    assert.equal(other.status, 422);
    const { problems } = (await other.json()) as { problems: { message: string }[] };
    assert.match(
      problems[0]?.message ?? '',
      new RegExp(`the SHA-256 of the image tiny.iso is [0-9a-f]{64}, and boot environment debian says ${sha(ISO)}`),
    );
    assert.equal((await put(all, '/api/v1/isos/tiny.iso', iso())).status, 200);
    assert.deepEqual(boots(), {
      kernel: 'http://s/isos/tiny.iso/vmlinuz',
      initrds: ['http://s/isos/tiny.iso/initrd.gz'],
      bootParams: 'from=http://s/bootenvs/debian/x%20y http://s/bootenvs/debian',
      unusable: [],
    });
    // What a template names below the environment is there too.
    assert.equal((await call('GET', '/bootenvs/debian/initrd.gz', { token: '' })).text, 'an initrd');
    mkdirSync(join(all.filesDirectory, 'bootenvs/debian'), { recursive: true });
    writeFileSync(join(all.filesDirectory, 'bootenvs/debian/initrd.gz'), 'my own');
    assert.equal((await call('GET', '/bootenvs/debian/initrd.gz', { token: '' })).text, 'my own');
    // One that was put there by hand is looked at when it is used.
    await env('debian', '1'.repeat(64));
    await environments.verified(machine);
    assert.match(unusable().join(), new RegExp(`cannot be used: the SHA-256 .* is ${sha(ISO)}, .* says 1{64}`));
    assert.equal((await call('GET', '/bootenvs/debian/vmlinuz', { token: '' })).status, 404);
    all.neighbours.set('127.0.0.1', macOf(1));
    const script = await call('GET', `/boot/${macOf(1)}/auto.ipxe`, { token: '' });
    assert.equal(script.status, 503);
    assert.match(script.json.detail, /says 1{64}/);
  });
});

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write(text));
    let all = '';
    socket.on('data', (chunk) => {
      all += String(chunk);
    });
    socket.on('error', reject).on('close', () => resolve(all));
  });
}
