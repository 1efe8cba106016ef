/** What can be done to the bytes of any packet. */
import type { Random } from './random.ts';

/** Changes a packet; the bytes given stay as they are. */
export type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** `bytes` with those from `start` up to, not including, `end` replaced. */
export function spliced(bytes: Buffer, start: number, end: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
}

export const ANYWHERE: readonly Mutation[] = [
  function flip(bytes, random) {
    const changed = Buffer.from(bytes);
    for (let times = random.below(8); times >= 0; times--) changed[random.below(bytes.length + 1)] = random.byte();
    return changed;
  },
  function flipOneBit(bytes, random) {
    const changed = Buffer.from(bytes);
    const at = random.below(bytes.length + 1);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    return changed;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function extend(bytes, random) {
    return Buffer.concat([bytes, random.bytes(random.below(random.below(8) === 0 ? 1500 : 40))]);
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length + 1);
    return spliced(bytes, at, at, random.bytes(random.below(16)));
  },
  function remove(bytes, random) {
    const at = random.below(bytes.length + 1);
    return spliced(bytes, at, at + random.below(16), Buffer.alloc(0));
  },
  function repeat(bytes, random) {
    const at = random.below(bytes.length + 1);
    return spliced(bytes, at, at, bytes.subarray(at, at + random.below(64)));
  },
];

/** Some mutations of a seed, one after another. */
export function mutated(seeds: readonly Buffer[], mutations: readonly Mutation[], random: Random): Buffer {
  let bytes = random.of(seeds);
  // Half of all are changed once: what is wrong in one place only gets furthest.
  for (let times = random.below(2) === 0 ? 1 : 1 + random.below(5); times > 0; times--) {
    bytes = random.of(mutations)(bytes, random);
  }
  return bytes;
}
