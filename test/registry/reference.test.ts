import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReference, parseReference } from '../../src/registry/index.ts';
import { pathOfRepository, repositoryOfPath } from '../../src/registry/reference.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

test('short names stand for full ones', () => {
  const cases: [string, string][] = [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest'],
    ['foo/bar', 'docker.io/foo/bar:latest'],
    ['quay.io/foo/bar:1', 'quay.io/foo/bar:1'],
    ['Quay.IO/foo/bar:V1_x', 'quay.io/foo/bar:V1_x'],
    ['localhost/foo', 'localhost/foo:latest'],
    ['registry.lan:5000/a/b/c:1', 'registry.lan:5000/a/b/c:1'],
    ['192.168.1.1:5000/foo', '192.168.1.1:5000/foo:latest'],
    ['a__b/c-d--e.f:1', 'docker.io/a__b/c-d--e.f:1'],
    [`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`],
    [`busybox:1@${DIGEST}`, `docker.io/library/busybox:1@${DIGEST}`],
  ];
  for (const [text, full] of cases) {
    assert.equal(formatReference(parseReference(text)), full, text);
    assert.equal(formatReference(parseReference(full)), full, full);
  }
});

test('what is no image name is refused', () => {
  const bad = [
    '',
    ' ',
    ':1',
    'a:',
    'a@sha256:12',
    `a@${DIGEST}@x`,
    'a//b',
    '/a',
    'a/',
    'Foo',
    'a b',
    'a:-x',
    'a/../b',
    '..',
  ];
  bad.push(
    '-a',
    'a_',
    'a___b',
    'a..b',
    'quay.io:x/a',
    'quay.io/A',
    `a:${'t'.repeat(129)}`,
    `a/${'b'.repeat(255)}`,
    'a\0b',
  );
  bad.push('http://quay.io/foo', '[::1]:5000/a');
  for (const text of bad) assert.throws(() => parseReference(text), { code: 'INVALID_INPUT' }, JSON.stringify(text));
});

test('a repository is found again by the path below our own host', () => {
  for (const name of ['docker.io/library/busybox', 'quay.io/foo/bar', 'registry.lan:5000/a/b', 'localhost/a__1/b']) {
    assert.ok(!pathOfRepository(name).includes(':'));
    assert.equal(repositoryOfPath(pathOfRepository(name)), name);
  }
  assert.equal(repositoryOfPath('busybox'), 'docker.io/library/busybox');
  assert.equal(repositoryOfPath('../x'), undefined);
});
