import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { bootFiles, startTftp } from '../../../src/boots/tftp/index.ts';
import { encode } from '../../../src/boots/tftp/packet.ts';
import { DEFAULT_LIMITS } from '../../../src/boots/tftp/transfer-state.ts';
import { fetch, RawClient } from './served.ts';
import { seeded } from './simulation.ts';

const DATAGRAMS = 100_000;
const BATCH = 250;
const SENDERS = 100;
const MOST_TRANSFERS = 30;
const SEED = 20_260_101;

const LOADER = randomBytes(50_000);

/** Bytes in use after a garbage collection. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Real requests and packets, to be spoilt. */
const SEEDS = [
  encode({ kind: 'read-request', file: 'ipxe.efi', mode: 'octet', options: [] }),
  encode({
    kind: 'read-request',
    file: '/52:54:00:12:34:56/ipxe.efi',
    mode: 'octet',
    options: [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: '1468' },
      { name: 'windowsize', value: '4' },
    ],
  }),
  encode({ kind: 'read-request', file: '../../etc/passwd', mode: 'octet', options: [] }),
  encode({ kind: 'write-request', file: 'x', mode: 'octet', options: [] }),
  encode({ kind: 'ack', block: 0 }),
  encode({ kind: 'data', block: 1, data: Buffer.alloc(512) }),
  encode({ kind: 'oack', options: [{ name: 'tsize', value: '0' }] }),
  encode({ kind: 'error', code: 8, message: 'User aborted the transfer' }),
];

function spoilt(random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  if (random() < 0.3) return randomBytes(below(1400));
  const bytes = Buffer.from(SEEDS[below(SEEDS.length)] ?? Buffer.alloc(0));
  for (let change = below(4); change > 0 && bytes.length > 0; change--) bytes[below(bytes.length)] = below(256);
  return random() < 0.2 ? bytes.subarray(0, below(bytes.length + 1)) : bytes;
}

it(`outlives ${DATAGRAMS} random and mutated datagrams`, async () => {
  const random = seeded(SEED);
  let noted = 0;
  let largest = 0;
  let wake: () => void = () => undefined;
  const server = await startTftp({
    addresses: ['127.0.0.1'],
    port: 0,
    files: bootFiles(new Map([['ipxe.efi', LOADER]])),
    log: pino({ level: 'silent' }),
    mostTransfers: MOST_TRANSFERS,
    limits: { ...DEFAULT_LIMITS, first: 50, unconfirmed: 300 },
    note: ({ outcome, reason }) => {
      largest = Math.max(largest, server.transfers());
      const isEnd = outcome === 'completed' || outcome === 'failed';
      if (isEnd || reason === 'wrong-transfer-id') return;
      noted++;
      wake();
    },
  });
  const port = server.endpoints[0]?.port ?? assert.fail('nothing bound');
  const senders = await Promise.all(Array.from({ length: SENDERS }, () => RawClient.open()));
  // What the senders hear is of no interest, and must not count as memory of the server.
  for (const { socket } of senders) socket.removeAllListeners('message');

  try {
    let lost = 0;
    const before = liveBytes();
    const resident = process.memoryUsage.rss();
    for (let sent = 0; sent < DATAGRAMS; sent += BATCH) {
      for (let index = 0; index < BATCH; index++) senders[index % SENDERS]?.send(port, spoilt(random));
      const awaited = sent + BATCH - lost;
      while (noted < awaited) {
        const heard = noted;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 500);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        // A batch fits the socket's buffer, but a kernel may hold less: what it dropped the server never saw.
        if (noted > heard) continue;
        lost += awaited - noted;
        break;
      }
    }
    const live = liveBytes() - before;
    const growth = process.memoryUsage.rss() - resident;

    assert.ok(lost < DATAGRAMS / 100, `${lost} datagrams without a note`);
    assert.equal(largest, MOST_TRANSFERS, 'the flood reached the limit, and no more');
    // The last transfers are still in progress, each with its window; a leak would be 100,000 of whatever is leaked.
    assert.ok(live < 16_000_000, `${live} bytes more in use after the flood`);
    assert.ok(growth < 150_000_000, `the process grew by ${growth} bytes`);

    let got: Buffer | undefined;
    while (got === undefined) {
      got = await fetch(port, 'ipxe.efi', { blksize: 1468, windowsize: 4 }).catch((error: Error) => {
        assert.match(error.message, /busy/);
        return undefined;
      });
    }
    assert.ok(got.equals(LOADER));
  } finally {
    for (const sender of senders) sender.close();
    await server.close();
  }
});
