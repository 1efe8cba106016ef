/** A process that stores numbers, 8 at once, and says each on standard output when it has been acknowledged. */
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/index.ts';

const [, , directory = '', first = '0'] = process.argv;
const store = await openStore(directory);
let next = Number(first);
async function commit(): Promise<void> {
  for (;;) {
    const n = next++;
    await store.change((transaction) => transaction.put(`n/${String(n).padStart(9, '0')}`, 'x'.repeat(n % 700)));
    writeSync(1, `${n}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, commit));
