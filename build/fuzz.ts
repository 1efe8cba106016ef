/**
 * `npm run fuzz [PACKETS]`: ten million mutated packets of DHCP and TFTP, or as many as are said, through what reads them. It
 * fails at one that throws, with its bytes, and where the memory in use grows on the way.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fuzz, PROTOCOLS, type Protocol } from '../test/fuzz/fuzz.ts';

const PACKETS = 10_000_000;
const AT_ONCE = 100_000;
/** What compiled code and the like may come to, bytes. */
const GROWTH = 8e6;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes that are still in use after garbage is gone. */
function inUse(): number {
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

const packets = Number(process.argv[2] ?? PACKETS);
if (!Number.isInteger(packets) || packets < 1) {
  console.error(`${process.argv[2]} is no number of packets.`);
  process.exit(64);
}
const protocols = Object.keys(PROTOCOLS) as Protocol[];
const began = performance.now();
let before: number | undefined;
for (let done = 0, seed = 1; done < packets; seed++) {
  for (const protocol of protocols) {
    const some = Math.min(AT_ONCE, packets - done);
    fuzz(protocol, some, seed);
    done += some;
  }
  // By then all is compiled.
  if (before === undefined && done * 10 >= packets) before = inUse();
  if (seed % 10 === 0) console.log(`fuzz: ${done} packets in ${Math.round((performance.now() - began) / 1000)} s`);
}
const growth = inUse() - (before ?? inUse());
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`fuzz: ${packets} packets in ${seconds} s, all read or refused; memory in use grew by ${growth} bytes`);
if (growth > GROWTH) {
  console.error(`That is more than ${GROWTH} bytes.`);
  process.exitCode = 1;
}
