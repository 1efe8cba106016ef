/** What a firmware would be answered by DHCP if it asked now, in words: the packet it would send, and the reply's fields. Pure. */
import { bootsOverHttp } from '../architectures.ts';
import type { DhcpPacket } from '../dhcp/index.ts';
import { addressAt, NO_ADDRESS, Option, PxeSubOption, readSubOptions, text, u8 } from '../dhcp/options.ts';
import { BOOTREQUEST } from '../dhcp/packet.ts';

/** A firmware that a preview can be about. */
export interface Firmware {
  name: string;
  kind: 'pxe' | 'http' | 'ipxe';
  /** Code of DHCP option 93. */
  architecture: number;
}

/** Those shown unasked. */
export const USUAL: readonly Firmware[] = [
  { name: 'bios', kind: 'pxe', architecture: 0 },
  { name: 'uefi', kind: 'pxe', architecture: 7 },
  { name: 'uefi-http', kind: 'http', architecture: 16 },
  { name: 'arm64', kind: 'pxe', architecture: 11 },
  { name: 'arm64-http', kind: 'http', architecture: 19 },
  { name: 'ipxe', kind: 'ipxe', architecture: 7 },
];

/** The firmware of a name above, or of a code of option 93. Undefined: it is neither. */
export function firmwareNamed(word: string): Firmware | undefined {
  const usual = USUAL.find(({ name }) => name === word.toLowerCase());
  if (usual) return usual;
  const code = /^\d{1,5}$/.test(word) ? Number(word) : Number.NaN;
  if (!(code <= 0xffff)) return undefined;
  const kind = bootsOverHttp(code) ? 'http' : 'pxe';
  return { name: `architecture ${code}`, kind, architecture: code };
}

/** The DISCOVER that it would send. */
export function discoverOf(mac: string, { kind, architecture }: Firmware): DhcpPacket {
  const code = Buffer.alloc(2);
  code.writeUInt16BE(architecture);
  const vendor = `${kind === 'http' ? 'HTTPClient' : 'PXEClient'}:Arch:${String(architecture).padStart(5, '0')}:UNDI:003000`;
  const options = new Map<number, Buffer>([
    [Option.DHCP_MESSAGE_TYPE, u8(1)],
    [Option.PARAMETER_REQUEST_LIST, Buffer.from([1, 3, 6, 12, 15, 28, 42, 43, 51, 54, 60, 66, 67, 97, 121])],
    [Option.VENDOR_CLASS_IDENTIFIER, text(vendor)],
    [Option.CLIENT_SYSTEM_ARCHITECTURE, code],
    [Option.CLIENT_NETWORK_INTERFACE, Buffer.of(1, 3, 0)],
    [Option.MAXIMUM_DHCP_MESSAGE_SIZE, Buffer.of(0x05, 0xc0)],
  ]);
  if (kind === 'ipxe') options.set(Option.USER_CLASS, text('iPXE'));
  return {
    ...{ op: BOOTREQUEST, htype: 1, hops: 0, xid: 0, secs: 0, flags: 0 },
    ...{ ciaddr: NO_ADDRESS, yiaddr: NO_ADDRESS, siaddr: NO_ADDRESS, giaddr: NO_ADDRESS },
    ...{ chaddr: mac, sname: '', file: '', options },
  };
}

/** One field of a reply. */
export interface Field {
  name: string;
  value: string;
}

type Reader = (value: Buffer) => string;
const addresses: Reader = (value) =>
  Array.from({ length: Math.floor(value.length / 4) }, (_, at) => addressAt(value, at * 4)).join(', ');
const words: Reader = (value) => value.toString('utf8').replace(/[^\x20-\x7e]/g, '');
const number: Reader = (value) =>
  value.length <= 6 && value.length > 0 ? String(value.readUIntBE(0, value.length)) : hex(value);
const seconds: Reader = (value) => (number(value) === '4294967295' ? 'for ever' : `${number(value)} s`);
const hex: Reader = (value) => value.toString('hex');

/** Options by what people call them, in the order in which they are shown. */
const FIELDS: readonly (readonly [code: number, name: string, read: Reader])[] = [
  [Option.SUBNET_MASK, 'netmask', addresses],
  [Option.ROUTER, 'router', addresses],
  [Option.DOMAIN_NAME_SERVER, 'DNS servers', addresses],
  [Option.HOST_NAME, 'host name', words],
  [Option.DOMAIN_NAME, 'domain', words],
  [Option.NTP_SERVERS, 'NTP servers', addresses],
  [Option.BROADCAST_ADDRESS, 'broadcast address', addresses],
  [Option.INTERFACE_MTU, 'MTU', number],
  [Option.IP_ADDRESS_LEASE_TIME, 'lease', seconds],
  [Option.RENEWAL_TIME, 'renewed after', seconds],
  [Option.REBINDING_TIME, 'asked of any server after', seconds],
  [Option.SERVER_IDENTIFIER, 'server', addresses],
  [Option.VENDOR_CLASS_IDENTIFIER, 'vendor class', words],
  [Option.TFTP_SERVER_NAME, 'TFTP server (option 66)', words],
  [Option.BOOTFILE_NAME, 'boot file (option 67)', words],
  [Option.VENDOR_SPECIFIC_INFORMATION, 'vendor options (43)', vendorOptions],
  [Option.CLASSLESS_STATIC_ROUTE, 'static routes', routes],
];
/** What belongs to every reply, or only comes back as it was sent. */
const SILENT: ReadonlySet<number> = new Set([Option.DHCP_MESSAGE_TYPE, Option.CLIENT_IDENTIFIER, 97, 82]);

/** A reply in words. */
export function fieldsOf(reply: DhcpPacket): Field[] {
  const fields: Field[] = [];
  if (reply.yiaddr !== NO_ADDRESS) fields.push({ name: 'address', value: reply.yiaddr });
  for (const [code, name, read] of FIELDS) {
    const value = reply.options.get(code);
    if (value !== undefined) fields.push({ name, value: read(value) });
  }
  if (reply.siaddr !== NO_ADDRESS) fields.push({ name: 'next server', value: reply.siaddr });
  if (reply.file !== '') fields.push({ name: 'boot file', value: reply.file });
  const shown = new Set(FIELDS.map(([code]) => code));
  for (const [code, value] of reply.options)
    if (!shown.has(code) && !SILENT.has(code)) fields.push({ name: `option ${code}`, value: hex(value) });
  return fields;
}

function vendorOptions(value: Buffer): string {
  const parts = [
    ...readSubOptions(new Map([[Option.VENDOR_SPECIFIC_INFORMATION, value]]), Option.VENDOR_SPECIFIC_INFORMATION),
  ].map(([code, part]) =>
    code === PxeSubOption.DISCOVERY_CONTROL ? `discovery control ${number(part)}` : `sub-option ${code} ${hex(part)}`,
  );
  return parts.join(', ') || hex(value);
}

/** RFC 3442: prefix length, as many bytes of the network as it needs, and the router. */
function routes(value: Buffer): string {
  const all: string[] = [];
  for (let at = 0; at < value.length; ) {
    const length = value[at] ?? 0;
    const bytes = Math.ceil(length / 8);
    if (length > 32 || at + 1 + bytes + 4 > value.length) return hex(value);
    const network = Buffer.alloc(4);
    value.copy(network, 0, at + 1, at + 1 + bytes);
    all.push(`${addressAt(network, 0)}/${length} by ${addressAt(value, at + 1 + bytes)}`);
    at += 1 + bytes + 4;
  }
  return all.join(', ');
}
