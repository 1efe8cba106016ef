import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { endpointOfNumber } from '../../src/system/message-headers.ts';
import { ReceivedBatch } from '../../src/system/received-batch.ts';
import { Peer } from './loopback.ts';

/** Nothing is read of them before the event loop turns, but what the test reads. */
function peers(t: TestContext): [Peer, Peer, Peer] {
  const all: [Peer, Peer, Peer] = [new Peer(), new Peer(), new Peer()];
  t.after(() => {
    for (const peer of all) peer.close();
  });
  return all;
}

describe('a received batch', () => {
  it('has what waited, with its senders', (t) => {
    const [receiver, one, other] = peers(t);
    const batch = new ReceivedBatch(8, 64, 4);
    assert.equal(batch.receive(receiver.fd), 0);
    one.say(receiver.endpoint, 'abcd');
    other.say(receiver.endpoint, 'a longer one');
    one.say(receiver.endpoint, '');
    other.say(receiver.endpoint, Buffer.alloc(100, 'x'));
    assert.equal(batch.receive(receiver.fd), 4);
    const texts = [0, 1, 2, 3].map((index) => batch.bytes(index).toString());
    assert.deepEqual(texts, ['abcd', 'a longer one', '', 'x'.repeat(64)]);
    const senders = [0, 1, 2, 3].map((index) => endpointOfNumber(batch.from(index)));
    assert.deepEqual(senders, [one.endpoint, other.endpoint, one.endpoint, other.endpoint]);
  });

  it('takes no more than it has room for', (t) => {
    const [receiver, sender] = peers(t);
    const batch = new ReceivedBatch(2, 64, 4);
    for (const text of ['1', '2', '3']) sender.say(receiver.endpoint, text);
    assert.equal(batch.receive(receiver.fd), 2);
    assert.equal(batch.receive(receiver.fd), 1);
    assert.equal(batch.bytes(0).toString(), '3');
  });

  it('may have a single one', (t) => {
    const [receiver, one, other] = peers(t);
    const batch = new ReceivedBatch(2, 64, 4);
    assert.equal(batch.receiveSingle(receiver.fd), 0);
    one.say(receiver.endpoint, 'abcd');
    other.say(receiver.endpoint, 'e');
    assert.equal(batch.receiveSingle(receiver.fd), 1);
    assert.deepEqual([batch.bytes(0).toString(), endpointOfNumber(batch.from(0))], ['abcd', one.endpoint]);
    assert.equal(batch.receive(receiver.fd), 1);
    assert.deepEqual([batch.bytes(0).toString(), endpointOfNumber(batch.from(0))], ['e', other.endpoint]);
  });
});
