import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { bootFiles, parseName, rootedFile, type TftpFound, type TftpRefusal } from '../../../src/boots/tftp/index.ts';
import { letGo } from '../../system/descriptors.ts';

const MAC = '52:54:00:12:34:56';

let top = '';
let root = '';

before(() => {
  top = mkdtempSync(join(tmpdir(), 'tftp-files-'));
  root = join(top, 'root');
  mkdirSync(join(root, 'sub', MAC), { recursive: true });
  mkdirSync(join(root, MAC));
  mkdirSync(join(top, 'root-not'));
  writeFileSync(join(top, 'secret'), 'secret');
  writeFileSync(join(top, 'root-not', 'secret'), 'secret');
  writeFileSync(join(root, 'a.cfg'), 'a');
  writeFileSync(join(root, 'sub', 'b.cfg'), 'bb');
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, MAC, 'own.cfg'), 'own');
  writeFileSync(join(root, 'own.cfg'), 'for all');
  writeFileSync(join(root, 'with space é'), 'x');
  symlinkSync('sub/b.cfg', join(root, 'inside'));
  symlinkSync('../secret', join(root, 'outside'));
  symlinkSync('/etc/passwd', join(root, 'passwd'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('../root-not', join(root, 'neighbour'));
  symlinkSync('circle', join(root, 'circle'));
  symlinkSync('nowhere', join(root, 'dangling'));
  symlinkSync('/dev/zero', join(root, 'zero'));
  symlinkSync('/proc/self/environ', join(root, 'environ'));
  symlinkSync(root, join(top, 'linked-root'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
});

after(() => rmSync(top, { recursive: true }));

/** The content found, or why there is none. Closes the file. */
async function contentOf(answer: TftpFound | TftpRefusal): Promise<string> {
  if ('refused' in answer) {
    assert.notEqual(answer.sentence, '');
    return `refused: ${answer.refused}`;
  }
  const { found } = answer;
  if ('buffer' in found) return found.buffer.toString();
  const bytes = Buffer.alloc(found.size + 1);
  const { bytesRead } = await found.handle.read(bytes, 0, bytes.length, 0);
  const content = bytes.toString('utf8', 0, bytesRead);
  assert.equal(found.size, bytesRead);
  await found.handle.close();
  return content;
}

describe('a file of a directory', () => {
  const table: [name: string, content: string][] = [
    ['a.cfg', 'a'],
    ['sub/b.cfg', 'bb'],
    ['./sub//b.cfg', 'bb'],
    ['inside', 'bb'],
    ['empty', ''],
    ['with space é', 'x'],
    ['', 'refused: bad-name'],
    ['/etc/passwd', 'refused: bad-name'],
    ['/a.cfg', 'refused: bad-name'],
    ['..', 'refused: bad-name'],
    ['../secret', 'refused: bad-name'],
    ['sub/../a.cfg', 'refused: bad-name'],
    ['sub/../../secret', 'refused: bad-name'],
    ['..\\secret', 'refused: bad-name'],
    ['sub\\b.cfg', 'refused: bad-name'],
    ['a.cfg\0.png', 'refused: bad-name'],
    [`${'x/'.repeat(127)}xx`, 'refused: not-found'],
    ['é'.repeat(128), 'refused: bad-name'],
    ['outside', 'refused: outside-root'],
    ['passwd', 'refused: outside-root'],
    ['up/secret', 'refused: outside-root'],
    ['neighbour/secret', 'refused: outside-root'],
    ['zero', 'refused: outside-root'],
    ['environ', 'refused: outside-root'],
    ['up/root/a.cfg', 'a'],
    ['circle', 'refused: unreadable'],
    ['dangling', 'refused: not-found'],
    ['nowhere', 'refused: not-found'],
    ['sub/nowhere', 'refused: not-found'],
    ['a.cfg/b', 'refused: not-found'],
    ['a.cfg/', 'refused: not-found'],
    ['.', 'refused: not-a-file'],
    ['sub', 'refused: not-a-file'],
    ['sub/', 'refused: not-a-file'],
    ['fifo', 'refused: not-a-file'],
    ['...', 'refused: not-found'],
    ['%2e%2e/secret', 'refused: bad-name'],
    ['~root', 'refused: not-found'],
  ];
  for (const [name, content] of table) {
    it(`${JSON.stringify(name).slice(0, 40)}: ${content}`, async () => {
      assert.equal(await contentOf(await rootedFile(root, name)), content);
    });
  }

  it('is no socket', async () => {
    const socket = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => socket.once('listening', resolve));
    assert.equal(await contentOf(await rootedFile(root, 'socket')), 'refused: not-a-file');
    socket.close();
  });

  it('is found where the directory itself is a link', async () => {
    assert.equal(await contentOf(await rootedFile(join(top, 'linked-root'), 'sub/b.cfg')), 'bb');
  });

  it('is not found where there is no directory', async () => {
    assert.equal(await contentOf(await rootedFile(join(top, 'no-root'), 'a.cfg')), 'refused: not-found');
  });

  it('is never one from outside, whatever the name', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      'up',
      'root',
      'secret',
      'sub',
      'a.cfg',
      'neighbour',
      'outside',
      'passwd',
      'etc',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 7 }), async (parts) => {
        const content = await contentOf(await rootedFile(root, parts.join('/')));
        assert.ok(content === 'a' || content.startsWith('refused: '), content);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves no descriptor open', async () => {
    for (const [name] of table) await contentOf(await rootedFile(root, name));
    for (const path of [top, '/etc/passwd', '/dev/zero']) await letGo(path);
  });
});

describe('the usual files', () => {
  const loaders = new Map([['ipxe.efi', Buffer.from('loader')]]);
  const ask = async (name: string, directory: string | undefined = root) =>
    contentOf(await bootFiles(loaders, directory)(name, { address: '192.0.2.1' }));

  const table: [name: string, content: string][] = [
    ['ipxe.efi', 'loader'],
    ['/ipxe.efi', 'loader'],
    ['//ipxe.efi', 'loader'],
    [`${MAC}/ipxe.efi`, 'loader'],
    [`/${MAC}/ipxe.efi`, 'loader'],
    ['/52-54-00-AB-CD-EF/ipxe.efi', 'loader'],
    [`/${MAC}/${MAC}/ipxe.efi`, 'refused: not-found'],
    ['/52:54-00:12:34:56/ipxe.efi', 'refused: not-found'],
    ['sub/ipxe.efi', 'refused: not-found'],
    ['/a.cfg', 'a'],
    [`/${MAC}/a.cfg`, 'a'],
    [`/${MAC}/own.cfg`, 'own'],
    ['/own.cfg', 'for all'],
    ['/52:54:00:00:00:01/own.cfg', 'for all'],
    [`/${MAC}/../../secret`, 'refused: bad-name'],
    [`/${MAC}//etc/passwd`, 'refused: not-found'],
    ['/../secret', 'refused: bad-name'],
    ['/', 'refused: bad-name'],
    ['', 'refused: bad-name'],
    ['ipxe.efi\0', 'refused: bad-name'],
  ];
  for (const [name, content] of table) {
    it(`${JSON.stringify(name)}: ${content}`, async () => assert.equal(await ask(name), content));
  }

  it('are the loaders alone without a directory', async () => {
    const files = bootFiles(loaders);
    assert.equal(await contentOf(await files('/ipxe.efi', { address: '192.0.2.1' })), 'loader');
    assert.equal(await contentOf(await files('/a.cfg', { address: '192.0.2.1' })), 'refused: not-found');
  });

  it('know the machine from the name', () => {
    assert.deepEqual(parseName('/52-54-00-AB-CD-EF/sub/a'), { path: 'sub/a', mac: '52:54:00:ab:cd:ef' });
    assert.deepEqual(parseName('/52-54-00-AB-CD-E/a'), { path: '52-54-00-AB-CD-E/a', mac: undefined });
    assert.deepEqual(parseName(`/${MAC}/`), { path: `${MAC}/`, mac: undefined });
  });
});
