import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PLAYED_BY } from '../../../src/boots/played.ts';
import { bootFiles } from '../../../src/boots/tftp/index.ts';
import { encode } from '../../../src/boots/tftp/packet.ts';
import { DEFAULT_LIMITS } from '../../../src/boots/tftp/transfer-state.ts';
import { fetch, NO_TIMERS, RawClient, type Served, serve, serveLoaders } from './served.ts';

const LOADER = randomBytes(10_000);
const MAC = '52:54:00:12:34:56';

/** Runs with a server, and closes it. */
async function withServer(served: Promise<Served>, run: (served: Served) => Promise<void>): Promise<void> {
  const up = await served;
  try {
    await run(up);
  } finally {
    await up.close();
  }
}

/** Runs with a server and a client, and closes both. */
async function withClient(
  served: Promise<Served>,
  run: (served: Served, client: RawClient) => Promise<void>,
): Promise<void> {
  await withServer(served, async (up) => {
    const client = await RawClient.open();
    try {
      await run(up, client);
    } finally {
      client.close();
    }
  });
}

/** Options of requests that exercise the edges. */
const ROUGH: Record<string, number>[] = [{}, { blksize: 8, windowsize: 64 }, { blksize: 65_464 }, { windowsize: 3 }];
/** Options as firmware asks. */
const USUAL: Record<string, number>[] = [
  {},
  { blksize: 1428 },
  { blksize: 1428, windowsize: 16 },
  { blksize: 512, windowsize: 8, tsize: 0 },
];

const loaders = (options = {}) => serveLoaders({ 'ipxe.efi': LOADER }, { limits: NO_TIMERS, ...options });

describe('the TFTP server', () => {
  it('notes that a machine is only played, whatever comes of it', () =>
    withClient(loaders(), async ({ port, notes }, client) => {
      for (const file of ['ipxe.efi', 'nosuch.efi']) {
        const options = [{ name: PLAYED_BY, value: '1' }];
        client.send(port, { kind: 'read-request', file, mode: 'octet', options });
        assert.equal((await notes.take()).details.playedBy, PLAYED_BY, file);
      }
    }));

  it('notes a request and its end', () =>
    withClient(loaders(), async ({ port, notes, server }) => {
      assert.deepEqual(await fetch(port, `/${MAC}/ipxe.efi`, { blksize: 1428, tsize: 0, windowsize: 4 }), LOADER);
      const answered = await notes.take();
      assert.equal(answered.outcome, 'answered');
      assert.deepEqual({ ...answered.details, port: 0 }, { port: 0, blksize: 1428, tsize: 10_000, windowsize: 4 });
      const completed = await notes.take();
      const { address, file, mac, outcome, reason, bytes, details } = completed;
      assert.deepEqual(
        { address, file, mac, outcome, reason, bytes },
        {
          address: '127.0.0.1',
          file: `/${MAC}/ipxe.efi`,
          mac: MAC,
          outcome: 'completed',
          reason: 'received',
          bytes: 10_000,
        },
      );
      assert.equal(details.blocksSent, 8);
      assert.ok(completed.ms !== undefined && completed.ms >= 0);
      assert.equal(server.transfers(), 0);
    }));

  it('serves sizes around the block', () => {
    const sizes = [0, 1, 511, 512, 513, 1024, 65_464, 65_465];
    const files = Object.fromEntries(sizes.map((size) => [`f${size}`, randomBytes(size)]));
    return withServer(serveLoaders(files, { limits: NO_TIMERS }), async ({ port }) => {
      for (const [name, content] of Object.entries(files)) {
        for (const options of [...USUAL, ...ROUGH]) {
          assert.ok((await fetch(port, name, options)).equals(content), `${name} ${JSON.stringify(options)}`);
        }
      }
    });
  });

  it('goes round after block 65,535', () => {
    const big = randomBytes(8 * 65_600 + 3);
    return withServer(serveLoaders({ big }), async ({ port }) => {
      assert.ok((await fetch(port, 'big', { blksize: 8, windowsize: 64 })).equals(big));
    });
  });

  it('answers from the address that was asked', () =>
    withClient(loaders({ addresses: ['127.0.0.1', '127.0.0.2'] }), async ({ server }, client) => {
      for (const { address, port } of server.endpoints) {
        for (const options of [USUAL[1], USUAL[2]]) {
          client.ask(port, 'ipxe.efi', options, 'octet', address);
          const oack = await client.next();
          assert.deepEqual([oack.packet.kind, oack.address], ['oack', address]);
          assert.notEqual(oack.port, port);
        }
        client.ask(port, 'none', {}, 'octet', address);
        const error = await client.next();
        assert.deepEqual([error.packet.kind, error.address], ['error', address]);
      }
    }));

  it('never leaves a block larger than the MTU allows', () =>
    withClient(loaders(), async ({ port }, client) => {
      client.ask(port, 'ipxe.efi', { blksize: 65_464 });
      const { packet } = await client.next();
      assert.deepEqual(packet.kind === 'oack' && packet.options, [{ name: 'blksize', value: '65464' }]);
    }));

  it('answers a wrong transfer identifier with ERROR 5, undisturbed', () =>
    withClient(loaders(), async ({ port, notes }, client) => {
      client.ask(port, 'ipxe.efi');
      const { port: transfer } = await client.next();
      const stranger = await RawClient.open();
      stranger.ack(transfer, 1);
      const { packet } = await stranger.next();
      assert.deepEqual(packet, { kind: 'error', code: 5, message: 'Unknown transfer ID' });
      stranger.send(transfer, { kind: 'error', code: 0, message: 'stop it' });
      const first = await notes.take(({ reason }) => reason === 'wrong-transfer-id');
      assert.equal(first.outcome, 'refused');
      await notes.take(({ reason }) => reason === 'wrong-transfer-id');
      assert.equal(stranger.heard.all.length, 1, 'an ERROR is not answered');
      stranger.close();
      client.ack(transfer, 1);
      const next = await client.next();
      assert.equal(next.packet.kind === 'data' && next.packet.block, 2);
    }));

  it('does not start a second transfer for a repeated request', () =>
    withClient(loaders(), async ({ port, notes, server }, client) => {
      for (let copy = 0; copy < 5; copy++) client.ask(port, 'ipxe.efi', { tsize: 0 });
      for (let copy = 0; copy < 4; copy++) await notes.take(({ reason }) => reason === 'repeated-request');
      assert.equal(server.transfers(), 1);
      const { port: transfer } = await client.next();
      client.ack(transfer, 0);
      const { packet, port: second } = await client.next();
      assert.equal(packet.kind === 'data' && packet.block, 1);
      assert.equal(second, transfer);
    }));

  it('starts anew when the client asks for something else from the same port', () =>
    withClient(loaders(), async ({ port, notes, server }, client) => {
      client.ask(port, 'ipxe.efi', { tsize: 0 });
      await client.next();
      client.ask(port, 'ipxe.efi', { blksize: 1024 });
      const { packet } = await client.next();
      assert.deepEqual(packet.kind === 'oack' && packet.options, [{ name: 'blksize', value: '1024' }]);
      assert.equal((await notes.take(({ outcome }) => outcome === 'failed')).reason, 'superseded');
      assert.equal(server.transfers(), 1);
    }));

  it('serves a client again from the same port, without minding what is left of the transfer before', () =>
    withClient(loaders({ limits: NO_TIMERS }), async ({ port, notes }, client) => {
      client.ask(port, 'ipxe.efi', { blksize: 8192 });
      const { port: first } = await client.next();
      for (let block = 0; block <= 2; block++) {
        client.ack(first, block);
        if (block < 2) await client.next();
      }
      await notes.take(({ outcome }) => outcome === 'completed');
      client.ask(port, 'ipxe.efi', { blksize: 4096 });
      const { port: second } = await client.next();
      assert.notEqual(second, first);
      // The last ACK of the first transfer comes once more, and then one that the second would take.
      client.ack(first, 2);
      client.ack(first, 0);
      client.ack(second, 0);
      const { packet, port: from } = await client.next();
      assert.deepEqual([packet.kind === 'data' && packet.block, from], [1, second]);
      client.ack(second, 0);
      client.ack(second, 3);
      client.ack(second, 1);
      const next = await client.next();
      assert.deepEqual([next.packet.kind === 'data' && next.packet.block, next.port], [2, second]);
      client.send(second, { kind: 'error', code: 0, message: 'enough' });
      const { details } = await notes.take(({ outcome }) => outcome === 'failed');
      assert.deepEqual([details.blocksSent, details.duplicateAcks, details.impossibleAcks], [2, 1, 1]);
      assert.deepEqual(
        notes.all.filter(({ reason }) => reason === 'wrong-transfer-id'),
        [],
      );
    }));

  it('never answers copies of an ACK with data', () =>
    withClient(loaders(), async ({ port, notes }, client) => {
      client.ask(port, 'ipxe.efi');
      const { port: transfer } = await client.next();
      for (let block = 1; block <= 20; block++) for (let copy = 0; copy < 10; copy++) client.ack(transfer, block);
      const { details } = await notes.take(({ outcome }) => outcome === 'completed');
      assert.equal(details.blocksSent, 20);
      for (let block = 2; block <= 20; block++) {
        const { packet } = await client.next();
        assert.equal(packet.kind === 'data' && packet.block, block);
      }
    }));

  it('rewinds to an ACK inside a window', () =>
    withClient(loaders(), async ({ port }, client) => {
      client.ask(port, 'ipxe.efi', { windowsize: 4 });
      const { port: transfer } = await client.next();
      client.ack(transfer, 0);
      for (let block = 1; block <= 4; block++) await client.next();
      client.ack(transfer, 2);
      for (let block = 3; block <= 6; block++) {
        const { packet } = await client.next();
        assert.equal(packet.kind === 'data' && packet.block, block);
      }
    }));

  it('takes the abort of EDK2 after the OACK for normal', () =>
    withClient(loaders(), async ({ port, notes }, client) => {
      client.ask(port, 'ipxe.efi', { tsize: 0, blksize: 1468, windowsize: 4 });
      const { port: transfer } = await client.next();
      client.send(transfer, { kind: 'error', code: 8, message: 'User aborted the transfer' });
      const end = await notes.take(({ outcome }) => outcome !== 'answered');
      assert.deepEqual([end.outcome, end.reason], ['completed', 'size-only']);
    }));

  it('resends, and gives up', () => {
    const limits = { ...DEFAULT_LIMITS, first: 10, shortest: 5, longest: 20, resends: 4 };
    return withClient(loaders({ limits }), async ({ port, notes, server }, client) => {
      client.ask(port, 'ipxe.efi', { tsize: 0 });
      const end = await notes.take(({ outcome }) => outcome === 'failed');
      assert.equal(end.reason, 'silence');
      assert.equal(end.details.timeouts, 4);
      for (let oack = 0; oack < 5; oack++) assert.equal((await client.next()).packet.kind, 'oack');
      assert.equal(client.heard.all.length, 5);
      assert.equal(server.transfers(), 0);
    });
  });

  it('resends a window whose first block was lost', () => {
    const limits = { ...DEFAULT_LIMITS, first: 30, shortest: 10 };
    return withClient(loaders({ limits }), async ({ port }, client) => {
      client.ask(port, 'ipxe.efi', { windowsize: 2 });
      const { port: transfer } = await client.next();
      client.ack(transfer, 0);
      client.ack(transfer, 0);
      const blocks: unknown[] = [];
      while (blocks.length < 4) {
        const { packet } = await client.next();
        if (packet.kind === 'data') blocks.push(packet.block);
      }
      assert.deepEqual(blocks, [1, 2, 1, 2]);
    });
  });

  it('says busy beyond its limit, and serves again after', () =>
    withClient(loaders({ mostTransfers: 3 }), async ({ port, notes, server }, client) => {
      const others = await Promise.all([1, 2, 3].map(() => RawClient.open()));
      for (const other of others) other.ask(port, 'ipxe.efi', { tsize: 0 });
      const opened = await Promise.all(others.map((other) => other.next()));
      client.ask(port, 'ipxe.efi');
      const { packet } = await client.next();
      assert.deepEqual(packet, { kind: 'error', code: 0, message: 'The server is busy, ask again' });
      assert.equal((await notes.take(({ outcome }) => outcome === 'refused')).reason, 'busy');
      assert.equal(server.transfers(), 3);
      others[0]?.send(opened[0]?.port ?? 0, { kind: 'error', code: 0, message: 'enough' });
      await notes.take(({ outcome }) => outcome === 'completed');
      client.ask(port, 'ipxe.efi');
      assert.equal((await client.next()).packet.kind, 'data');
      for (const other of others) other.close();
    }));

  const refusals: [string, Buffer, number, string][] = [
    ['a write', encode({ kind: 'write-request', file: 'x', mode: 'octet', options: [] }), 2, 'read-only'],
    ['netascii', encode({ kind: 'read-request', file: 'ipxe.efi', mode: 'netascii', options: [] }), 4, 'mode'],
    ['mail', encode({ kind: 'read-request', file: 'ipxe.efi', mode: 'mail', options: [] }), 4, 'mode'],
    ['an unknown file', encode({ kind: 'read-request', file: 'none', mode: 'octet', options: [] }), 1, 'not-found'],
    ['a broken request', Buffer.from([0, 1, 65]), 4, 'unterminated-string'],
    ['a broken write', Buffer.from([0, 2, 65, 0]), 4, 'unterminated-string'],
  ];
  for (const [what, bytes, code, reason] of refusals) {
    it(`refuses ${what} with ERROR ${code}`, () =>
      withClient(loaders(), async ({ port, notes, server }, client) => {
        client.send(port, bytes);
        const { packet } = await client.next();
        assert.equal(packet.kind === 'error' && packet.code, code);
        const note = await notes.take();
        assert.deepEqual([note.outcome, note.reason, note.details.error], ['refused', reason, code]);
        assert.equal(server.transfers(), 0);
      }));
  }

  const ignored: [string, Buffer, string][] = [
    ['an empty datagram', Buffer.alloc(0), 'too-short'],
    ['an ACK', encode({ kind: 'ack', block: 1 }), 'not-a-request'],
    ['an ERROR', encode({ kind: 'error', code: 5, message: '' }), 'not-a-request'],
    ['DATA', encode({ kind: 'data', block: 1, data: Buffer.alloc(9) }), 'not-a-request'],
    ['an unknown opcode', Buffer.from([9, 9, 9]), 'unknown-opcode'],
  ];
  for (const [what, bytes, reason] of ignored) {
    it(`ignores ${what}, and says so`, () =>
      withClient(loaders(), async ({ port, notes }, client) => {
        client.send(port, bytes);
        const note = await notes.take();
        assert.deepEqual([note.outcome, note.reason], ['ignored', reason]);
        client.ask(port, 'ipxe.efi');
        assert.equal((await client.next()).packet.kind, 'data');
        assert.equal(client.heard.all.length, 1);
      }));
  }

  it('outlives a resolver that throws', async () => {
    const served = serve(async () => {
      throw new Error('the store is gone');
    });
    await withClient(served, async ({ port, notes, server }, client) => {
      client.ask(port, 'ipxe.efi');
      const { packet } = await client.next();
      assert.equal(packet.kind === 'error' && packet.code, 2);
      assert.match((await notes.take()).sentence, /the store is gone/);
      assert.equal(server.transfers(), 0);
    });
  });

  it('ends its transfers with an ERROR when it is closed', async () => {
    const served = await loaders();
    const client = await RawClient.open();
    client.ask(served.port, 'ipxe.efi');
    await client.next();
    await served.close();
    const { packet } = await client.next();
    assert.deepEqual(packet, { kind: 'error', code: 0, message: 'The server is stopping' });
    assert.equal(served.notes.all.at(-1)?.reason, 'stopped');
    client.close();
  });

  it('says that its port is taken, and keeps none of the others', async () => {
    const first = await loaders();
    const second = loaders({ addresses: ['127.0.0.2', '127.0.0.1'], port: first.port });
    await assert.rejects(second, { code: 'EADDRINUSE', address: '127.0.0.1', port: first.port });
    const third = await loaders({ addresses: ['127.0.0.2'], port: first.port });
    await Promise.all([first.close(), third.close()]);
  });

  it('says that an address is not its own', () =>
    assert.rejects(loaders({ addresses: ['192.0.2.77'] }), { code: 'EADDRNOTAVAIL' }));

  it('gives 250 clients their files at once', () =>
    withServer(serveLoaders({ 'ipxe.efi': LOADER }), async ({ port, notes, server }) => {
      const got = await Promise.all(
        Array.from({ length: 250 }, (_, index) => fetch(port, 'ipxe.efi', USUAL[index % USUAL.length])),
      );
      assert.ok(got.every((bytes) => bytes.equals(LOADER)));
      for (let client = 0; client < 250; client++) await notes.take(({ outcome }) => outcome === 'completed');
      assert.equal(server.transfers(), 0);
    }));
});

describe('files read from the disk', () => {
  const content = randomBytes(1_000_000);
  let root = '';
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'tftp-root-'));
    writeFileSync(join(root, 'big'), content);
  });
  after(() => rmSync(root, { recursive: true }));

  for (const options of [...USUAL, ...ROUGH.slice(2)]) {
    it(`arrive whole with ${JSON.stringify(options)}`, () =>
      withServer(serve(bootFiles(new Map(), root)), async ({ port }) => {
        assert.ok((await fetch(port, 'big', options)).equals(content));
      }));
  }

  it('fail visibly when they become shorter', () =>
    withClient(serve(bootFiles(new Map(), root), { limits: NO_TIMERS }), async ({ port, notes }, client) => {
      writeFileSync(join(root, 'shrinking'), content);
      client.ask(port, 'shrinking', { tsize: 0 });
      const { port: transfer } = await client.next();
      truncateSync(join(root, 'shrinking'), 1000);
      client.ack(transfer, 0);
      const { packet } = await client.next();
      assert.deepEqual(packet, { kind: 'error', code: 0, message: 'The file can not be read' });
      const end = await notes.take(({ outcome }) => outcome === 'failed');
      assert.equal(end.reason, 'read-failed');
      assert.match(end.sentence, /became shorter/);
    }));
});
