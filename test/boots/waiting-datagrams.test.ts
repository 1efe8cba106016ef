import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WaitingDatagrams } from '../../src/boots/waiting-datagrams.ts';
import { libc, sendNow, socketAddress, udpSocket } from '../../src/system/libc.ts';

/** A socket in which datagrams with the numbers from 0 on wait, and what sends it the next one. */
async function socketWith(count: number, t: TestContext) {
  const fd = udpSocket();
  t.after(() => void libc().close(fd));
  const free = createSocket('udp4').bind(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  await new Promise<void>((closed) => void free.close(() => closed()));
  const to = socketAddress('127.0.0.1', port);
  assert.equal(libc().bind(fd, to, to.length), 0);
  const sender = udpSocket();
  t.after(() => void libc().close(sender));
  let number = 0;
  // On the loopback a datagram is there when it is sent.
  const send = (): void => assert.equal(sendNow(sender, Buffer.from(`${number++}`), to), undefined);
  while (number < count) send();
  return { fd, send };
}

const noRest = (): never => assert.fail('it is no storm');

test('all that wait are given, each with its own bytes and where it came from', async (t) => {
  const { fd } = await socketWith(40, t);
  // A clock that stands still: no turn is over by the time that it takes.
  const waiting = new WaitingDatagrams(fd, noRest, () => 0);
  const taken: Buffer[] = [];
  waiting.take((bytes, from) => {
    assert.equal(from.address, '127.0.0.1');
    assert.ok(from.port > 0);
    taken.push(bytes);
  });
  assert.deepEqual(
    taken.map(String),
    Array.from({ length: 40 }, (_, number) => `${number}`),
  );
});

test('a turn of the event loop has one share, however often dgram asks in it; the rest comes in the next ones', async (t) => {
  const { fd } = await socketWith(100, t);
  let now = 0;
  const waiting = new WaitingDatagrams(fd, noRest, () => now);
  const taken: string[] = [];
  const take = (): number => {
    const before = taken.length;
    waiting.take((bytes) => {
      now++;
      taken.push(String(bytes));
    });
    return taken.length - before;
  };
  const first = take();
  assert.ok(first > 0 && first < 100, `${first} in the first turn`);
  for (let again = 0; again < 31; again++) assert.equal(take(), 0);
  while (taken.length < 100) {
    await nextTurn();
    assert.ok(take() > 0);
  }
  assert.deepEqual(
    taken,
    Array.from({ length: 100 }, (_, number) => `${number}`),
  );
});

test('in a storm it is waited for more as long as that brings some, but not for long', async (t) => {
  const { fd, send } = await socketWith(1, t);
  let now = 0;
  let left = 0;
  let rests = 0;
  const waiting = new WaitingDatagrams(
    fd,
    (microseconds) => {
      now += microseconds / 1000;
      rests++;
      if (left-- > 0) send();
    },
    () => now,
  );
  const taken: string[] = [];
  const take = (coming: number) => {
    [left, rests] = [coming, 0];
    waiting.take((bytes) => taken.push(String(bytes)));
    return { taken: taken.splice(0), rests };
  };
  assert.deepEqual(take(3), { taken: ['0'], rests: 0 }, 'after a silence');
  now += 0.5;
  send();
  assert.deepEqual(take(2), { taken: ['1', '2', '3'], rests: 3 });
  assert.deepEqual(take(0), { taken: [], rests: 1 });
  assert.deepEqual(take(1000), { taken: ['4', '5', '6', '7'], rests: 4 });
  now += 2;
  send();
  assert.equal(take(3).rests, 0, 'after a silence again');
});
