import { addressNumber } from '../../addresses.ts';
import { FOR_EVER_SECONDS } from '../leases/lease.ts';
import type { Configuration } from './configuration.ts';
import type { BootAnswer, Destination, DhcpMode, ResponderContext } from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import {
  address,
  addresses,
  IpxeSubOption,
  type MessageTypeNumber,
  NO_ADDRESS,
  Option,
  PxeSubOption,
  readSubOptions,
  subOptions,
  text,
  u8,
  u16,
  u32,
} from './options.ts';
import { BOOTREPLY, type DhcpPacket } from './packet.ts';
import { raspberryPiMenu } from './raspberry-pi.ts';
import { classlessRoutes, domainSearch } from './routes-and-names.ts';

/** A name of 128 bytes would leave no room for the NUL that some clients look for. */
const LONGEST_FILE = 127;

/** PXE 2.1 table 2-1: bit 3, take the boot file of this message and look for no boot server; then END. */
const USE_BOOT_FILE: readonly [number, Buffer] = [PxeSubOption.DISCOVERY_CONTROL, u8(8)];
const END = Buffer.of(Option.END);
/** Tells iPXE not to wait two seconds for a ProxyDHCP offer. */
const NO_PROXY_DHCP = subOptions([[IpxeSubOption.NO_PXEDHCP, u8(1)]]);
const PXE_CLIENT = text('PXEClient');
const HTTP_CLIENT = text('HTTPClient');

/**
 * The bare reply to a request (RFC 2131 table 3): message type, our identifier, and the options that are sent back as
 * they came: client identifier (RFC 6842), relay agent information (RFC 3046), subnet selection (RFC 3011).
 */
export function bareReply(
  request: DhcpPacket,
  type: MessageTypeNumber,
  server: ResponderContext['server'],
): DhcpPacket {
  const options = new Map<number, Buffer>();
  options.set(Option.DHCP_MESSAGE_TYPE, BYTE.of(type));
  options.set(Option.SERVER_IDENTIFIER, FIXED_ADDRESS.of(identifierOf(server)));
  echo(request, options, Option.CLIENT_IDENTIFIER);
  if (request.giaddr !== NO_ADDRESS) echo(request, options, Option.SUBNET_SELECTION);
  echo(request, options, Option.RELAY_AGENT_INFORMATION);
  return {
    op: BOOTREPLY,
    htype: request.htype,
    hops: 0,
    xid: request.xid,
    secs: 0,
    flags: request.flags,
    ciaddr: NO_ADDRESS,
    yiaddr: NO_ADDRESS,
    siaddr: NO_ADDRESS,
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: '',
    file: '',
    options,
  };
}

/** What we call ourselves in option 54. */
export function identifierOf(server: ResponderContext['server']): string {
  return server.identifier ?? server.address;
}

/**
 * Where a reply goes (RFC 2131 section 4.1). A client without an address yet gets a broadcast even if it would take a
 * unicast: it does not answer ARP for the address it is offered. Whoever takes unicasts takes broadcasts too.
 */
export function destinationOf(request: DhcpPacket): Destination {
  if (request.giaddr !== NO_ADDRESS) return { kind: 'relay', address: request.giaddr };
  if (request.ciaddr !== NO_ADDRESS) return { kind: 'client', address: request.ciaddr };
  return { kind: 'broadcast' };
}

/** Adds lease time, T1 and T2 (RFC 2131 section 4.4.5). */
export function addLease(reply: DhcpPacket, lease: number): void {
  reply.options.set(Option.IP_ADDRESS_LEASE_TIME, SECONDS.of(lease));
  reply.options.set(Option.RENEWAL_TIME, SECONDS.of(lease === FOR_EVER_SECONDS ? lease : Math.floor(lease / 2)));
  reply.options.set(
    Option.REBINDING_TIME,
    SECONDS.of(lease === FOR_EVER_SECONDS ? lease : Math.floor((lease * 7) / 8)),
  );
}

/** Options that are ours to set, whatever a network's own options say. */
const NOT_OF_A_NETWORK: ReadonlySet<number> = new Set([
  ...[Option.PAD, Option.END, Option.SUBNET_MASK, Option.REQUESTED_IP_ADDRESS, Option.OPTION_OVERLOAD],
  ...[Option.IP_ADDRESS_LEASE_TIME, Option.DHCP_MESSAGE_TYPE, Option.SERVER_IDENTIFIER, Option.CLIENT_IDENTIFIER],
  ...[Option.PARAMETER_REQUEST_LIST, Option.MAXIMUM_DHCP_MESSAGE_SIZE, Option.RELAY_AGENT_INFORMATION],
]);

/** Adds what the network needs: netmask and router always, the rest where the client asks for it. */
export function addNetwork(reply: DhcpPacket, request: DhcpPacket, given: Configuration): void {
  const { options } = reply;
  const { routers, routes, mtu } = given;
  for (const [code, value] of given.options) {
    if (!NOT_OF_A_NETWORK.has(code) && asksFor(request, code)) options.set(code, value);
  }
  options.set(Option.SUBNET_MASK, FIXED_ADDRESS.of(given.netmask));
  if (routers.length > 0) options.set(Option.ROUTER, listed(routers));
  const offerText = (code: number, value: string | undefined) => {
    if (value && asksFor(request, code)) options.set(code, text(value));
  };
  const offerAddresses = (code: number, values: readonly string[]) => {
    if (values.length > 0 && asksFor(request, code)) options.set(code, listed(values));
  };
  offerAddresses(Option.DOMAIN_NAME_SERVER, given.nameServers);
  offerText(Option.HOST_NAME, given.hostname);
  offerText(Option.DOMAIN_NAME, given.domainName);
  const broadcast = broadcastOf(given.address, given.netmask);
  if (broadcast !== undefined && asksFor(request, Option.BROADCAST_ADDRESS))
    options.set(Option.BROADCAST_ADDRESS, broadcast);
  offerAddresses(Option.NTP_SERVERS, given.timeServers);
  if (mtu !== undefined && asksFor(request, Option.INTERFACE_MTU)) options.set(Option.INTERFACE_MTU, u16(mtu));
  if (routes.length > 0 && asksFor(request, Option.CLASSLESS_STATIC_ROUTE))
    options.set(Option.CLASSLESS_STATIC_ROUTE, classlessRoutes(routes, routers));
  if (given.searchDomains.length > 0 && asksFor(request, Option.DOMAIN_SEARCH))
    options.set(Option.DOMAIN_SEARCH, domainSearch(given.searchDomains));
}

/**
 * Adds what firmware needs to boot. The file name goes into its field, and into option 67 where asked for or where the
 * field is too short.
 */
export function addBoot(
  reply: DhcpPacket,
  request: DhcpPacket,
  client: FirmwareClient,
  answer: BootAnswer,
  context: { mode: DhcpMode; server: ResponderContext['server'] },
): void {
  const { options } = reply;
  echo(request, options, Option.CLIENT_MACHINE_IDENTIFIER);
  if (client.kind === 'ipxe' && context.mode !== 'proxy') options.set(Option.IPXE, NO_PROXY_DHCP);
  if (answer.answer !== 'file' && answer.answer !== 'url') return;
  addVendorOptions(options, request, client, context.mode);
  reply.siaddr = context.server.address;
  if (answer.answer === 'file') {
    reply.sname = context.server.address;
    if (asksFor(request, Option.TFTP_SERVER_NAME)) options.set(Option.TFTP_SERVER_NAME, text(context.server.address));
  }
  const file = text(answer.answer === 'file' ? answer.name : answer.url);
  if (file.length <= LONGEST_FILE) reply.file = file.toString('latin1');
  if (file.length > LONGEST_FILE || asksFor(request, Option.BOOTFILE_NAME)) options.set(Option.BOOTFILE_NAME, file);
}

/**
 * Options 60 and 43. UEFI HTTP Boot takes no offer without `HTTPClient` in 60 (seen with EDK2), PXE none from a proxy
 * without `PXEClient`. iPXE, too, knows a proxy by `PXEClient`, but otherwise is better told nothing.
 */
function addVendorOptions(
  options: Map<number, Buffer>,
  request: DhcpPacket,
  client: FirmwareClient,
  mode: DhcpMode,
): void {
  switch (client.kind) {
    case 'http':
      options.set(Option.VENDOR_CLASS_IDENTIFIER, HTTP_CLIENT);
      return;
    case 'pxe': {
      options.set(Option.VENDOR_CLASS_IDENTIFIER, PXE_CLIENT);
      // A client that asks a boot server for one item of a menu wants that item named in the reply.
      const item = readSubOptions(request.options, Option.VENDOR_SPECIFIC_INFORMATION).get(PxeSubOption.BOOT_ITEM);
      const chosen = item === undefined ? [] : [[PxeSubOption.BOOT_ITEM, item] as const];
      const menu = raspberryPiMenu(request.chaddr.toLowerCase(), client.architectures);
      const entries = [USE_BOOT_FILE, ...menu, ...chosen];
      options.set(Option.VENDOR_SPECIFIC_INFORMATION, Buffer.concat([subOptions(entries), END]));
      return;
    }
    case 'ipxe':
      if (mode === 'proxy') options.set(Option.VENDOR_CLASS_IDENTIFIER, PXE_CLIENT);
      return;
  }
}

/** Whether the client wants an option; one that sends no parameter request list wants them all. */
function asksFor(request: DhcpPacket, code: number): boolean {
  return request.options.get(Option.PARAMETER_REQUEST_LIST)?.includes(code) ?? true;
}

function echo(request: DhcpPacket, options: Map<number, Buffer>, code: number): void {
  const value = request.options.get(code);
  if (value !== undefined) options.set(code, value);
}

/** Networks of two addresses, or of one, have none (RFC 3021): a client would take a neighbour's for it. */
function broadcastOf(dotted: string, netmask: string): Buffer | undefined {
  const host = ~addressNumber(netmask) >>> 0;
  return host > 1 ? u32((addressNumber(dotted) | host) >>> 0) : undefined;
}

/** Values that are the same in one reply after another: made once. Nobody changes the bytes of an option. */
class Prepared<Key> {
  readonly #values = new Map<Key, Buffer>();
  readonly #make: (key: Key) => Buffer;

  constructor(make: (key: Key) => Buffer) {
    this.#make = make;
  }

  of(key: Key): Buffer {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    // Some networks have few of each; what clients can choose, such as the length of a lease, must not fill the memory.
    if (this.#values.size >= MOST_PREPARED) this.#values.clear();
    const value = this.#make(key);
    this.#values.set(key, value);
    return value;
  }
}

const MOST_PREPARED = 256;
const BYTE = new Prepared(u8);
const SECONDS = new Prepared(u32);
const FIXED_ADDRESS = new Prepared(address);
const ADDRESSES = new WeakMap<readonly string[], Buffer>();

/** The bytes of a list that belongs to a network and is never changed. */
function listed(list: readonly string[]): Buffer {
  const known = ADDRESSES.get(list);
  if (known !== undefined) return known;
  const bytes = addresses(list);
  ADDRESSES.set(list, bytes);
  return bytes;
}
