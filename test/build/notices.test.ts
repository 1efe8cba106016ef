import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chapter, debianNotices, npmNotices } from '../../build/notices.ts';
import { REPOSITORY } from '../../build/step.ts';

const top = mkdtempSync(join(tmpdir(), 'notices-'));
after(() => rmSync(top, { recursive: true }));

/** Lays out a lockfile and the packages that are installed by it. */
function install(packages: Record<string, object>, files: Record<string, string>): void {
  writeFileSync(join(top, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'top' }, ...packages } }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(top, path, '..'), { recursive: true });
    writeFileSync(join(top, path), text);
  }
}

test('npm packages of production are named with their licence files, nested and scoped ones too', () => {
  install(
    {
      'node_modules/b': { version: '2.0.0', license: 'MIT' },
      'node_modules/b/node_modules/@scope/a': { version: '1.0.0', license: 'ISC' },
      'node_modules/tests': { version: '3.0.0', license: 'MIT', dev: true },
      'node_modules/esbuild': { version: '4.0.0', license: 'MIT', dev: true },
      'node_modules/other-system': { version: '5.0.0', license: 'MIT', optional: true },
    },
    {
      'node_modules/b/LICENCE.md': 'licence of b',
      'node_modules/b/NOTICE': 'notice of b',
      'node_modules/b/license-checker.js': 'code',
      'node_modules/b/node_modules/@scope/a/index.js': 'code',
      'node_modules/tests/LICENSE': 'licence of tests',
      'node_modules/esbuild/LICENSE': 'licence of esbuild',
    },
  );
  assert.deepEqual(npmNotices(top), [
    { title: '@scope/a 1.0.0', text: 'ISC' },
    { title: 'b 2.0.0', text: 'licence of b\nnotice of b' },
    { title: 'esbuild 4.0.0', text: 'licence of esbuild' },
  ]);
});

test('an npm package without any licence stops the build', () => {
  install({ 'node_modules/nobody': { version: '1.0.0' } }, { 'node_modules/nobody/index.js': '' });
  assert.throws(() => npmNotices(top), /The npm package nobody has no licence/);
});

test('every npm package of this repository has its licence', () => {
  const titles = npmNotices(REPOSITORY).map(({ title }) => title.replace(/ [^ ]*$/, ''));
  for (const name of ['express', 'level', 'classic-level', 'dockerode', 'koffi', '@yao-pkg/pkg'])
    assert.ok(titles.includes(name), name);
  for (const name of ['typescript', 'dhcp', 'tftp2', 'fast-check']) assert.ok(!titles.includes(name), name);
});

test('Debian packages are told by source, and share its copyright file', () => {
  const source = { source: 'gcc-12', sourceVersion: '12.2.0-14' };
  const notices = debianNotices([
    { name: 'libstdc++6', ...source, copyright: undefined },
    { name: 'gcc-12-base', ...source, copyright: 'terms of gcc\n' },
    { name: 'busybox-static', source: 'busybox', sourceVersion: '1:1.35.0-4', copyright: undefined },
  ]);
  assert.deepEqual(notices, [
    {
      title: 'busybox 1:1.35.0-4 (Debian packages: busybox-static)',
      text: 'See /usr/share/doc/busybox-static/copyright on a Debian system.',
    },
    { title: 'gcc-12 12.2.0-14 (Debian packages: gcc-12-base, libstdc++6)', text: 'terms of gcc' },
  ]);
});

test('a text that several works have is printed once', () => {
  const text = chapter('Heading', 'About.', [
    { title: 'one', text: 'terms\r\n' },
    { title: 'two', text: 'others' },
    { title: 'three', text: 'terms' },
  ]);
  assert.equal(text.match(/^terms$/gm)?.length, 1);
  assert.match(text, /\none\nthree\n\nterms\n/);
});
