import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distribution, type Shelf } from '../../src/registry/distribution.ts';

const M = `sha256:${'1'.repeat(64)}`;
const I = `sha256:${'2'.repeat(64)}`;
const B = `sha256:${'3'.repeat(64)}`;
const NONE = `sha256:${'4'.repeat(64)}`;
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar';

const bytes = [{ kind: 'bytes' as const, bytes: Buffer.from('content') }];
const tags: Record<string, string[]> = {
  'docker.io/library/busybox': ['1', '2', 'a', 'b', 'latest'],
  'quay.io/foo/bar': ['1'],
  'registry.lan:5000/x/manifests': ['1'],
};
const shelf: Shelf = {
  repositories: () => Object.keys(tags),
  tags: (repository) => tags[repository],
  manifest(repository, asked) {
    if (tags[repository] === undefined) return undefined;
    if (asked === '1' || asked === M) return { kind: 'manifest', digest: M, mediaType: MANIFEST, segments: bytes };
    if (asked === '2' || asked === I) return { kind: 'manifest', digest: I, mediaType: INDEX, segments: bytes };
    return undefined;
  },
  blob: (repository, digest) =>
    tags[repository] !== undefined && digest === B
      ? { kind: 'blob', digest: B, mediaType: LAYER, segments: bytes }
      : undefined,
};

function ask(target: string, accept = '', method = 'GET') {
  const sending = distribution(shelf, method, target, accept);
  assert.ok(sending !== undefined, target);
  const [segment] = sending.segments;
  const text = segment?.kind === 'bytes' ? segment.bytes.toString() : '';
  const body = text === 'content' ? text : (JSON.parse(text) as { errors?: { code: string }[] });
  return { ...sending, body, code: typeof body === 'string' ? undefined : body.errors?.[0]?.code };
}

test('manifests and blobs are found by every name, with digest and type', () => {
  const cases: [string, string, string][] = [
    ['/v2/busybox/manifests/1', M, MANIFEST],
    ['/v2/library/busybox/manifests/1', M, MANIFEST],
    ['/v2/docker.io/library/busybox/manifests/1', M, MANIFEST],
    [`/v2/docker.io/library/busybox/manifests/${M}`, M, MANIFEST],
    [`/v2/busybox/manifests/${encodeURIComponent(M)}`, M, MANIFEST],
    ['/v2/quay.io/foo/bar/manifests/2', I, INDEX],
    ['/v2/registry.lan__5000/x/manifests/manifests/1', M, MANIFEST],
    [`/v2/quay.io/foo/bar/blobs/${B}`, B, LAYER],
    [`/v2/quay.io/foo/bar/blobs/${B}?ns=quay.io`, B, LAYER],
  ];
  for (const [path, digest, type] of cases) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = ask(path, '', method);
      assert.deepEqual([status, body], [200, 'content'], path);
      assert.equal(headers['docker-content-digest'], digest);
      assert.equal(headers['content-type'], type);
      assert.equal(headers['docker-distribution-api-version'], 'registry/2.0');
    }
  }
});

test('errors have the protocol’s codes', () => {
  const cases: [string, number, string][] = [
    ['/v2/nope/manifests/1', 404, 'NAME_UNKNOWN'],
    [`/v2/nope/blobs/${B}`, 404, 'NAME_UNKNOWN'],
    ['/v2/nope/tags/list', 404, 'NAME_UNKNOWN'],
    ['/v2/busybox/manifests/9', 404, 'MANIFEST_UNKNOWN'],
    [`/v2/busybox/manifests/${NONE}`, 404, 'MANIFEST_UNKNOWN'],
    ['/v2/busybox/manifests/sha256:12', 400, 'DIGEST_INVALID'],
    [`/v2/busybox/blobs/${NONE}`, 404, 'BLOB_UNKNOWN'],
    ['/v2/busybox/blobs/..', 400, 'DIGEST_INVALID'],
    ['/v2/UPPER/manifests/1', 400, 'NAME_INVALID'],
    ['/v2/a/%2e%2e/b/manifests/1', 400, 'NAME_INVALID'],
    ['/v2/%ff/manifests/1', 400, 'NAME_INVALID'],
    ['/v2/busybox/other', 404, 'UNSUPPORTED'],
    ['/v2/_catalog?n=x', 400, 'PAGINATION_NUMBER_INVALID'],
  ];
  for (const [path, status, code] of cases) {
    const found = ask(path);
    assert.deepEqual([found.status, found.code], [status, code], path);
    assert.match(found.headers['content-type'] ?? '', /^application\/json/);
  }
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE', 'BREW']) {
    const found = ask('/v2/busybox/blobs/uploads/', '', method);
    assert.deepEqual([found.status, found.code, found.headers.allow], [405, 'UNSUPPORTED', 'GET, HEAD']);
  }
});

test('a manifest of a type that the client does not accept is none for it', () => {
  const cases: [string, number][] = [
    ['', 200],
    ['*/*', 200],
    [`application/json, ${MANIFEST};q=0.5`, 200],
    [MANIFEST.toUpperCase(), 200],
    ['application/vnd.oci.image.manifest.v1+json', 404],
  ];
  for (const [accept, status] of cases) assert.equal(ask('/v2/busybox/manifests/1', accept).status, status, accept);
});

test('the base answers, lists come in pages, other paths are not ours', () => {
  assert.equal(ask('/v2/').status, 200);
  assert.equal(ask('/v2').status, 200);
  assert.deepEqual(ask('/v2/_catalog').body, {
    repositories: ['docker.io/library/busybox', 'quay.io/foo/bar', 'registry.lan__5000/x/manifests'],
  });
  const seen: string[] = [];
  for (let target: string | undefined = '/v2/busybox/tags/list?n=2'; target !== undefined; ) {
    const { body, headers } = ask(target);
    const page = body as { name: string; tags: string[] };
    assert.equal(page.name, 'busybox');
    assert.ok(page.tags.length <= 2);
    seen.push(...page.tags);
    target = /^<(.*)>; rel="next"$/.exec(headers.link ?? '')?.[1];
  }
  assert.deepEqual(seen, tags['docker.io/library/busybox']);
  assert.deepEqual(ask('/v2/busybox/tags/list?n=0').body, { name: 'busybox', tags: [] });
  for (const path of ['/', '/v1/', '/v22/x', '/boot/v2/', ''])
    assert.equal(distribution(shelf, 'GET', path, ''), undefined);
});
