import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Connected, Connection } from '../../../src/boots/tftp/connection.ts';
import { type EndpointNumber, endpointNumber } from '../../../src/system/message-headers.ts';
import { SendBatch } from '../../../src/system/send-batch.ts';
import { Peer } from '../../system/loopback.ts';

const SLOT = 100;
const BLOCKS = 150;

/** A transfer of `BLOCKS` blocks, each of its number alone; the last is shorter. */
class Numbers implements Connected {
  readonly slot = SLOT;
  readonly errors: Error[] = [];

  onMessage(): void {
    assert.fail('nothing is received here');
  }

  onError(error: Error): void {
    this.errors.push(error);
  }

  write(first: number, count: number, target: Buffer, at: number): number {
    target.fill(0, at, at + count * SLOT);
    for (let index = 0; index < count; index++) target.writeUInt32LE(first + index, at + index * SLOT);
    return first + count - 1 === BLOCKS ? (count - 1) * SLOT + 4 : count * SLOT;
  }
}

type SetUp = { connection: Connection; client: Peer; transfer: Numbers; released: EndpointNumber[] };

function setUp(t: TestContext, { canSegment = true, port }: { canSegment?: boolean; port?: number } = {}): SetUp {
  const server = new Peer();
  const client = new Peer();
  t.after(() => {
    for (const peer of [server, client]) peer.close();
  });
  const transfer = new Numbers();
  const released: EndpointNumber[] = [];
  const socket = { fd: server.fd, canSegment, release: (who: EndpointNumber) => released.push(who) };
  const to = endpointNumber({ ...client.endpoint, ...(port === undefined ? {} : { port }) });
  return { connection: new Connection(socket, new SendBatch(8, 65_536), to, transfer), client, transfer, released };
}

describe('a connection', () => {
  for (const canSegment of [true, false]) {
    it(`sends blocks ${canSegment ? 'by segmentation' : 'one by one, where the kernel does not cut'}`, async (t) => {
      const { connection, client } = setUp(t, { canSegment });
      connection.sendBlocks(1, 1);
      connection.sendBlocks(2, BLOCKS - 1);
      for (let block = 1; block <= BLOCKS; block++) {
        const { bytes } = await client.next();
        assert.equal(bytes.readUInt32LE(0), block);
        assert.equal(bytes.length, block === BLOCKS ? 4 : SLOT);
      }
    });
  }

  it('sends the blocks of a window one by one, once that was not cut', async (t) => {
    const { connection, client } = setUp(t);
    connection.onUncut();
    connection.sendBlocks(1, 10);
    for (let block = 1; block <= 10; block++) assert.equal((await client.next()).bytes.readUInt32LE(0), block);
  });

  it('tells its transfer that a datagram could not be sent', (t) => {
    const { connection, transfer } = setUp(t, { port: 0 });
    connection.send(Buffer.from('hello'));
    connection.sendBlocks(1, 4);
    assert.deepEqual(
      transfer.errors.map(({ message }) => message),
      ['a datagram could not be sent: EINVAL', 'a datagram could not be sent: EINVAL'],
    );
  });

  it('sends nothing more once it is closed', async (t) => {
    const { connection, client, released } = setUp(t);
    connection.send(Buffer.from('the last'));
    connection.close();
    connection.close();
    connection.send(Buffer.from('more'));
    connection.sendBlocks(1, 100);
    assert.deepEqual(released, [endpointNumber(client.endpoint)]);
    assert.equal((await client.next()).bytes.toString(), 'the last');
    client.say(client.endpoint, 'nothing else');
    assert.equal((await client.next()).bytes.toString(), 'nothing else');
  });

  const needsRoot = process.getuid?.() === 0 ? false : 'needs root for a network namespace';
  it('gives up segmentation where the link became too narrow for it', { skip: needsRoot }, () => {
    const script = `ip link set lo up && exec "$0" "$1"`;
    const program = join(import.meta.dirname, 'narrowed-link.ts');
    const output = execFileSync('unshare', ['--net', 'sh', '-c', script, process.execPath, program], {
      encoding: 'utf8',
    });
    assert.equal(JSON.parse(output).blksize, 8192);
  });
});
