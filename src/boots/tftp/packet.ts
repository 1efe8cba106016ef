/**
 * The TFTP wire format: RFC 1350 (requests, DATA, ACK, ERROR) and RFC 2347 (options, OACK). Pure: bytes in, a typed packet
 * or a typed reason out, and back.
 */

/** An option as asked for or acknowledged. Names are case-insensitive (RFC 2347), so they are kept in lower case. */
export type TftpOption = { name: string; value: string };

export type TftpPacket =
  | { kind: 'read-request'; file: string; mode: string; options: TftpOption[] }
  | { kind: 'write-request'; file: string; mode: string; options: TftpOption[] }
  | { kind: 'data'; block: number; data: Buffer }
  | { kind: 'ack'; block: number }
  | { kind: 'error'; code: number; message: string }
  | { kind: 'oack'; options: TftpOption[] };

/** Why bytes are no TFTP packet. `request` says whether they claim to be one (opcode 1 or 2), which deserves an answer. */
export type Malformed = {
  kind: 'malformed';
  reason:
    | 'too-short'
    | 'unknown-opcode'
    | 'unterminated-string'
    | 'too-long'
    | 'too-many-options'
    | 'option-without-value';
  sentence: string;
  request: boolean;
};

/** ERROR codes (RFC 1350 appendix, RFC 2347). */
export const ERROR_CODE = {
  SEE_MESSAGE: 0,
  NOT_FOUND: 1,
  ACCESS_VIOLATION: 2,
  ILLEGAL_OPERATION: 4,
  UNKNOWN_TRANSFER: 5,
  OPTIONS_REFUSED: 8,
} as const;

/** Bytes before the data of a DATA packet. */
export const DATA_HEADER = 4;

/** RFC 2347: "The maximum size of a request packet is 512 octets". OACKs are held to the same. */
const LONGEST_REQUEST = 512;
/** RFC 2348. */
const LONGEST_DATA = 65464;
const LONGEST_MESSAGE = 512;
/** The RFCs define four; more than this is no boot firmware. */
const MOST_OPTIONS = 16;

const OPCODE = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** Reads one datagram. Never throws; the data of a DATA packet shares memory with `bytes`. */
export function decode(bytes: Buffer): TftpPacket | Malformed {
  if (bytes.length < 2) return malformed('too-short', `a datagram of ${bytes.length} bytes has no opcode`);
  const opcode = bytes.readUInt16BE(0);
  switch (opcode) {
    case OPCODE.ack:
      if (bytes.length < 4) return malformed('too-short', 'an ACK without a block number');
      return { kind: 'ack', block: bytes.readUInt16BE(2) };
    case OPCODE.rrq:
      return decodeRequest('read-request', bytes);
    case OPCODE.wrq:
      return decodeRequest('write-request', bytes);
    case OPCODE.data:
      if (bytes.length < DATA_HEADER) return malformed('too-short', 'DATA without a block number');
      if (bytes.length > DATA_HEADER + LONGEST_DATA) return malformed('too-long', `DATA of ${bytes.length} bytes`);
      return { kind: 'data', block: bytes.readUInt16BE(2), data: bytes.subarray(DATA_HEADER) };
    case OPCODE.error:
      return decodeError(bytes);
    case OPCODE.oack: {
      if (bytes.length > LONGEST_REQUEST) return malformed('too-long', `an OACK of ${bytes.length} bytes`);
      const options = decodeOptions(bytes, 2, false);
      return Array.isArray(options) ? { kind: 'oack', options } : options;
    }
    default:
      return malformed('unknown-opcode', `there is no TFTP opcode ${opcode}`);
  }
}

function malformed(reason: Malformed['reason'], sentence: string, request = false): Malformed {
  return { kind: 'malformed', reason, sentence, request };
}

function decodeRequest(kind: 'read-request' | 'write-request', bytes: Buffer): TftpPacket | Malformed {
  if (bytes.length > LONGEST_REQUEST) {
    return malformed('too-long', `a request of ${bytes.length} bytes (RFC 2347 allows ${LONGEST_REQUEST})`, true);
  }
  const fileEnd = bytes.indexOf(0, 2);
  if (fileEnd < 0) return malformed('unterminated-string', 'the file name does not end', true);
  const modeEnd = bytes.indexOf(0, fileEnd + 1);
  if (modeEnd < 0) return malformed('unterminated-string', 'the mode does not end', true);
  const options = decodeOptions(bytes, modeEnd + 1, true);
  if (!Array.isArray(options)) return options;
  const file = bytes.toString('utf8', 2, fileEnd);
  const mode = bytes.toString('latin1', fileEnd + 1, modeEnd).toLowerCase();
  return { kind, file, mode, options };
}

function decodeOptions(bytes: Buffer, start: number, request: boolean): TftpOption[] | Malformed {
  const options: TftpOption[] = [];
  let at = start;
  while (at < bytes.length) {
    // Some firmware pads its requests with zeros to a fixed length.
    if (bytes[at] === 0 && bytes.subarray(at).every((byte) => byte === 0)) break;
    if (options.length === MOST_OPTIONS) return malformed('too-many-options', `over ${MOST_OPTIONS} options`, request);
    const nameEnd = bytes.indexOf(0, at);
    if (nameEnd < 0) return malformed('unterminated-string', 'the name of an option does not end', request);
    const name = bytes.toString('latin1', at, nameEnd).toLowerCase();
    if (nameEnd + 1 >= bytes.length) {
      return malformed('option-without-value', `option ${JSON.stringify(name)} has no value`, request);
    }
    const valueEnd = bytes.indexOf(0, nameEnd + 1);
    if (valueEnd < 0) {
      return malformed('unterminated-string', `the value of option ${JSON.stringify(name)} does not end`, request);
    }
    options.push({ name, value: bytes.toString('latin1', nameEnd + 1, valueEnd) });
    at = valueEnd + 1;
  }
  return options;
}

function decodeError(bytes: Buffer): TftpPacket | Malformed {
  if (bytes.length < 4) return malformed('too-short', 'an ERROR without a code');
  // The terminating zero is often missing in the field, and the message is only for people.
  const zero = bytes.indexOf(0, 4);
  const end = Math.min(zero < 0 ? bytes.length : zero, 4 + LONGEST_MESSAGE);
  return { kind: 'error', code: bytes.readUInt16BE(2), message: bytes.toString('utf8', 4, end) };
}

/** Writes one packet. Strings must not contain NUL, names and values of options are single-byte text. */
export function encode(packet: TftpPacket): Buffer {
  switch (packet.kind) {
    case 'read-request':
    case 'write-request':
      return Buffer.concat([
        Buffer.from([0, packet.kind === 'read-request' ? OPCODE.rrq : OPCODE.wrq]),
        Buffer.from(`${packet.file}\0`, 'utf8'),
        Buffer.from(`${packet.mode}\0`, 'latin1'),
        encodeOptions(packet.options),
      ]);
    case 'data': {
      const bytes = Buffer.allocUnsafe(DATA_HEADER + packet.data.length);
      writeDataHeader(bytes, 0, packet.block);
      packet.data.copy(bytes, DATA_HEADER);
      return bytes;
    }
    case 'ack':
      return Buffer.from([0, OPCODE.ack, (packet.block >> 8) & 0xff, packet.block & 0xff]);
    case 'error':
      return Buffer.concat([
        Buffer.from([0, OPCODE.error, packet.code >> 8, packet.code & 0xff]),
        Buffer.from(`${packet.message}\0`, 'utf8'),
      ]);
    case 'oack':
      return Buffer.concat([Buffer.from([0, OPCODE.oack]), encodeOptions(packet.options)]);
  }
}

function encodeOptions(options: readonly TftpOption[]): Buffer {
  return Buffer.from(options.map(({ name, value }) => `${name}\0${value}\0`).join(''), 'latin1');
}

/** Writes a DATA packet's header at `at`. `block` counts from 1 without end; its low 16 bits go out. */
export function writeDataHeader(target: Buffer, at: number, block: number): void {
  target[at] = 0;
  target[at + 1] = OPCODE.data;
  target[at + 2] = (block >> 8) & 0xff;
  target[at + 3] = block & 0xff;
}
