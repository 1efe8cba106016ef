/** Descriptors of this process that are open on files: what is let go is closed in the background. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** The longest that a close takes on a computer with much else to do, ms. */
const PATIENCE_MS = 30_000;

/** How many are open on a path, or on what is below it. */
export function openOn(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;
}

/** Resolves when there are no more than `left`, which none is to be below. */
export async function letGo(path: string, left = 0): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (openOn(path) !== left && performance.now() < until) await setImmediate();
  assert.equal(openOn(path), left, `descriptors that are open on ${path}`);
}
