/** A network that is served, as DHCP sees it. Addresses are dotted IPv4, times in seconds. */
export interface Network {
  name: string;
  /** First address and prefix length: `192.168.1.0` and 24. */
  address: string;
  prefix: number;
  mode: 'reservation' | 'proxy' | 'pool' | 'off';
  /** Addresses that machines without a reservation are given, in pool mode; first and last of each. */
  ranges: readonly { first: string; last: string }[];
  /** Addresses in a range that are never given. */
  excluded: readonly string[];
  routers: readonly string[];
  nameServers: readonly string[];
  timeServers: readonly string[];
  domainName?: string | undefined;
  searchDomains: readonly string[];
  /** Option 121, RFC 3442. */
  routes: readonly { address: string; prefix: number; via: string }[];
  mtu?: number | undefined;
  /** Given where the client asks for none; what it asks for is held between the others. */
  leaseTime: number;
  shortestLease: number;
  longestLease: number;
  /** More options by number, as bytes. */
  options: ReadonlyMap<number, Buffer>;
}
/** Where a request came in: what decides which network it is of. */
export interface CameIn {
  interface: { name: string; address: string; netmask: string };
  /** Address of the relay agent; undefined: none. */
  giaddr: string | undefined;
  /** Sub-options 1, 2, 5 (link selection, RFC 3527) and 11 (server identifier override, RFC 5107) of option 82. */
  circuitId: Buffer | undefined;
  remoteId: Buffer | undefined;
  linkSelection: string | undefined;
  serverIdentifier: string | undefined;
}
/** The network of a request; undefined: of none that is served. */
export type NetworkOf = (cameIn: CameIn) => Network | undefined;
