/** TFTP packets, changed where it hurts: ends of strings, numbers, options. */
import assert from 'node:assert/strict';
import { admit } from '../../src/boots/tftp/admission.ts';
import { parseName } from '../../src/boots/tftp/files.ts';
import { negotiate } from '../../src/boots/tftp/negotiate.ts';
import { decode, encode, type TftpPacket } from '../../src/boots/tftp/packet.ts';
import { DEFAULT_LIMITS, newTransfer } from '../../src/boots/tftp/transfer-state.ts';
import { advance } from '../boots/tftp/steps.ts';
import { ANYWHERE, type Mutation, spliced } from './mutation.ts';

const OPTIONS = [
  { name: 'tsize', value: '0' },
  { name: 'blksize', value: '1468' },
  { name: 'windowsize', value: '16' },
  { name: 'timeout', value: '3' },
];
const PACKETS: readonly TftpPacket[] = [
  { kind: 'read-request', file: 'snponly.efi', mode: 'octet', options: [] },
  { kind: 'read-request', file: '/52:54:00:77:00:01/ipxe.efi', mode: 'octet', options: OPTIONS },
  { kind: 'read-request', file: 'pxelinux.cfg/01-52-54-00-77-00-01', mode: 'netascii', options: OPTIONS.slice(0, 2) },
  { kind: 'write-request', file: 'core.1', mode: 'octet', options: OPTIONS.slice(0, 1) },
  { kind: 'data', block: 1, data: Buffer.alloc(512, 7) },
  { kind: 'ack', block: 0 },
  { kind: 'ack', block: 65_535 },
  { kind: 'error', code: 8, message: 'User aborted the transfer' },
  { kind: 'oack', options: OPTIONS },
];
export const TFTP_SEEDS: readonly Buffer[] = PACKETS.map(encode);

const VALUES = [
  '',
  '0',
  '-1',
  '1',
  '8',
  '65464',
  '65465',
  '99999999999999999999',
  '1e9',
  '0x10',
  ' 1',
  'é',
  '1'.repeat(400),
];
const NAMES = ['blksize', 'BLKSIZE', 'tsize', 'timeout', 'windowsize', 'rollover', 'multicast', '', '__proto__'];

function ends(bytes: Buffer): number[] {
  return [...bytes.keys()].filter((at) => at > 1 && bytes[at] === 0);
}

export const TFTP_MUTATIONS: readonly Mutation[] = [
  ...ANYWHERE,
  function addEnd(bytes, random) {
    const at = 2 + random.below(bytes.length + 1);
    return spliced(bytes, at, at, Buffer.alloc(1 + random.below(3)));
  },
  function removeEnd(bytes, random) {
    const all = ends(bytes);
    if (all.length === 0) return bytes;
    const at = random.of(all);
    return spliced(bytes, at, at + 1, Buffer.alloc(0));
  },
  function addOption(bytes, random) {
    return Buffer.concat([bytes, Buffer.from(`${random.of(NAMES)}\0${random.of(VALUES)}\0`)]);
  },
  function manyOptions(bytes, random) {
    return Buffer.concat([bytes, ...Array.from({ length: random.below(40) }, () => Buffer.from('x\0y\0'))]);
  },
  function opcode(bytes, random) {
    const changed = Buffer.from(bytes);
    changed[1] = random.below(9);
    return changed;
  },
];

/** Reads a packet as the server and as a transfer does, and writes it again: nothing may be thrown. */
export function readTftp(bytes: Buffer): void {
  const packet = decode(bytes);
  const verdict = admit(packet, 1024);
  if (verdict.kind === 'read') {
    parseName(verdict.request.file);
    const { blksize, windowsize } = negotiate(verdict.request.options, { size: 1_000_000 }, { mtu: 1500 });
    assert.ok(blksize >= 8 && blksize <= 1468 && windowsize >= 1 && windowsize <= 64);
  }
  const task = {
    size: 100_000,
    blksize: 512,
    windowsize: 4,
    timeoutMs: undefined,
    oack: true,
    tsize: true,
    inMemory: true,
  };
  const transfer = newTransfer(task, DEFAULT_LIMITS, 0);
  advance(transfer, { kind: 'start' }, 0);
  advance(transfer, { kind: 'packet', packet: { kind: 'ack', block: 0 } }, 1);
  advance(transfer, { kind: 'packet', packet }, 2);
  assert.ok(transfer.acked <= transfer.sent && transfer.sent <= transfer.last);
  if (packet.kind === 'malformed') return;
  const written = encode(packet);
  // A name that is not UTF-8 is longer with what stands for its bytes, and may be too long then.
  if (written.length <= bytes.length) assert.equal(decode(written).kind, packet.kind);
}
