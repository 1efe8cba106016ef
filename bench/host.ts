/** Where it was measured: without that, no figure of a benchmark means anything. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { COMMIT, VERSION } from '../src/version.ts';

export type Host = {
  processor: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  tinsmith: string;
  /** Version of each peer's Debian package. */
  peers: Record<string, string>;
  /** Processes that wanted to run in the last minute, before and after: above 0.5 before, others were at work too. */
  loadAverage: { before: number; after: number };
};

/** The facts about this host, as they are at the end of a run. */
export function hostFacts(peers: Record<string, string>, loadBefore: number): Host {
  return {
    processor: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    tinsmith: `${VERSION} (${COMMIT})`,
    peers,
    loadAverage: { before: loadBefore, after: loadNow() },
  };
}

/** The load average of the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}
