/** DHCP packets of real firmware, changed where it hurts: lengths, overload, options within options. */
import assert from 'node:assert/strict';
import { firmwareOf } from '../../src/boots/dhcp/firmware.ts';
import { noteOf, noteOfMalformed } from '../../src/boots/dhcp/note.ts';
import { Option, readSubOptions, readUserClasses } from '../../src/boots/dhcp/options.ts';
import { decode, encode, replySize } from '../../src/boots/dhcp/packet.ts';
import { capturedBytes, capturedNames } from '../boots/dhcp/captured.ts';
import { ANYWHERE, type Mutation, spliced } from './mutation.ts';
import type { Random } from './random.ts';

export const DHCP_SEEDS: readonly Buffer[] = capturedNames.map(capturedBytes);

const SNAME = 44;
const FILE = 108;
const OPTIONS = 240;
const OVERLOAD = 52;
/** Those that have a form of their own: messages, lists, identifiers, and options within options. */
const WITH_FORM = [
  12, 43, 50, 51, 53, 54, 55, 57, 60, 61, 66, 67, 77, 82, 93, 94, 97, 118, 121, 124, 125, 150, 175, 209, 210,
];
const ESSENTIAL = [53, 54, 51];
const LARGEST = 65_507;
const NESTED = [43, 82, 125, 175];

/** Where the options of a packet begin, as far as they can be followed. */
function optionsIn(bytes: Buffer): number[] {
  const starts: number[] = [];
  let at = OPTIONS;
  while (at + 1 < bytes.length && bytes[at] !== 255) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    starts.push(at);
    at += 2 + (bytes[at + 1] ?? 0);
  }
  return starts;
}

const option = (code: number, value: Uint8Array, length = value.length): Buffer =>
  Buffer.concat([Buffer.from([code, length & 255]), value]);

function subOptions(random: Random): Buffer {
  const parts = Array.from({ length: random.below(6) }, () => {
    const value = random.bytes(random.below(12));
    return option(random.byte(), value, random.below(4) === 0 ? random.byte() : value.length);
  });
  return Buffer.concat(parts);
}

/** Somewhere among the options. */
function place(bytes: Buffer, random: Random): number {
  const starts = optionsIn(bytes);
  return starts.length === 0 ? Math.min(OPTIONS, bytes.length) : random.of(starts);
}

export const DHCP_MUTATIONS: readonly Mutation[] = [
  ...ANYWHERE,
  function lieAboutLength(bytes, random) {
    const starts = optionsIn(bytes);
    const changed = Buffer.from(bytes);
    if (starts.length > 0) changed[random.of(starts) + 1] = random.of([0, 1, 2, 254, 255, random.byte()]);
    return changed;
  },
  function addOption(bytes, random) {
    const at = place(bytes, random);
    const value = random.bytes(random.below(random.below(8) === 0 ? 256 : 20));
    return spliced(bytes, at, at, option(random.of([random.byte(), ...WITH_FORM]), value));
  },
  function addNested(bytes, random) {
    const at = place(bytes, random);
    return spliced(bytes, at, at, option(random.of(NESTED), subOptions(random)));
  },
  function changeValue(bytes, random) {
    const starts = optionsIn(bytes);
    if (starts.length === 0) return bytes;
    const at = random.of(starts);
    return spliced(bytes, at, at + 2 + (bytes[at + 1] ?? 0), option(bytes[at] ?? 0, random.bytes(random.below(40))));
  },
  function repeatOption(bytes, random) {
    const starts = optionsIn(bytes);
    if (starts.length === 0) return bytes;
    const at = random.of(starts);
    const part = bytes.subarray(at, at + 2 + (bytes[at + 1] ?? 0));
    return spliced(bytes, at, at, Buffer.concat(Array.from({ length: 1 + random.below(5) }, () => part)));
  },
  function overload(bytes, random) {
    const at = place(bytes, random);
    const changed = spliced(bytes, at, at, option(OVERLOAD, Buffer.from([random.of([1, 2, 3, random.byte()])])));
    for (const [from, room] of [
      [SNAME, FILE - SNAME],
      [FILE, 128],
    ] as const) {
      const options = Buffer.concat([
        subOptions(random),
        option(random.of([OVERLOAD, ...WITH_FORM]), subOptions(random)),
      ]);
      options.subarray(0, room).copy(changed, from);
    }
    return changed;
  },
  function noEnd(bytes) {
    const end = bytes.indexOf(255, OPTIONS);
    return end < 0 ? bytes : bytes.subarray(0, end);
  },
  function pads(bytes, random) {
    const at = place(bytes, random);
    return spliced(bytes, at, at, Buffer.alloc(random.below(600)));
  },
  function header(bytes, random) {
    const changed = Buffer.from(bytes);
    changed[random.of([0, 1, 2, 3, 10, 236, 239])] = random.of([0, 1, 2, 6, 16, 17, 255, random.byte()]);
    return changed;
  },
];

const ARRIVAL = { interface: 'eth0', port: 67, from: '192.0.2.1:68' };

/** Reads a packet as the server does and writes it again: nothing may be thrown, and nothing be lost on the way. */
export function readDhcp(bytes: Buffer): void {
  const decoded = decode(bytes);
  const arrival = { ...ARRIVAL, bytes: bytes.length };
  if (decoded.kind === 'malformed') {
    noteOfMalformed(decoded.reason, decoded.sentence, arrival);
    return;
  }
  const { packet } = decoded;
  const client = firmwareOf(packet);
  readUserClasses(packet.options);
  for (const code of [Option.VENDOR_SPECIFIC_INFORMATION, Option.RELAY_AGENT_INFORMATION]) {
    readSubOptions(packet.options, code);
  }
  noteOf({ packet, client }, { kind: 'ignored', reason: 'not-a-request', sentence: '' }, arrival);
  const { bytes: written, dropped } = encode(packet, LARGEST);
  const again = decode(written);
  if (again.kind === 'malformed') throw new Error(`what was written is malformed: ${again.sentence}`);
  assert.equal(again.packet.xid, packet.xid);
  assert.deepEqual(dropped, []);
  for (const [code, value] of packet.options) {
    assert.ok(again.packet.options.get(code)?.equals(value), `option ${code} was changed on the way`);
  }
  // In a reply, those that stay in whatever room there is are our own.
  for (const code of ESSENTIAL) packet.options.delete(code);
  const room = replySize(packet);
  assert.ok(encode(packet, room).bytes.length <= room);
}
