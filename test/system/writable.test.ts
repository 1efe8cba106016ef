import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { descriptorOf } from '../../src/http/carrier/zero-copy.ts';
import { eventLoopDescriptor, Writable } from '../../src/system/writable.ts';
import { connectedPair } from './connected-pair.ts';

const SOON = 300_000;

describe('waiting for sockets in a thread', () => {
  let pair: Awaited<ReturnType<typeof connectedPair>>;
  let descriptor: number;

  before(async () => {
    pair = await connectedPair();
    pair.near.resume();
    await setImmediate();
    descriptor = descriptorOf(pair.near) ?? assert.fail();
  });
  after(() => pair.close());

  /** One to whom the event loop has nothing to say for now. */
  async function quiet(): Promise<Writable> {
    const writable = new Writable();
    for (let turns = 0; writable.wait([descriptor], 0) && turns < 1000; turns++) await setImmediate();
    return writable;
  }

  it('finds what its event loop waits at, and nothing for what it does not watch', () => {
    assert.equal(typeof eventLoopDescriptor(descriptor), 'number');
    assert.equal(eventLoopDescriptor(1_000_000), undefined);
    assert.equal(new Writable().wait([1_000_000], SOON), undefined);
    assert.equal(new Writable().wait([undefined], SOON), undefined);
  });

  it('tells who takes more, at once', async () => {
    const writable = await quiet();
    const began = performance.now();
    assert.equal(writable.wait([undefined, descriptor], SOON), false);
    assert.deepEqual([writable.isReady(0), writable.isReady(1)], [false, true]);
    assert.ok(performance.now() - began < SOON / 1000);
  });

  it('waits no longer than it is to', async () => {
    const writable = await quiet();
    const began = performance.now();
    assert.equal(writable.wait([undefined, undefined], 20_000), false);
    assert.ok(performance.now() - began >= 20);
  });

  it('is woken by what the event loop is to do', async () => {
    const writable = await quiet();
    const { port1, port2 } = new MessageChannel();
    port2.on('message', () => {});
    await setImmediate();
    port1.postMessage('');
    const began = performance.now();
    assert.equal(writable.wait([undefined], SOON), true);
    assert.ok(performance.now() - began < SOON / 1000);
    port1.close();
  });

  it('waits for any number of sockets', async () => {
    const writable = await quiet();
    const many = Array<number>(1000).fill(descriptor);
    assert.equal(writable.wait(many, SOON), false);
    assert.ok(many.every((_, index) => writable.isReady(index)));
  });

  it('says of a socket that is closed that it is at its end', async () => {
    const writable = await quiet();
    assert.equal(writable.wait([1_000_000], SOON), false);
    assert.ok(writable.isReady(0));
  });
});
