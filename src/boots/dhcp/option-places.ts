/** Which options a packet has room for, and where each of them is written. */
import { Option, type Options } from './options.ts';

/** Bytes of the fields for boot file and server name (RFC 2131 figure 1). */
const FILE_BYTES = 128;
const SNAME_BYTES = 64;

/**
 * Which options go first when room is short. The three first are in every reply, and the client's identifier has to go
 * back (RFC 6842 section 3); then what a client cannot boot or be told apart without; options that are not named here come
 * last.
 */
const PRECEDENCE: readonly number[] = [
  Option.DHCP_MESSAGE_TYPE,
  Option.SERVER_IDENTIFIER,
  Option.IP_ADDRESS_LEASE_TIME,
  Option.CLIENT_IDENTIFIER,
  Option.RELAY_AGENT_INFORMATION,
  Option.SUBNET_MASK,
  Option.VENDOR_CLASS_IDENTIFIER,
  Option.BOOTFILE_NAME,
  Option.VENDOR_SPECIFIC_INFORMATION,
  Option.CLIENT_MACHINE_IDENTIFIER,
  Option.ROUTER,
  Option.CLASSLESS_STATIC_ROUTE,
  Option.TFTP_SERVER_NAME,
  Option.IPXE,
  Option.DOMAIN_NAME_SERVER,
  Option.RENEWAL_TIME,
  Option.REBINDING_TIME,
  Option.HOST_NAME,
  Option.BROADCAST_ADDRESS,
  Option.INTERFACE_MTU,
  Option.DOMAIN_NAME,
  Option.SUBNET_SELECTION,
  Option.NTP_SERVERS,
  Option.DOMAIN_SEARCH,
  Option.MESSAGE,
];

/** The place of each option in that order. */
const RANKS = new Uint8Array(256).fill(PRECEDENCE.length);
for (const [rank, code] of PRECEDENCE.entries()) RANKS[code] = rank;

/** Options without which a reply is none. */
const ESSENTIAL = 3;

const EMPTY = Buffer.alloc(0);
const NONE: readonly number[] = [];
/** Option 52 with its one byte. */
const OVERLOAD_BYTES = 3;

/** What of a packet has room for options, where its name is empty. */
interface Fields {
  options: Options;
  sname: string;
  file: string;
}

/** Options by number, in the order in which they are written. */
export interface Placed {
  /** Behind the cookie. */
  chosen: readonly number[];
  inFile: readonly number[];
  inSname: readonly number[];
  /** Those that stay out. */
  dropped: readonly number[];
  /** Bytes of those behind the cookie. */
  size: number;
  /** Value of option 52, which comes first; 0: there is none. */
  overload: number;
}

/**
 * Puts the options in their places: into the `room` bytes behind the cookie, and where they do not fit there, into fields that
 * are empty.
 * @throws RangeError where there is no room for the three options that every reply has
 */
export function placeOptions(packet: Fields, room: number): Placed {
  const plain = chooseOptions(packet.options, room);
  if (plain.dropped.length === 0 || (packet.file !== '' && packet.sname !== '')) return plain;
  const { chosen, dropped: over, size } = chooseOptions(packet.options, room - OVERLOAD_BYTES);
  const inFile: number[] = [];
  const inSname: number[] = [];
  let roomInFile = packet.file === '' ? FILE_BYTES - 1 : 0;
  let roomInSname = packet.sname === '' ? SNAME_BYTES - 1 : 0;
  const dropped: number[] = [];
  for (const code of over) {
    const cost = costOf(packet.options.get(code) ?? EMPTY);
    // Option 82 stands at the end of the options proper, or not at all.
    if (code === Option.RELAY_AGENT_INFORMATION || cost > Math.max(roomInFile, roomInSname)) dropped.push(code);
    else if (cost <= roomInFile) {
      inFile.push(code);
      roomInFile -= cost;
    } else {
      inSname.push(code);
      roomInSname -= cost;
    }
  }
  if (dropped.length >= plain.dropped.length) return plain;
  const overload = (inFile.length > 0 ? 1 : 0) | (inSname.length > 0 ? 2 : 0);
  return { chosen, inFile, inSname, dropped, size: size + OVERLOAD_BYTES, overload };
}

function costOf(value: Buffer): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / 255));
}

/** Takes the options that fit into `room` bytes, the most important first; option 82 is written last (RFC 3046 2.1). */
function chooseOptions(options: Options, room: number): Placed {
  const chosen = byRank(options);
  let size = 0;
  options.forEach((value, code) => {
    if (code !== Option.OPTION_OVERLOAD) size += costOf(value);
  });
  if (size <= room) return { chosen: relayLast(chosen), inFile: NONE, inSname: NONE, dropped: NONE, size, overload: 0 };
  const fitting: number[] = [];
  const dropped: number[] = [];
  size = 0;
  for (const code of chosen) {
    const cost = costOf(options.get(code) ?? EMPTY);
    if (size + cost <= room) {
      size += cost;
      fitting.push(code);
    } else if (rankOf(code) < ESSENTIAL)
      throw new RangeError(`no room for option ${code}, which every reply must have`);
    else dropped.push(code);
  }
  return { chosen: relayLast(fitting), inFile: NONE, inSname: NONE, dropped, size, overload: 0 };
}

function rankOf(code: number): number {
  return RANKS[code] ?? PRECEDENCE.length;
}

/** The most important first, without option 52. Sorted as they are put in: they are few, and nearly in order. */
function byRank(options: Options): number[] {
  const codes: number[] = [];
  options.forEach((_, code) => {
    if (code === Option.OPTION_OVERLOAD) return;
    const rank = rankOf(code);
    let at = codes.length;
    for (; at > 0; at--) {
      const before = codes[at - 1] ?? 0;
      if (rankOf(before) <= rank) break;
      codes[at] = before;
    }
    codes[at] = code;
  });
  return codes;
}

/** Puts option 82 at the end. */
function relayLast(codes: number[]): number[] {
  const at = codes.indexOf(Option.RELAY_AGENT_INFORMATION);
  if (at !== -1) codes.push(...codes.splice(at, 1));
  return codes;
}
