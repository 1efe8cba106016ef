/**
 * A packet socket (packet(7)) that hears what comes to a DHCP client on one interface: UDP port 68, before firewall and
 * routing. It works on an interface without an address, and beside whatever has port 68 already (the DHCP client of this
 * computer), which hears everything too and drops what it did not ask for.
 */
import koffi from 'koffi';
import { TinsmithError } from '../../errors.ts';
import { errno, frameSocket, libc, linkAddress, SOL_SOCKET } from '../../system/libc.ts';
import { type Link, linkOf } from '../link.ts';
import { type Frame, readFrame, writeFrame } from './frames.ts';

const SO_ATTACH_FILTER = 26;
const ETH_P_IP = 0x0800;
/** Larger than any frame without jumbo frames, which no DHCP server sends. */
const FRAME_BYTES = 2048;
/** Node cannot wait for a packet socket: it is asked this often while somebody listens, ms. */
const POLL_MS = 10;
/** What is read at once at the utmost, so that a flood holds nobody up. */
const BATCH = 64;

/** The port that DHCP clients listen on. */
export const CLIENT_PORT = 68;

/** Classic BPF (`tcpdump -dd 'udp dst port 68'`), or else all the traffic of the interface would be read here. */
const FILTER: readonly (readonly [code: number, jumpTrue: number, jumpFalse: number, value: number])[] = [
  [0x28, 0, 0, 12],
  [0x15, 0, 8, ETH_P_IP],
  [0x30, 0, 0, 23],
  [0x15, 0, 6, 17],
  [0x28, 0, 0, 20],
  [0x45, 4, 0, 0x1fff],
  [0xb1, 0, 0, 14],
  [0x48, 0, 0, 16],
  [0x15, 0, 1, CLIENT_PORT],
  [0x06, 0, 0, 0x40000],
  [0x06, 0, 0, 0],
];

interface PacketCalls {
  send(fd: number, bytes: Buffer, length: number, flags: number): number;
  attach(fd: number, level: number, name: number, program: { len: number; filter: Buffer }, length: number): number;
}

let loaded: PacketCalls | undefined;

function calls(): PacketCalls {
  if (loaded === undefined) {
    const library = koffi.load('libc.so.6');
    koffi.struct('sock_fprog', { len: 'uint16', filter: 'const void *' });
    loaded = {
      send: library.func('intptr send(int, const void *, size_t, int)'),
      attach: library.func('int setsockopt(int, int, int, const sock_fprog *, uint32_t)'),
    };
  }
  return loaded;
}

/** The client's end of a cable. */
export interface ClientSocket {
  link: Link;
  /** @throws Error where the interface does not take it, as one that has gone down */
  send(frame: Frame): void;
  close(): void;
}

/**
 * Opens one, and tells of each datagram that comes for a client until it is closed.
 * @throws TinsmithError NOT_FOUND for an interface that is not there, UNAVAILABLE for one that is down or no Ethernet,
 *   FORBIDDEN without the right to packet sockets
 */
export function openClientSocket(name: string, heard: (frame: Frame) => void): ClientSocket {
  const link = linkOf(name);
  if (link === undefined)
    throw new TinsmithError('NOT_FOUND', `There is no interface ${name} here.`, {
      next: '"ip -brief link" lists the interfaces.',
    });
  if (link.mac === undefined) throw new TinsmithError('UNAVAILABLE', `The interface ${name} is no Ethernet.`);
  if (!link.up)
    throw new TinsmithError('UNAVAILABLE', `The interface ${name} is down.`, { next: `ip link set ${name} up` });
  const { bind, close, recv } = libc();
  const fd = frameSocket();
  if (fd < 0) throw refused('socket', name);
  const filter = Buffer.alloc(FILTER.length * 8);
  FILTER.forEach(([code, jumpTrue, jumpFalse, value], at) => {
    filter.writeUInt16LE(code, at * 8);
    filter[at * 8 + 2] = jumpTrue;
    filter[at * 8 + 3] = jumpFalse;
    filter.writeUInt32LE(value, at * 8 + 4);
  });
  const program = { len: FILTER.length, filter };
  const address = linkAddress(ETH_P_IP, link.index);
  // Bound only once it has its filter: before, it would be given everything.
  if (
    calls().attach(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, koffi.sizeof('sock_fprog')) < 0 ||
    bind(fd, address, address.length) < 0
  ) {
    const error = refused('bind', name);
    close(fd);
    throw error;
  }
  const bytes = Buffer.alloc(FRAME_BYTES);
  const timer = setInterval(() => {
    for (let count = 0; count < BATCH; count++) {
      const length = recv(fd, bytes, bytes.length, 0);
      // Nothing more, or an interface that went down: that it is silent is all there is to say.
      if (length < 0) return;
      const frame = readFrame(Buffer.from(bytes.subarray(0, length)));
      if (frame) heard(frame);
    }
  }, POLL_MS);
  let open = true;
  return {
    link,
    send(frame) {
      const written = writeFrame(frame);
      if (calls().send(fd, written, written.length, 0) < 0)
        throw new Error(`${name} does not take a packet: ${errno().code}`);
    },
    close() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      close(fd);
    },
  };
}

function refused(call: string, name: string): TinsmithError {
  const { code } = errno();
  return code === 'EPERM' || code === 'EACCES'
    ? new TinsmithError(
        'FORBIDDEN',
        `${name} cannot be listened on as a DHCP client: this needs root, or CAP_NET_RAW.`,
        {
          next: 'Run it with sudo.',
        },
      )
    : new TinsmithError('UNAVAILABLE', `${name} cannot be listened on as a DHCP client: ${call} ${code}.`);
}
