/** DHCP options by the names of RFC 2132 and the RFCs noted. */
export const Option = {
  PAD: 0,
  SUBNET_MASK: 1,
  ROUTER: 3,
  DOMAIN_NAME_SERVER: 6,
  HOST_NAME: 12,
  DOMAIN_NAME: 15,
  INTERFACE_MTU: 26,
  BROADCAST_ADDRESS: 28,
  NTP_SERVERS: 42,
  VENDOR_SPECIFIC_INFORMATION: 43,
  REQUESTED_IP_ADDRESS: 50,
  IP_ADDRESS_LEASE_TIME: 51,
  OPTION_OVERLOAD: 52,
  DHCP_MESSAGE_TYPE: 53,
  SERVER_IDENTIFIER: 54,
  PARAMETER_REQUEST_LIST: 55,
  MESSAGE: 56,
  MAXIMUM_DHCP_MESSAGE_SIZE: 57,
  RENEWAL_TIME: 58,
  REBINDING_TIME: 59,
  VENDOR_CLASS_IDENTIFIER: 60,
  CLIENT_IDENTIFIER: 61,
  TFTP_SERVER_NAME: 66,
  BOOTFILE_NAME: 67,
  /** RFC 3004. */
  USER_CLASS: 77,
  /** RFC 3046. */
  RELAY_AGENT_INFORMATION: 82,
  /** RFC 4578. */
  CLIENT_SYSTEM_ARCHITECTURE: 93,
  /** RFC 4578. */
  CLIENT_NETWORK_INTERFACE: 94,
  /** RFC 4578. */
  CLIENT_MACHINE_IDENTIFIER: 97,
  /** RFC 3011. */
  SUBNET_SELECTION: 118,
  /** RFC 3397. */
  DOMAIN_SEARCH: 119,
  /** RFC 3442. */
  CLASSLESS_STATIC_ROUTE: 121,
  /** iPXE's own encapsulated options (ipxe.org/appnote/premature_option_175). */
  IPXE: 175,
  END: 255,
} as const;

/** DHCP message types, RFC 2132 section 9.6. */
export const MessageType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

/** Number of a DHCP message type. */
export type MessageTypeNumber = (typeof MessageType)[keyof typeof MessageType];

const MESSAGE_NAMES = new Map<number, string>(Object.entries(MessageType).map(([name, number]) => [number, name]));

/** `DISCOVER` for 1 and so on; `type 13` for a number without a name here. */
export function messageTypeName(type: number): string {
  return MESSAGE_NAMES.get(type) ?? `type ${type}`;
}

/** Sub-options of option 43 in PXE (PXE 2.1, table 2-1). */
export const PxeSubOption = { DISCOVERY_CONTROL: 6, BOOT_MENU: 9, MENU_PROMPT: 10, BOOT_ITEM: 71 } as const;

/** Sub-options of option 175 of iPXE. */
export const IpxeSubOption = { NO_PXEDHCP: 176 } as const;

/** Options of a packet by number; a value that was sent in parts is one value here (RFC 3396). */
export type Options = ReadonlyMap<number, Buffer>;

/** The address that means none. */
export const NO_ADDRESS = '0.0.0.0';

/** `192.0.2.1` of the four bytes at `offset`, which must be there. */
export function addressAt(bytes: Buffer, offset: number): string {
  // Most fields of a packet say none, and each text costs the ones that it is put together from.
  if (!(bytes[offset] || bytes[offset + 1] || bytes[offset + 2] || bytes[offset + 3])) return NO_ADDRESS;
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** The IPv4 address of an option, or undefined where it is absent or not 4 bytes long. */
export function readAddress(options: Options, code: number): string | undefined {
  const value = options.get(code);
  return value?.length === 4 ? addressAt(value, 0) : undefined;
}

/** The IPv4 addresses of an option; none where it is absent or its length is no multiple of 4. */
export function readAddresses(options: Options, code: number): string[] {
  const value = options.get(code);
  if (value === undefined || value.length % 4 !== 0) return [];
  return Array.from({ length: value.length / 4 }, (_, index) => addressAt(value, index * 4));
}

/** The text of an option, without the NUL that some clients end it with. */
export function readText(options: Options, code: number): string | undefined {
  const value = options.get(code);
  return value?.at(-1) === 0 ? value.toString('utf8').replace(/\0+$/, '') : value?.toString('utf8');
}

/** Text from the network, safe to show in a terminal and to keep. */
export function printable(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?');
}

/** The byte of an option, or undefined where it is absent or not 1 byte long. */
export function readU8(options: Options, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 1 ? value[0] : undefined;
}

/** The 16-bit number of an option, or undefined where it is absent or not 2 bytes long. */
export function readU16(options: Options, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 2 ? value.readUInt16BE(0) : undefined;
}

/** The 32-bit number of an option, or undefined where it is absent or not 4 bytes long. */
export function readU32(options: Options, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 4 ? value.readUInt32BE(0) : undefined;
}

/** The 16-bit numbers of an option (93: a client may name several architectures); an odd last byte is left out. */
export function readU16List(options: Options, code: number): number[] {
  const value = options.get(code);
  const numbers: number[] = [];
  if (value === undefined) return numbers;
  for (let at = 0; at + 1 < value.length; at += 2) numbers.push(value.readUInt16BE(at));
  return numbers;
}

/**
 * Sub-options of an encapsulating option (43, 82, 175), up to END or the first that runs past the end. A pad byte is
 * skipped only in options that have one (43, 175): in option 82 every byte counts (RFC 3046 section 2.0).
 */
export function readSubOptions(options: Options, code: number): Map<number, Buffer> {
  const value = options.get(code) ?? Buffer.alloc(0);
  const framed = code !== Option.RELAY_AGENT_INFORMATION;
  const found = new Map<number, Buffer>();
  let at = 0;
  while (at < value.length) {
    const sub = value.readUInt8(at);
    if (framed && sub === Option.END) break;
    if (framed && sub === Option.PAD) {
      at += 1;
      continue;
    }
    const length = value[at + 1];
    if (length === undefined || at + 2 + length > value.length) break;
    found.set(sub, value.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found;
}

/**
 * User classes of option 77, in both forms met: a list of length-prefixed values (RFC 3004), or bare bytes, as iPXE
 * and Microsoft send it. Bytes that read exactly as a list are one.
 */
export function readUserClasses(options: Options): string[] {
  const value = options.get(Option.USER_CLASS);
  if (value === undefined || value.length === 0) return [];
  const classes: string[] = [];
  let at = 0;
  while (at < value.length) {
    const length = value.readUInt8(at);
    if (length === 0 || at + 1 + length > value.length) return [readText(options, Option.USER_CLASS) ?? ''];
    classes.push(value.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return classes;
}

/** An IPv4 address such as `192.0.2.1` as 4 bytes. */
export function address(dotted: string): Buffer {
  return addresses([dotted]);
}

/** IPv4 addresses as 4 bytes each. */
export function addresses(dotted: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(dotted.length * 4);
  dotted.forEach((one, index) => {
    writeAddress(bytes, one, index * 4);
  });
  return bytes;
}

const ZERO = 48;
const DOT = 46;

/** Writes an IPv4 address into 4 bytes at `offset`. Without the list that splitting it would make: there are some for each packet. */
export function writeAddress(bytes: Buffer, dotted: string, offset: number): void {
  let to = offset;
  let byte = 0;
  for (let at = 0; at < dotted.length; at++) {
    const code = dotted.charCodeAt(at);
    if (code === DOT) {
      bytes[to++] = byte;
      byte = 0;
    } else byte = byte * 10 + code - ZERO;
  }
  bytes[to] = byte;
}

/** Text as the bytes of an option. */
export function text(value: string): Buffer {
  return Buffer.from(value, 'utf8');
}

/** A byte. */
export function u8(value: number): Buffer {
  return Buffer.of(value);
}

/** A 16-bit number, network order. */
export function u16(value: number): Buffer {
  return Buffer.of(value >>> 8, value & 0xff);
}

/** A 32-bit number, network order. */
export function u32(value: number): Buffer {
  return Buffer.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Sub-options as the bytes of an encapsulating option, without END. A value is at most 255 bytes long. */
export function subOptions(entries: Iterable<readonly [code: number, value: Buffer]>): Buffer {
  return Buffer.concat([...entries].flatMap(([code, value]) => [Buffer.of(code, value.length), value]));
}
