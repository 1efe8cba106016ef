import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { openRooted, openRootedHandle, type RootedRefusal } from '../../src/system/rooted.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tinsmith-rooted-')));
after(() => rmSync(folder, { recursive: true }));
const root = join(folder, 'root');
mkdirSync(join(root, 'sub'), { recursive: true });
writeFileSync(join(root, 'a.txt'), 'hello');
utimesSync(join(root, 'a.txt'), 10, 10);
writeFileSync(join(root, 'sub', '..b'), 'dots');
writeFileSync(join(folder, 'secret'), 'secret');
mkdirSync(join(folder, 'root-twin'));
writeFileSync(join(folder, 'root-twin', 'secret'), 'secret');
symlinkSync('../a.txt', join(root, 'sub', 'inside'));
symlinkSync('../secret', join(root, 'outside'));
symlinkSync('../root-twin', join(root, 'twin'));
symlinkSync('/etc', join(root, 'etc'));
symlinkSync('loop', join(root, 'loop'));
symlinkSync('nowhere', join(root, 'dangling'));
execFileSync('mkfifo', [join(root, 'pipe')]);
symlinkSync(root, join(folder, 'link-to-root'));

describe('openRooted', () => {
  test('finds files, also through links that stay inside and through a linked root', async () => {
    const found = { path: join(root, 'a.txt'), size: 5, mtimeMs: 10_000, ino: statSync(join(root, 'a.txt')).ino };
    assert.deepEqual(await openRooted(root, 'a.txt'), found);
    assert.deepEqual(await openRooted(root, 'sub/inside'), found);
    assert.deepEqual(await openRooted(root, './sub//inside'), found);
    assert.deepEqual(await openRooted(join(folder, 'link-to-root'), 'a.txt'), found);
    assert.ok('path' in (await openRooted(root, 'sub/..b')));
  });

  test('opens the file that it judged', async () => {
    const found = await openRootedHandle(root, 'sub/inside');
    assert.ok('handle' in found);
    assert.equal(await found.handle.readFile('utf8'), 'hello');
    await found.handle.close();
    assert.equal(found.path, join(root, 'a.txt'));
  });

  const refusals: [string, RootedRefusal][] = [
    ['', 'empty'],
    ['.', 'directory'],
    ['sub', 'directory'],
    ['sub/', 'directory'],
    ['/a.txt', 'absolute'],
    ['//a.txt', 'absolute'],
    ['..', 'dot-dot'],
    ['../secret', 'dot-dot'],
    ['sub/../../secret', 'dot-dot'],
    ['sub/../a.txt', 'dot-dot'],
    ['..\\secret', 'backslash'],
    ['sub\\inside', 'backslash'],
    ['a.txt\0.png', 'nul'],
    ['a\n.txt', 'nul'],
    ['a\u0085.txt', 'nul'],
    ['a\u202etxt.exe', 'nul'],
    ['%2e%2e/secret', 'encoded'],
    ['..%2Fsecret', 'encoded'],
    ['%252e%252e/secret', 'encoded'],
    ['a%00', 'encoded'],
    ['..%5csecret', 'encoded'],
    ['outside', 'outside'],
    ['twin/secret', 'outside'],
    ['etc/passwd', 'outside'],
    ['a.txt/', 'not-found'],
    ['a.txt/b', 'not-found'],
    ['missing', 'not-found'],
    ['dangling', 'not-found'],
    ['loop', 'unreadable'],
    ['pipe', 'not-a-file'],
    ['x'.repeat(256), 'too-long'],
    ['x/'.repeat(2100), 'too-long'],
  ];
  for (const [name, reason] of refusals) {
    test(`refuses ${JSON.stringify(name.slice(0, 30))}: ${reason}`, async () => {
      const answer = await openRooted(root, name);
      assert.ok('refused' in answer);
      assert.equal(answer.refused, reason);
      assert.match(answer.sentence, /^The file ".*" is not served: .+\.$/);
    });
  }

  test('a root that is missing has no files', async () => {
    assert.deepEqual(
      { ...(await openRooted(join(folder, 'none'), 'a.txt')), sentence: '' },
      { refused: 'not-found', sentence: '' },
    );
  });

  test('no name whatever leads out', async () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', 'sub', 'twin', 'secret', 'outside', 'etc', 'passwd', 'inside', '%2e%2e', '..%2f'),
      fc.string({ maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), fc.constantFrom('/', '\\', '//'), async (parts, separator) => {
        const found = await openRooted(root, parts.join(separator));
        if ('path' in found) assert.ok(found.path.startsWith(`${root}/`));
      }),
      { numRuns: 500 },
    );
  });
});
