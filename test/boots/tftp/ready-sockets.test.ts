import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it, type TestContext } from 'node:test';
import { ReadySockets } from '../../../src/boots/tftp/ready-sockets.ts';
import { libc, sendNow, socketAddress, udpSocket } from '../../../src/system/libc.ts';
import { fetch, serveLoaders } from './served.ts';

type Opened = { fd: number; address: Buffer; close: () => void };

/** Sockets on free ports of the loopback. dgram, which knows the port, reads nothing before the event loop turns. */
function sockets(t: TestContext, count: number): Opened[] {
  return Array.from({ length: count }, () => {
    const fd = udpSocket();
    const any = socketAddress('127.0.0.1', 0);
    assert.equal(libc().bind(fd, any, any.length), 0);
    const socket = createSocket('udp4').bind({ fd });
    const address = socketAddress('127.0.0.1', socket.address().port);
    let isOpen = true;
    const close = (): void => {
      if (isOpen) socket.close();
      isOpen = false;
    };
    t.after(close);
    return { fd, address, close };
  });
}

function say(from: Opened, to: Opened, text: string): void {
  assert.equal(sendNow(from.fd, Buffer.from(text), to.address), undefined);
}

function nothing(): void {}

/** A clock by which each look at it takes a tenth of a millisecond. */
function slowly(): () => number {
  let now = 0;
  return () => {
    now += 0.1;
    return now;
  };
}

describe('ready sockets', () => {
  it('give what has come to each of many, with its sender', (t) => {
    const ready = new ReadySockets(slowly());
    const all = sockets(t, 10);
    const [sender] = all;
    assert.ok(sender);
    const taken: string[] = [];
    for (const [index, { fd }] of all.entries()) {
      ready.add(fd, (bytes, from) => taken.push(`${index} ${bytes} ${from.equals(sender.address)}`));
    }
    for (const to of all.slice(3, 6)) say(sender, to, 'hello');
    ready.take(sender.fd, () => taken.push('first'));
    assert.deepEqual(taken.splice(0).sort(), ['3 hello true', '4 hello true', '5 hello true', 'first']);
    ready.remove(all[3]?.fd ?? -1);
    for (const { address } of all.slice(3, 5)) sendNow(sender.fd, Buffer.alloc(3000), address);
    ready.take(sender.fd, nothing);
    assert.equal(taken.length, 1);
    ready.close();
  });

  it('give a lone one what comes while it answers', (t) => {
    const ready = new ReadySockets(slowly());
    const [socket, client] = sockets(t, 2);
    assert.ok(socket && client);
    const taken: string[] = [];
    ready.add(socket.fd, (bytes) => {
      taken.push(bytes.toString());
      if (taken.length < 3) say(client, socket, `answer ${taken.length}`);
    });
    say(client, socket, 'question');
    ready.take(socket.fd, nothing);
    assert.deepEqual(taken, ['question', 'answer 1', 'answer 2']);
    ready.close();
  });

  for (const count of [1, 20]) {
    it(`of which there ${count === 1 ? 'is one' : 'are many'} let the event loop turn, though there is always more`, async (t) => {
      const ready = new ReadySockets(slowly());
      const [client, ...all] = sockets(t, count + 1);
      const [first] = all;
      assert.ok(client && first);
      let taken = 0;
      let isEnough = false;
      for (const socket of all) {
        ready.add(socket.fd, () => {
          taken++;
          if (!isEnough) say(client, socket, 'more');
        });
        say(client, socket, 'begin');
      }
      ready.take(first.fd, nothing);
      const before = taken;
      assert.ok(before > count, `${before} in a turn`);
      // Handed over by dgram, in a turn that is over: not before the next.
      let isTaken = false;
      ready.take(first.fd, () => {
        isTaken = true;
      });
      assert.equal(isTaken, false);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(isTaken, true);
      assert.ok(taken > before, 'goes on by itself');
      isEnough = true;
      for (const { close } of [client, ...all]) close();
      ready.close();
      await new Promise((resolve) => setImmediate(resolve));
    });
  }

  it('give one that was closed meanwhile nothing', async (t) => {
    const ready = new ReadySockets(slowly());
    const [socket, client] = sockets(t, 2);
    assert.ok(socket && client);
    let isClosed = false;
    ready.add(socket.fd, () => {
      assert.equal(isClosed, false);
      say(client, socket, 'more');
    });
    say(client, socket, 'begin');
    ready.take(socket.fd, nothing);
    ready.remove(socket.fd);
    for (const { close } of [socket, client]) close();
    isClosed = true;
    await new Promise((resolve) => setImmediate(resolve));
    ready.close();
  });

  it('bring every one of many clients its whole file', { timeout: 60_000 }, async () => {
    const content = Buffer.alloc(100_000, 'content');
    const { port, close } = await serveLoaders({ loader: content });
    const fetched = await Promise.all(
      Array.from({ length: 40 }, (_, index) => fetch(port, 'loader', index % 2 === 0 ? {} : { windowsize: 4 })),
    );
    assert.ok(fetched.every((each) => each.equals(content)));
    await close();
  });
});
