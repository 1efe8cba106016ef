/**
 * DHCP options by the names of RFC 2132 and its followers in small letters: those that a subnet may give, and those that it
 * may not, with who decides them.
 */

/** What the value of an option is made of. */
export type OptionType = 'text' | 'address' | 'addresses' | 'u8' | 'u16' | 'u32' | 'i32' | 'flag' | 'bytes';

const TABLE: readonly (readonly [code: number, name: string, type: OptionType])[] = [
  [2, 'time-offset', 'i32'],
  [4, 'time-servers', 'addresses'],
  [5, 'name-servers', 'addresses'],
  [7, 'log-servers', 'addresses'],
  [8, 'cookie-servers', 'addresses'],
  [9, 'lpr-servers', 'addresses'],
  [10, 'impress-servers', 'addresses'],
  [11, 'resource-location-servers', 'addresses'],
  [13, 'boot-file-size', 'u16'],
  [14, 'merit-dump-file', 'text'],
  [16, 'swap-server', 'address'],
  [17, 'root-path', 'text'],
  [18, 'extensions-path', 'text'],
  [19, 'ip-forwarding', 'flag'],
  [20, 'non-local-source-routing', 'flag'],
  [22, 'max-datagram-reassembly-size', 'u16'],
  [23, 'default-ip-ttl', 'u8'],
  [27, 'all-subnets-local', 'flag'],
  [29, 'perform-mask-discovery', 'flag'],
  [30, 'mask-supplier', 'flag'],
  [31, 'perform-router-discovery', 'flag'],
  [32, 'router-solicitation-address', 'address'],
  [34, 'trailer-encapsulation', 'flag'],
  [35, 'arp-cache-timeout', 'u32'],
  [36, 'ethernet-encapsulation', 'flag'],
  [37, 'default-tcp-ttl', 'u8'],
  [38, 'tcp-keepalive-interval', 'u32'],
  [39, 'tcp-keepalive-garbage', 'flag'],
  [40, 'nis-domain', 'text'],
  [41, 'nis-servers', 'addresses'],
  [43, 'vendor-specific-information', 'bytes'],
  [44, 'netbios-name-servers', 'addresses'],
  [45, 'netbios-datagram-distribution-servers', 'addresses'],
  [46, 'netbios-node-type', 'u8'],
  [47, 'netbios-scope', 'text'],
  [48, 'x-window-font-servers', 'addresses'],
  [49, 'x-window-display-managers', 'addresses'],
  [64, 'nisplus-domain', 'text'],
  [65, 'nisplus-servers', 'addresses'],
  [69, 'smtp-servers', 'addresses'],
  [70, 'pop3-servers', 'addresses'],
  [71, 'nntp-servers', 'addresses'],
  [72, 'www-servers', 'addresses'],
  [74, 'irc-servers', 'addresses'],
  [100, 'tz-posix', 'text'],
  [101, 'tz-database', 'text'],
  [114, 'captive-portal', 'text'],
  [116, 'auto-configure', 'flag'],
  [150, 'tftp-server-addresses', 'addresses'],
  [252, 'wpad-url', 'text'],
];

const BY_CODE = new Map(TABLE.map((row) => [row[0], row]));
const BY_NAME = new Map(TABLE.map((row) => [row[1], row]));

/** Options that have a field of their own, or follow from what is known elsewhere. */
const OURS: ReadonlyMap<number, readonly [name: string, why: string]> = new Map([
  [0, ['pad', 'it is no option, but fills gaps between them']],
  [1, ['subnet-mask', 'it follows from the network']],
  [3, ['router', 'write routers']],
  [6, ['domain-name-server', 'write dns']],
  [12, ['host-name', 'it is the machine’s own']],
  [15, ['domain-name', 'write domain']],
  [26, ['interface-mtu', 'write mtu']],
  [28, ['broadcast-address', 'it follows from the network']],
  [42, ['ntp-servers', 'write ntp']],
  [50, ['requested-ip-address', 'only clients send it']],
  [51, ['ip-address-lease-time', 'write leaseTime']],
  [52, ['option-overload', 'it belongs to the single packet']],
  [53, ['dhcp-message-type', 'it belongs to the single packet']],
  [54, ['server-identifier', 'it is the address by which the appliance is reached']],
  [55, ['parameter-request-list', 'only clients send it']],
  [56, ['message', 'it belongs to the single packet']],
  [57, ['maximum-dhcp-message-size', 'only clients send it']],
  [58, ['renewal-time', 'it follows from leaseTime']],
  [59, ['rebinding-time', 'it follows from leaseTime']],
  [60, ['vendor-class-identifier', 'it follows from what the machine is to boot']],
  [61, ['client-identifier', 'it is sent back as the client sent it']],
  [66, ['tftp-server-name', 'it follows from what the machine is to boot']],
  [67, ['bootfile-name', 'it follows from what the machine is to boot']],
  [77, ['user-class', 'only clients send it']],
  [80, ['rapid-commit', 'it belongs to the single packet']],
  [81, ['client-fqdn', 'it belongs to the single packet']],
  [82, ['relay-agent-information', 'it is sent back as the relay sent it']],
  [90, ['authentication', 'it belongs to the single packet']],
  [93, ['client-system-architecture', 'only clients send it']],
  [94, ['client-network-interface', 'only clients send it']],
  [97, ['client-machine-identifier', 'it is sent back as the client sent it']],
  [118, ['subnet-selection', 'only clients send it']],
  [119, ['domain-search', 'write search']],
  [121, ['classless-static-route', 'write routes']],
  [175, ['ipxe', 'it follows from what the machine is to boot']],
  [255, ['end', 'it is no option, but ends them']],
]);
const OURS_BY_NAME = new Map([...OURS].map(([code, [name]]) => [name, code]));

/** An option that a subnet may give. `key` is how it is written: its name where it has one here, or its number. */
export interface KnownOption {
  code: number;
  key: string;
  type: OptionType | undefined;
}

/** The option of a number or a name, or what is wrong with it. */
export function optionOf(written: string): KnownOption | string {
  const plain = written.trim().toLowerCase().replaceAll('_', '-');
  const number = /^\d{1,3}$/.test(plain) ? Number(plain) : undefined;
  const code = number ?? BY_NAME.get(plain)?.[0] ?? OURS_BY_NAME.get(plain);
  if (code === undefined) return 'is no option known by name here: write its number';
  if (code > 255) return 'is no option: their numbers are 1 to 254';
  const ours = OURS.get(code);
  if (ours) return `${optionNumber(code)} is not a subnet’s to set: ${ours[1]}`;
  const row = BY_CODE.get(code);
  return { code, key: row?.[1] ?? String(code), type: row?.[2] };
}

const nameOf = (code: number): string | undefined => BY_CODE.get(code)?.[1] ?? OURS.get(code)?.[0];

/** `router` for 3, `option 200` for a number without a name here. */
export function optionName(code: number): string {
  return nameOf(code) ?? `option ${code}`;
}

/** `option 3 (router)`, `option 200`. */
export function optionNumber(code: number): string {
  const name = nameOf(code);
  return name === undefined ? `option ${code}` : `option ${code} (${name})`;
}
