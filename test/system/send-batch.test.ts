import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Endpoint } from '../../src/system/libc.ts';
import { endpointNumber } from '../../src/system/message-headers.ts';
import { SendBatch, type Sender } from '../../src/system/send-batch.ts';
import { Peer } from './loopback.ts';

/** Nothing can be sent to port 0. */
const NOWHERE: Endpoint = { address: '127.0.0.1', port: 0 };

type Told = { sender: Sender; faults: string[]; uncut: () => number };

function told(): Told {
  const faults: string[] = [];
  let uncut = 0;
  const sender: Sender = {
    onFault: (code) => faults.push(code),
    onUncut: () => {
      uncut++;
    },
  };
  return { sender, faults, uncut: () => uncut };
}

function peers(t: TestContext): [Peer, Peer] {
  const all: [Peer, Peer] = [new Peer(), new Peer()];
  t.after(() => {
    for (const peer of all) peer.close();
  });
  return all;
}

/** Has a batch send a text. */
function post(
  batch: SendBatch,
  from: Peer,
  to: Endpoint,
  text: string,
  { segment = 0, sender = told().sender }: { segment?: number; sender?: Sender } = {},
): void {
  batch.bytes.write(text, batch.room(from.fd, text.length), 'latin1');
  batch.add(endpointNumber(to), text.length, segment, sender);
}

async function heard(peer: Peer, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) texts.push((await peer.next()).bytes.toString());
  return texts;
}

describe('a batch to send', () => {
  it('sends one datagram at once', async (t) => {
    const [from, to] = peers(t);
    const { sender, faults } = told();
    const batch = new SendBatch(4, 1000);
    post(batch, from, to.endpoint, 'hello');
    post(batch, from, NOWHERE, 'hello', { sender });
    assert.deepEqual(faults, ['EINVAL']);
    assert.deepEqual(await heard(to, 1), ['hello']);
  });

  it('sends what was gathered when all of it is there', async (t) => {
    const [from, to] = peers(t);
    const batch = new SendBatch(4, 1000);
    batch.gather(() => {
      post(batch, from, to.endpoint, 'first');
      batch.gather(() => post(batch, from, to.endpoint, 'second'));
      from.say(to.endpoint, 'before them');
      post(batch, from, to.endpoint, 'third');
    });
    assert.deepEqual(await heard(to, 4), ['before them', 'first', 'second', 'third']);
  });

  it('sends more than it has room for, and of several sockets', async (t) => {
    const [from, to] = peers(t);
    const [other] = peers(t);
    const batch = new SendBatch(4, 64);
    const texts = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(index < 5 ? 1 : 30));
    batch.gather(() => {
      for (const text of texts) post(batch, from, to.endpoint, text);
      post(batch, other, to.endpoint, 'from another');
      post(batch, from, to.endpoint, 'the last');
    });
    assert.deepEqual(await heard(to, 10), texts);
    assert.equal((await to.next()).from.port, other.endpoint.port);
    assert.equal((await to.next()).from.port, from.endpoint.port);
  });

  it('sends the others where one fails', async (t) => {
    const [from, to] = peers(t);
    const batch = new SendBatch(8, 1000);
    const failing = told();
    const other = told();
    batch.gather(() => {
      post(batch, from, to.endpoint, 'before', other);
      post(batch, from, NOWHERE, 'lost', failing);
      post(batch, from, NOWHERE, 'lost too', failing);
      post(batch, from, to.endpoint, 'after', other);
      assert.deepEqual(failing.faults, []);
    });
    assert.deepEqual([failing.faults, other.faults], [['EINVAL', 'EINVAL'], []]);
    assert.deepEqual(await heard(to, 2), ['before', 'after']);
  });

  it('has a message cut', async (t) => {
    const [from, to] = peers(t);
    const batch = new SendBatch(8, 1000);
    post(batch, from, to.endpoint, 'abcdefgh', { segment: 3 });
    batch.gather(() => {
      post(batch, from, to.endpoint, 'whole');
      post(batch, from, to.endpoint, 'ijklmn', { segment: 4 });
    });
    post(batch, from, to.endpoint, 'as a whole');
    assert.deepEqual(await heard(to, 7), ['abc', 'def', 'gh', 'whole', 'ijkl', 'mn', 'as a whole']);
  });

  it('sends single datagrams where a message can not be cut', async (t) => {
    const [from, to] = peers(t);
    const batch = new SendBatch(8, 1000);
    const { sender, faults, uncut } = told();
    // More than the kernel cuts a message into.
    const text = 'ab'.repeat(300);
    batch.gather(() => {
      post(batch, from, to.endpoint, text, { segment: 2, sender });
      post(batch, from, to.endpoint, 'after');
    });
    assert.deepEqual([faults, uncut()], [[], 1]);
    assert.deepEqual(await heard(to, 301), [...Array.from({ length: 300 }, () => 'ab'), 'after']);
    post(batch, from, NOWHERE, 'abcd', { segment: 2, sender });
    assert.deepEqual([faults, uncut()], [['EINVAL'], 2]);
  });
});
