import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { neededLibraries } from '../../build/elf.ts';

const folder = mkdtempSync(join(tmpdir(), 'elf-'));
after(() => rmSync(folder, { recursive: true }));

/** A 64-bit ELF file with one loadable segment (address 0x1000 at offset 0x200) and a dynamic section in it. */
function elf(names: readonly string[]): Buffer {
  const file = Buffer.alloc(0x400);
  file.writeUInt32BE(0x7f454c46, 0);
  file[4] = 2;
  file.writeBigUInt64LE(64n, 32); // program headers
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  const segment = (at: number, type: number, offset: number, address: number, size: number) => {
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(address), at + 16);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  };
  const strings = `\0${names.join('\0')}\0`;
  let at = 0x200;
  const entry = (tag: number, value: number) => {
    file.writeBigInt64LE(BigInt(tag), at);
    file.writeBigUInt64LE(BigInt(value), at + 8);
    at += 16;
  };
  for (const name of names) entry(1, strings.indexOf(`\0${name}\0`) + 1);
  entry(5, 0x1100);
  entry(10, strings.length);
  entry(0, 0);
  segment(64, 1, 0x200, 0x1000, 0x200);
  segment(120, 2, 0x200, 0x1000, at - 0x200);
  file.write(strings, 0x300, 'latin1');
  return file;
}

function needed(content: Buffer): string[] | undefined {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return neededLibraries(path);
}

test('the libraries a program needs are read in order', () => {
  assert.deepEqual(needed(elf(['libc.so.6', 'libm.so.6'])), ['libc.so.6', 'libm.so.6']);
});

test('a program without a dynamic section needs none', () => {
  const file = elf(['libc.so.6']);
  file.writeUInt16LE(1, 56);
  assert.deepEqual(needed(file), []);
});

test('a script, an empty file and a cut header are not ELF', () => {
  assert.equal(needed(Buffer.from('#!/bin/sh\necho hello\n')), undefined);
  assert.equal(needed(Buffer.alloc(0)), undefined);
  assert.equal(needed(elf(['libc.so.6']).subarray(0, 40)), undefined);
});
