/** ISO images of Debian's own programs, read file by file and compared with what other programs take out of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type InIso, IsoImages, inspectIso, type NotInIso } from '../../../src/boots/iso/index.ts';
import { temporaryDirectory } from '../../store/opened.ts';
import { filesBelow, make, missing, tree } from './made.ts';

const REAL = { skip: missing || false };

function placed(t: TestContext) {
  const root = temporaryDirectory(t);
  const folder = join(root, 'tree');
  mkdirSync(join(root, 'isos'));
  return { root, folder, iso: (name: string) => join(root, 'isos', name), images: new IsoImages(root) };
}

function bytesOf(found: InIso | NotInIso): Buffer {
  assert.ok(!('refused' in found), 'refused' in found ? found.sentence : '');
  return Buffer.concat(
    found.segments.map(({ path, start, length }) => {
      const fd = openSync(path, 'r');
      const buffer = Buffer.alloc(length);
      readSync(fd, buffer, 0, length, start);
      closeSync(fd);
      return buffer;
    }),
  );
}

const KINDS: [string, 'xorriso' | 'genisoimage', string[]][] = [
  ['Rock Ridge and Joliet by xorriso', 'xorriso', ['-r', '-J', '-joliet-long']],
  ['Rock Ridge and Joliet by genisoimage', 'genisoimage', ['-r', '-J', '-joliet-long']],
  ['Rock Ridge by genisoimage, deep folders relocated', 'genisoimage', ['-R']],
  ['Joliet alone', 'genisoimage', ['-J', '-joliet-long']],
  ['ISO 9660 names alone', 'genisoimage', ['-iso-level', '3']],
];

describe('an ISO image', () => {
  for (const [what, program, flags] of KINDS) {
    it(`${what} is read as bsdtar reads it`, REAL, async (t) => {
      const { root, folder, iso, images } = placed(t);
      const posix = flags.includes('-r') || flags.includes('-R');
      tree(folder, { links: posix });
      make(program, iso('test.iso'), folder, flags);
      const taken = join(root, 'taken');
      mkdirSync(taken);
      execFileSync('bsdtar', ['-xf', iso('test.iso'), '-C', taken]);
      const files = filesBelow(taken);
      assert.ok(files.length > 120, String(files.length));
      if (posix)
        assert.deepEqual(
          files.filter((file) => !file.startsWith('rr_moved')),
          filesBelow(folder),
        );
      for (const file of files) {
        const expected = readFileSync(join(taken, file));
        assert.deepEqual(bytesOf(await images.find('test.iso', file)), expected, file);
        // What may not wait sees the same, with and without what is known already.
        assert.deepEqual(images.findNow('test.iso', file), await images.find('test.iso', file));
        assert.deepEqual(bytesOf(new IsoImages(root).findNow('test.iso', file)), expected, file);
      }
    });
  }

  it('is read anew where another with its size and its time is put in its place', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    const time = new Date(1_600_000_000_000);
    for (const [name, text] of [
      ['one.iso', 'first'],
      ['two.iso', 'other'],
    ] as const) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, text), text);
      make('xorriso', iso(name), join(folder, name), ['-r']);
      utimesSync(iso(name), time, time);
    }
    assert.equal(bytesOf(images.findNow('one.iso', 'first')).toString(), 'first');
    renameSync(iso('two.iso'), iso('one.iso'));
    assert.equal(bytesOf(images.findNow('one.iso', 'other')).toString(), 'other');
    assert.equal(bytesOf(await images.find('one.iso', 'other')).toString(), 'other');
  });

  it('has links that stay inside', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    tree(folder);
    make('xorriso', iso('test.iso'), folder, ['-r']);
    const text = async (path: string) => bytesOf(await images.find('test.iso', path)).toString();
    assert.equal(await text('absolute'), 'read me');
    assert.equal((await text('vmlinuz')).length, 70_001);
    assert.equal((await text('pool/install/vmlinuz')).length, 70_001);
    assert.equal(await text('pool/roundabout'), 'package 1');
    assert.equal(await text('../../../README.TXT'), 'read me');
    const sentence = async (path: string) => {
      const found = await images.find('test.iso', path);
      return 'refused' in found ? `${found.refused}: ${found.sentence}` : 'found';
    };
    assert.match(
      await sentence('outward'),
      /^not-found: The file "outward" of the image test.iso is not served: it leads to "\.\.\/\.\.\/\.\.\/\.\.\/etc\/passwd", which is not in it/,
    );
    assert.match(await sentence('circle-a'), /^not-a-file: .* leads in circles/);
    assert.match(await sentence('pool'), /^not-a-file: .* directories are not listed/);
    assert.match(await sentence('readme.txt'), /^not-found/);
    assert.match(await sentence('README.TXT/x'), /^not-found/);
  });

  it('has names and links whole that their writers have split within a character', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    mkdirSync(folder);
    const names = ['é'.repeat(90), `ab${'日'.repeat(84)}`, 'plain.txt'];
    for (const name of names) writeFileSync(join(folder, name), name);
    symlinkSync('日'.repeat(80), join(folder, 'to-folder'));
    mkdirSync(join(folder, '日'.repeat(80)));
    writeFileSync(join(folder, '日'.repeat(80), 'inside'), 'inside');
    for (const program of ['xorriso', 'genisoimage'] as const) {
      make(program, iso(`${program}.iso`), folder, ['-R']);
      const text = async (path: string) => bytesOf(await images.find(`${program}.iso`, path)).toString();
      for (const name of names) assert.equal(await text(name), name);
      assert.equal(await text('to-folder/inside'), 'inside');
    }
  });

  it('has the other files of a folder in which one cannot be called by its name', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    mkdirSync(folder);
    for (const name of ['...', 'good', 'ümläut.txt']) writeFileSync(join(folder, name), name);
    make('genisoimage', iso('dots.iso'), folder, ['-iso-level', '4', '-D']);
    for (const name of ['...', 'good', 'ümläut.txt'])
      assert.equal(bytesOf(await images.find('dots.iso', name)).toString(), name);
    // Rock Ridge's names of the last two: one with a NUL, and one with a slash.
    make('xorriso', iso('names.iso'), folder, ['-r']);
    const bytes = readFileSync(iso('names.iso'));
    const at = bytes.indexOf('good', bytes.indexOf('NM'));
    for (const [put, served] of [
      ['go\0d', 'go'],
      ['g/od', undefined],
    ] as const) {
      bytes.write(put, at);
      writeFileSync(iso(`${served ?? 'none'}.iso`), bytes);
      assert.equal(bytesOf(await images.find(`${served ?? 'none'}.iso`, 'ümläut.txt')).toString(), 'ümläut.txt');
      if (served) assert.equal(bytesOf(await images.find(`${served}.iso`, served)).toString(), 'good');
    }
  });

  it('fits names in small letters where it has capitals only', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    tree(folder, { links: false });
    make('genisoimage', iso('plain.iso'), folder, ['-iso-level', '1']);
    make('genisoimage', iso('joliet.iso'), folder, ['-J', '-joliet-long']);
    for (const name of ['plain.iso', 'joliet.iso']) {
      assert.equal(bytesOf(await images.find(name, 'readme.txt')).toString(), 'read me');
      assert.equal(bytesOf(await images.find(name, 'README.TXT')).toString(), 'read me');
    }
    assert.equal(bytesOf(await images.find('joliet.iso', 'INSTALL.AMD/VMLINUZ')).length, 70_001);
  });

  it('with a file of more than 4 GiB has it in several places', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    mkdirSync(folder);
    for (const name of ['large.img', 'large.imh', 'behind.txt']) writeFileSync(join(folder, name), name);
    make('xorriso', iso('large.iso'), folder, ['-r', '-iso-level', '3']);
    // As writers do it (ECMA-119 6.5.1): two records of one name, the first of which says that another follows.
    const bytes = readFileSync(iso('large.iso'));
    const record = (id: string): Buffer => bytes.subarray(bytes.indexOf(id) - 33);
    const [first, second] = [record('LARGE.IMG;1'), record('LARGE.IMH;1')];
    const size = 2 ** 32 - 2048 + 123_457;
    const block = 1_000_000;
    first.writeUInt32LE(block, 2);
    first.writeUInt32LE(2 ** 32 - 2048, 10);
    first[25] = 0x80;
    second.write('LARGE.IMG;1', 33);
    second.writeUInt32LE(block + (2 ** 32 - 2048) / 2048 + 1, 2);
    second.writeUInt32LE(123_457, 10);
    bytes.writeUInt32LE((7 * 2 ** 30) / 2048, 32_768 + 80);
    bytes.writeUInt32BE((7 * 2 ** 30) / 2048, 32_768 + 84);
    writeFileSync(iso('large.iso'), bytes);
    truncateSync(iso('large.iso'), 7 * 2 ** 30);
    const list = execFileSync('bsdtar', ['-tvf', iso('large.iso'), 'large.img']).toString();
    assert.match(list, new RegExp(` ${size} `));
    const found = await images.find('large.iso', 'large.img');
    assert.ok(!('refused' in found));
    assert.equal(found.size, size);
    assert.deepEqual(
      found.segments.map(({ start, length }) => [start, length]),
      [
        [block * 2048, 2 ** 32 - 2048],
        [(block + 1) * 2048 + 2 ** 32 - 2048, 123_457],
      ],
    );
    assert.equal(bytesOf(await images.find('large.iso', 'behind.txt')).toString(), 'behind.txt');
    truncateSync(iso('large.iso'), 6 * 2 ** 30);
    const cut = await images.find('large.iso', 'large.img');
    assert.ok('refused' in cut);
    assert.match(cut.sentence, /is cut short: its volume has 7516192768 bytes, the file 6442450944/);
  });

  it('that has changed is read anew', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    for (const content of ['one', 'two and more']) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'file.txt'), content);
      make('xorriso', iso('test.iso'), folder, ['-r']);
      utimesSync(iso('test.iso'), 1, content.length);
      assert.equal(bytesOf(await images.find('test.iso', 'file.txt')).toString(), content);
    }
  });

  it('that is none, is not there, is cut short or leads elsewhere, is refused', REAL, async (t) => {
    const { root, folder, iso, images } = placed(t);
    tree(folder);
    make('xorriso', iso('whole.iso'), folder, ['-r']);
    const bytes = readFileSync(iso('whole.iso'));
    writeFileSync(iso('none.iso'), 'no image'.repeat(20_000));
    writeFileSync(iso('short.iso'), bytes.subarray(0, 400_000));
    writeFileSync(iso('tiny.iso'), '');
    writeFileSync(join(root, '../elsewhere.iso'), '');
    symlinkSync('/etc/passwd', iso('link.iso'));
    mkdirSync(iso('folder.iso'));
    const said = async (name: string) => {
      const later = await images.find(name, 'vmlinuz');
      const now = images.findNow(name, 'vmlinuz');
      assert.ok('refused' in later && 'refused' in now);
      assert.equal(now.refused, later.refused);
      return `${later.refused}: ${later.sentence}`;
    };
    assert.match(
      await said('none.iso'),
      /^bad-image: The image none.iso is no ISO 9660 image: it has no volume descriptor/,
    );
    assert.match(await said('tiny.iso'), /^bad-image: .* is no ISO 9660 image/);
    assert.match(await said('short.iso'), /^bad-image: The image short.iso is cut short/);
    assert.match(await said('gone.iso'), /^no-image/);
    assert.match(await said('../x.iso'), /^no-image/);
    assert.match(await said('link.iso'), /^bad-image: .*out of the served/);
    assert.match(await said('folder.iso'), /^bad-image/);
    await assert.rejects(inspectIso(iso('none.iso'), 'none.iso'), {
      code: 'INVALID_INPUT',
      message: /is no ISO 9660 image/,
    });
    const { label, names } = await inspectIso(iso('whole.iso'), 'whole.iso');
    assert.deepEqual([label, names], ['TEST', 'rock-ridge']);
  });

  it('that is damaged anywhere gives a file, or a refusal, and never hangs', REAL, async (t) => {
    const { folder, iso, images } = placed(t);
    tree(folder);
    make('genisoimage', iso('whole.iso'), folder, ['-R', '-J']);
    const bytes = readFileSync(iso('whole.iso'));
    // Descriptors and directories; changed by a fixed sequence, so that a failure comes again.
    let state = Buffer.from('seed');
    const random = (below: number): number => {
      state = createHash('sha256').update(state).digest();
      return state.readUInt32LE(0) % below;
    };
    const end = 32 * 2048 + 60_000;
    let refused = 0;
    for (let turn = 0; turn < 150; turn++) {
      const damaged = Buffer.from(bytes);
      for (let n = 0; n < 40; n++) damaged[32_768 + random(Math.min(end, bytes.length) - 32_768)] = random(256);
      writeFileSync(iso('damaged.iso'), damaged);
      utimesSync(iso('damaged.iso'), 1, turn);
      for (const path of ['install.amd/vmlinuz', '1/2/3/4/5/6/7/8/9/10/deep.txt', 'pool/roundabout', 'circle-a']) {
        const found = images.findNow('damaged.iso', path);
        if ('refused' in found) refused += found.refused === 'bad-image' ? 1 : 0;
        else for (const { start, length } of found.segments) assert.ok(start + length <= bytes.length);
      }
    }
    assert.ok(refused > 10, String(refused));
  });
});
