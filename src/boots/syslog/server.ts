/** Syslog over UDP (RFC 5426): nothing is ever answered. */
import { createSocket, type Socket } from 'node:dgram';
import type { Logger } from 'pino';
import { Admission } from './admission.ts';
import { parseSyslog, type SyslogMessage } from './message.ts';

/** A message that was taken. */
export interface Heard {
  message: SyslogMessage;
  /** IPv4 address. */
  from: string;
  /** Messages of the same sender before it that were left out, because there were too many. */
  missed: number;
}

export interface SyslogOptions {
  /** IPv4 addresses to listen on. */
  addresses: readonly string[];
  /** 0 picks a free one for each. */
  port: number;
  heard(heard: Heard): void;
  log: Logger;
  clock(): number;
  admission?: Admission;
}

export interface SyslogServer {
  endpoints: readonly { address: string; port: number }[];
  close(): Promise<void>;
}

/** A kernel that says much at once is heard while the process is busy. */
const RECEIVE_BUFFER = 1 << 20;

/** Binds and listens. Rejects with the socket's error when an address cannot be bound; then none is. */
export async function startSyslog(options: SyslogOptions): Promise<SyslogServer> {
  const { addresses, port, heard, log, clock, admission = new Admission() } = options;
  const sockets: Socket[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sockets.splice(0).map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  };
  const listen = (address: string): Promise<Socket> => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject);
        socket.on('error', (error) => log.warn({ err: error, address }, 'syslog socket'));
        socket.on('message', (datagram, { address: from }) => {
          const missed = admission.admit(from, clock());
          if (missed !== undefined) heard({ message: parseSyslog(datagram), from, missed });
        });
        resolve(socket);
      });
    });
  };
  try {
    for (const address of addresses) sockets.push(await listen(address));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoints: sockets.map((socket) => ({ address: socket.address().address, port: socket.address().port })),
    close,
  };
}
