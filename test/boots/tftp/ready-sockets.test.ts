import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { libc, sendNow, socketAddress, udpSocket } from '../../../src/boots/libc.ts';
import { ReadySockets } from '../../../src/boots/tftp/ready-sockets.ts';
import { fetch, serveLoaders } from './served.ts';

type Opened = { fd: number; address: Buffer; close: () => void };

/** Sockets on free ports of the loopback. dgram, which knows the port, reads nothing before the event loop turns. */
function sockets(count: number): Opened[] {
  return Array.from({ length: count }, () => {
    const fd = udpSocket();
    const any = socketAddress('127.0.0.1', 0);
    assert.equal(libc().bind(fd, any, any.length), 0);
    const socket = createSocket('udp4').bind({ fd });
    return { fd, address: socketAddress('127.0.0.1', socket.address().port), close: () => socket.close() };
  });
}

describe('ready sockets', () => {
  it('give what has come to each of many, with its sender', () => {
    const ready = new ReadySockets();
    const all = sockets(10);
    const sender = all[0];
    assert.ok(sender);
    const taken: string[] = [];
    for (const [index, { fd }] of all.entries()) {
      ready.add(fd, (bytes, from) => taken.push(`${index} ${bytes} ${from.equals(sender.address)}`));
    }
    for (const { address } of all.slice(3, 6))
      assert.equal(sendNow(sender.fd, Buffer.from('hello'), address), undefined);
    ready.takeAll();
    assert.deepEqual(taken.sort(), ['3 hello true', '4 hello true', '5 hello true']);
    ready.remove(all[3]?.fd ?? -1);
    for (const { address } of all.slice(3, 5)) sendNow(sender.fd, Buffer.alloc(3000), address);
    ready.takeAll();
    assert.equal(taken.length, 4);
    for (const { close } of all) close();
    ready.close();
  });

  it('are left to dgram while they are few', () => {
    const ready = new ReadySockets();
    const all = sockets(2);
    for (const { fd } of all) ready.add(fd, () => assert.fail('taken'));
    for (const { fd, address } of all) sendNow(fd, Buffer.from('x'), address);
    ready.takeAll();
    for (const { close } of all) close();
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
