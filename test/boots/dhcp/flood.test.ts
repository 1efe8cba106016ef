import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encode } from '../../../src/boots/dhcp/packet.ts';
import { capturedBytes, capturedNames, packetOf } from './captured.ts';
import { request } from './requests.ts';

const DATAGRAMS = 100_000;
/** Small enough for the kernel's default receive buffer: each datagram must be heard, or nothing is tested. */
const BATCH = 100;
/** How often in a row the server may say that nothing more has come. */
const PATIENCE = 1000;
const WARM_UP = 20_000;
const ALLOWED_GROWTH = 48 * 1024 * 1024;

/** Pseudo-random numbers below `limit`, always the same (Mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/** One datagram in four is noise, the others are captured packets with bytes changed, cut off or added. */
function* datagrams(count: number): Generator<Buffer> {
  const below = randomNumbers(4711);
  const good = capturedNames.map(capturedBytes);
  for (let index = 0; index < count; index++) {
    if (index % 4 === 0) {
      yield Buffer.from(Uint8Array.from({ length: below(600) }, () => below(256)));
      continue;
    }
    const bytes = Buffer.from(good[below(good.length)] ?? []);
    for (let change = below(8); change >= 0; change--) bytes[below(bytes.length)] = below(256);
    // The client's own port must stay the only one that is answered: no renewals to, and no relay agents at, anywhere.
    bytes.fill(0, 12, 16);
    bytes.fill(0, 24, 28);
    yield below(4) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
  }
}

it(`lives through ${DATAGRAMS} random and mutated datagrams, and answers the next good one`, async () => {
  const client = createSocket({ type: 'udp4' });
  client.bind(0);
  await once(client, 'listening');
  const program = fileURLToPath(new URL('./flooded-server.ts', import.meta.url));
  const child = fork(program, [String(client.address().port)]);
  try {
    const [{ port }] = await once(child, 'message');
    const state = async (): Promise<{ noted: number; rss: number }> => {
      child.send('state');
      return (await once(child, 'message'))[0];
    };
    let sent = 0;
    let baseline = 0;
    const settle = async () => {
      let now = await state();
      for (let idle = 0; now.noted < sent; idle++) {
        const before = now.noted;
        now = await state();
        if (now.noted > before) idle = 0;
        if (idle === PATIENCE) assert.equal(now.noted, sent, 'a datagram was neither answered nor noted');
      }
      if (sent === WARM_UP) baseline = now.rss;
      return now;
    };
    for (const bytes of datagrams(DATAGRAMS)) {
      client.send(bytes, port, '127.0.0.1');
      sent += 1;
      if (sent % BATCH === 0) await settle();
    }
    const { noted, rss } = await settle();
    assert.equal(noted, DATAGRAMS);
    assert.ok(rss - baseline < ALLOWED_GROWTH, `resident memory grew by ${(rss - baseline) >> 20} MiB`);

    const xid = 0xfeedbeef;
    const answered = new Promise<Buffer>((resolve) => {
      client.on('message', (bytes: Buffer) => {
        if (bytes.length > 8 && bytes.readUInt32BE(4) === xid) resolve(bytes);
      });
    });
    client.send(encode(request('DISCOVER', { xid }), 1472).bytes, port, '127.0.0.1');
    assert.equal(packetOf(await answered).yiaddr, '10.77.0.60');
    assert.equal(child.exitCode, null);
  } finally {
    child.kill();
    client.close();
  }
});
