/** What a server answered to a client: an OFFER, an ACK or a NAK, read for what it gives. Pure. */
import { decode } from '../dhcp/index.ts';
import {
  MessageType,
  NO_ADDRESS,
  Option,
  PxeSubOption,
  readAddress,
  readAddresses,
  readSubOptions,
  readText,
  readU8,
  readU32,
} from '../dhcp/options.ts';
import { BOOTREPLY, type DhcpPacket } from '../dhcp/packet.ts';
import type { Frame } from './frames.ts';

/** An answer of a server. Texts are as sent: for a terminal they must be made harmless. */
export interface Answer {
  xid: number;
  type: 'OFFER' | 'ACK' | 'NAK';
  /** Its identifier (option 54); the address that the answer came from, where it names none. */
  server: string;
  /** Where the datagram came from: the server, or a relay agent. */
  source: string;
  /** MAC address of whoever sent the frame: the server, or on another network the relay agent or router. */
  mac: string;
  /** What it gives a computer for its network; undefined: no address, as a ProxyDHCP server. */
  lease: Lease | undefined;
  /** What it tells firmware to boot; undefined: nothing. */
  boot: BootTold | undefined;
  /** Option 56: why it was refused. */
  message: string | undefined;
}

export interface Lease {
  address: string;
  netmask: string | undefined;
  router: string | undefined;
  nameServers: string[];
  /** Seconds. */
  seconds: number | undefined;
}

export interface BootTold {
  /** Option 60: `PXEClient` or `HTTPClient`. */
  vendorClass: string | undefined;
  /** A path for TFTP, or a URL. */
  file: string | undefined;
  /** Server that has the file, where it is said. */
  fileServer: string | undefined;
  /** Whether the client is to take that file and ask nobody else (option 43, sub-option 6, bit 3). */
  useFile: boolean;
  /** Types of boot servers among which a menu lets choose (sub-option 9), its default first. */
  menu: number[];
}

const TYPES = new Map<number | undefined, Answer['type']>([
  [MessageType.OFFER, 'OFFER'],
  [MessageType.ACK, 'ACK'],
  [MessageType.NAK, 'NAK'],
]);
const DHCP_SERVER_PORTS: readonly number[] = [67, 4011];
const USE_BOOT_FILE = 8;

/** Reads a datagram; undefined where it is no answer of a DHCP server. */
export function readAnswer({ payload, source, sourceMac, sourcePort }: Frame): Answer | undefined {
  const decoded = decode(payload);
  if (decoded.kind === 'malformed') return undefined;
  const { packet } = decoded;
  const type = TYPES.get(readU8(packet.options, Option.DHCP_MESSAGE_TYPE));
  if (packet.op !== BOOTREPLY || type === undefined) return undefined;
  // A boot server answers from a port of its own at times; an OFFER from elsewhere is made up by somebody.
  if (type === 'OFFER' && !DHCP_SERVER_PORTS.includes(sourcePort)) return undefined;
  return {
    xid: packet.xid,
    type,
    server: readAddress(packet.options, Option.SERVER_IDENTIFIER) ?? source,
    source,
    mac: sourceMac,
    lease: leaseOf(packet),
    boot: bootOf(packet),
    message: readText(packet.options, Option.MESSAGE),
  };
}

function leaseOf({ yiaddr, options }: DhcpPacket): Lease | undefined {
  if (yiaddr === NO_ADDRESS) return undefined;
  return {
    address: yiaddr,
    netmask: readAddress(options, Option.SUBNET_MASK),
    router: readAddresses(options, Option.ROUTER)[0],
    nameServers: readAddresses(options, Option.DOMAIN_NAME_SERVER),
    seconds: readU32(options, Option.IP_ADDRESS_LEASE_TIME),
  };
}

function bootOf({ file, sname, siaddr, options }: DhcpPacket): BootTold | undefined {
  const vendorClass = readText(options, Option.VENDOR_CLASS_IDENTIFIER);
  const named = readText(options, Option.BOOTFILE_NAME) || file || undefined;
  const vendor = readSubOptions(options, Option.VENDOR_SPECIFIC_INFORMATION);
  const isPxe = vendorClass?.startsWith('PXEClient') ?? false;
  const menu = isPxe ? menuOf(vendor.get(PxeSubOption.BOOT_MENU)) : [];
  if (named === undefined && !isPxe && !vendorClass?.startsWith('HTTPClient')) return undefined;
  const control = vendor.get(PxeSubOption.DISCOVERY_CONTROL)?.[0] ?? 0;
  const isThere = (address: string) => (address === NO_ADDRESS ? undefined : address);
  return {
    vendorClass,
    file: named,
    fileServer: isThere(siaddr) ?? (readText(options, Option.TFTP_SERVER_NAME) || sname || undefined),
    useFile: isPxe && (control & USE_BOOT_FILE) !== 0,
    menu,
  };
}

/** Entries of two bytes of type, one of length and a text; type 0 means the local disk. */
function menuOf(value: Buffer | undefined): number[] {
  const types: number[] = [];
  for (let at = 0; value !== undefined && at + 3 <= value.length; at += 3 + (value[at + 2] ?? 0))
    types.push(value.readUInt16BE(at));
  return types.filter((type) => type !== 0);
}
