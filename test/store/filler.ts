/**
 * Fills the disk of a store while it is written to, frees it again, writes more and kills itself. Says as JSON what was
 * acknowledged and how the failures looked. The directory must be a small file system of its own.
 */
import { rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TinsmithError } from '../../src/errors.ts';
import { openStore } from '../../src/store/index.ts';

const directory = process.argv[2] ?? '';
const ballast = join(directory, 'ballast');
const store = await openStore(directory);
const acknowledged: string[] = [];
const failures: unknown[] = [];
let partly = 0;

/** One change of two entries. */
async function put(name: string): Promise<boolean> {
  try {
    await store.change((transaction) => {
      transaction.put(`a/${name}`, 'x'.repeat(1500));
      transaction.put(`b/${name}`, 'x'.repeat(1500));
    });
    acknowledged.push(name);
    return true;
  } catch (error) {
    if (error instanceof TinsmithError) failures.push({ code: error.code, message: error.message, next: error.next });
    if (store.get(`a/${name}`) !== undefined || store.get(`b/${name}`) !== undefined) partly++;
    return false;
  }
}

for (let i = 0; i < 20; i++) await put(`before-${i}`);
for (let round = 0; round < 3; round++) {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 3 * 4096)));
  for (let i = 0; i < 10; i++) await put(`full-${round}-${i}`);
  const readable = store.get('a/before-0') !== undefined;
  rmSync(ballast);
  for (let i = 0; i < 15; i++) await put(`after-${round}-${i}`);
  if (!readable) failures.push({ code: 'UNREADABLE' });
}
writeSync(1, `${JSON.stringify({ acknowledged, failures, partly })}\n`);
process.kill(process.pid, 'SIGKILL');
