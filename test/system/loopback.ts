/** A socket on a free port of the loopback, which sends at once and keeps what it hears. */
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Endpoint, libc, sendNow, socketAddress, udpSocket } from '../../src/system/libc.ts';

export class Peer {
  readonly fd = udpSocket();
  readonly endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #heard: { bytes: Buffer; from: RemoteInfo }[] = [];

  constructor() {
    const any = socketAddress('127.0.0.1', 0);
    assert.equal(libc().bind(this.fd, any, any.length), 0);
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }).bind({ fd: this.fd });
    this.#socket.on('message', (bytes, from) => this.#heard.push({ bytes, from }));
    this.endpoint = { address: '127.0.0.1', port: this.#socket.address().port };
  }

  say(to: Endpoint, bytes: Buffer | string): void {
    assert.equal(sendNow(this.fd, Buffer.from(bytes), socketAddress(to.address, to.port)), undefined);
  }

  /** The datagram that was heard first of those not told yet. */
  async next(): Promise<{ bytes: Buffer; from: RemoteInfo }> {
    for (;;) {
      const first = this.#heard.shift();
      if (first !== undefined) return first;
      await once(this.#socket, 'message');
    }
  }

  close(): void {
    this.#socket.close();
  }
}
