/** A small TFTP client: a file as firmware fetches it, block by block. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { printable } from '../../boots/dhcp/options.ts';
import { bindToInterface } from '../../boots/interface-socket.ts';
import { PLAYED_BY } from '../../boots/played.ts';
import { decode, encode, type TftpPacket } from '../../boots/tftp/packet.ts';
import { messageOf } from '../../errors.ts';
import type { Fetched, From } from './fetch.ts';
import { ENOUGH_BYTES } from './program.ts';
import type { Place } from './select.ts';

/** What EDK2 asks for. */
const BLOCK_BYTES = 1468;
const RETRY_MS = 1000;
const TRIES = 5;
/** No boot program is larger; what is behind it is not fetched. */
const MOST_BYTES = 64 * 1024 * 1024;
const ERROR_SEEN_ENOUGH = { kind: 'error', code: 0, message: 'seen enough' } as const;

/** Never rejects. */
export async function fetchTftp(
  { host: named, port, file }: Extract<Place, { protocol: 'tftp' }>,
  from: From,
): Promise<Fetched> {
  const begun = performance.now();
  let host: string;
  let fd: number;
  try {
    host = isIPv4(named) ? named : (await lookup(named, 4)).address;
    fd = bindToInterface({ interfaceName: from.interface, port: 0 });
  } catch (error) {
    return { ok: false, why: messageOf(error) };
  }
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<Fetched>();
  const head: Buffer[] = [];
  let last: { packet: TftpPacket; port: number } = {
    packet: {
      ...{ kind: 'read-request', file, mode: 'octet' },
      options: [
        { name: 'tsize', value: '0' },
        { name: 'blksize', value: String(BLOCK_BYTES) },
        { name: PLAYED_BY, value: '1' },
      ],
    },
    port,
  };
  let transfer: number | undefined;
  let block = 0;
  let bytes = 0;
  let size = 512;
  let options = 'none';
  let tries = 0;
  let timer: NodeJS.Timeout | undefined;
  const fail = (why: string): void => resolve({ ok: false, why });
  const send = (packet: TftpPacket, to: number): void => {
    last = { packet, port: to };
    tries = 0;
    again();
  };
  const again = (): void => {
    clearTimeout(timer);
    if (tries++ >= TRIES) {
      fail(`${host} ${bytes === 0 ? 'does not answer TFTP' : `fell silent after ${bytes} bytes`}`);
      return;
    }
    socket.send(encode(last.packet), last.port, host, (error) => {
      if (error) fail(`${host} cannot be sent to: ${error.message}`);
    });
    timer = setTimeout(again, RETRY_MS);
  };
  socket.on('error', (error) => fail(error.message));
  socket.on('message', (datagram, sender) => {
    // The answer comes from a port of its own (RFC 1350 section 4); whoever else sends is not meant.
    if (sender.address !== host || (transfer !== undefined && sender.port !== transfer)) return;
    const packet = decode(datagram);
    switch (packet.kind) {
      case 'error':
        return resolve({
          ok: false,
          why: `${host} says: ${printable(packet.message)} (TFTP error ${packet.code})`,
        });
      case 'oack':
        if (block > 0) return;
        transfer = sender.port;
        size = Number(packet.options.find(({ name }) => name === 'blksize')?.value ?? 512);
        options = packet.options.map(({ name, value }) => `${name} ${value}`).join(', ');
        return send({ kind: 'ack', block: 0 }, transfer);
      case 'data': {
        transfer = sender.port;
        if (packet.block !== ((block + 1) & 0xffff)) return;
        block += 1;
        if (bytes < ENOUGH_BYTES) head.push(Buffer.from(packet.data));
        bytes += packet.data.length;
        const isLast = packet.data.length < size;
        if (!isLast && bytes < MOST_BYTES) return send({ kind: 'ack', block: block & 0xffff }, transfer);
        clearTimeout(timer);
        const end: TftpPacket = isLast ? { kind: 'ack', block: block & 0xffff } : ERROR_SEEN_ENOUGH;
        const ms = Math.round(performance.now() - begun);
        return socket.send(encode(end), transfer, host, () =>
          resolve({ ok: true, bytes, ms, head: Buffer.concat(head), options }),
        );
      }
      case 'ack':
      case 'read-request':
      case 'write-request':
      case 'malformed':
        return;
    }
  });
  socket.bind({ fd }, again);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
