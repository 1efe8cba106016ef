import type { FirmwareClient } from './firmware.ts';
import type { Network } from './network.ts';
import type { DhcpPacket } from './packet.ts';

/** What a machine's network interface is given by DHCP. Addresses are dotted IPv4. */
export interface Reservation {
  /** Lower case with colons. */
  mac: string;
  address: string;
  /** Absent or empty: that of the interface the request came in on. */
  netmask?: string;
  gateway?: string;
  hostname?: string;
  domainName?: string;
  nameServers: readonly string[];
  timeServers: readonly string[];
  /** Seconds; 0 or absent: a day. 4294967295: for ever. */
  leaseTime?: number;
}

/** What a firmware client is to boot, with the reason as code and as sentence for people. */
export type BootAnswer =
  /** A file by TFTP from this server. */
  | { answer: 'file'; name: string; reason: string; sentence: string }
  /** A URL: an iPXE script, or the boot file of UEFI HTTP Boot. */
  | { answer: 'url'; url: string; reason: string; sentence: string }
  /** An address, but nothing to boot. In proxy mode, which gives no address: no answer. */
  | { answer: 'none'; reason: string; sentence: string }
  /** No answer at all, so that the firmware goes on to its next boot entry. */
  | { answer: 'ignore'; reason: string; sentence: string };

/** What hardware data says of an interface that has no address in it: it counts in pool mode. */
export type InterfaceSettings = Partial<Omit<Reservation, 'mac' | 'address' | 'netmask'>>;

/**
 * `reservation`: we give the known machines their addresses. `pool`: and all others one of a range. `proxy`: another
 * server gives them, we say what to boot (PXE 2.1 section 2.2.3). `off`: another server does both.
 */
export type DhcpMode = Network['mode'];

/** The standard port a packet came in on, whatever port the socket really has: 67 DHCP, 4011 PXE's proxy and boot service. */
export type DhcpPort = 67 | 4011;

/** What is known of the client that a packet comes from. */
export interface ClientContext {
  /** Undefined for a machine that is not known, or known without an address. */
  reservation: Reservation | undefined;
  /** What is known of the interface of a machine that has no reservation. */
  settings?: InterfaceSettings | undefined;
  /** Undefined for a machine that is not known. */
  machineName: string | undefined;
  /** The interface is known, and DHCP is switched off for it. */
  disabled?: boolean;
  /** A machine that is not known boots, to be discovered; by default it is ignored. */
  discovers?: boolean;
  /** Asked once a packet at most, and for firmware only. */
  boot(client: FirmwareClient, mode?: DhcpMode): BootAnswer;
  /** The client found its reserved address used by another computer (DHCPDECLINE), not long ago. */
  declined: boolean;
}

/** What the leases of a network say about a client. Reading changes nothing. */
export interface LeasesOfClient {
  /** The address for the client, and whether it has to be found out first that nobody uses it; undefined: none is left. */
  choose(wanted: string | undefined): { address: string; isStrange: boolean } | undefined;
  /** Whether the client may have, or keep, an address. */
  claim(address: string): { claim: 'own' | 'free' | 'outside' } | { claim: 'taken'; why: string };
  /** MAC address of who has an address, or was offered it. */
  holder(address: string): string | undefined;
}

/** All that a decision depends on, besides the packet. */
export interface ResponderContext extends ClientContext {
  /** The network that the request is of; undefined: of none that is served. */
  network: Network | undefined;
  /** In pool mode. */
  leases?: LeasesOfClient | undefined;
  port: DhcpPort;
  /**
   * Address and netmask of the interface that the packet came in on; the address is our server identifier, unless the
   * relay agent wants another named (RFC 5107).
   */
  server: { address: string; netmask: string; identifier?: string | undefined };
  /** Whether an address is one of this computer's, on whatever interface; absent: none is. */
  isOurs?(address: string): boolean;
  /** Name of the interface that has the network of an address, where the packet is not from there. */
  elsewhere?(address: string): string | undefined;
}

/** What a decision means for the leases: to be seen to before the reply is sent. */
export type LeaseChange =
  /** The address is kept for the client; a strange one is asked for first. */
  | { change: 'offer'; address: string; isStrange: boolean }
  /** The lease is to be on the disk before the reply is sent. @param seconds its length */
  | { change: 'keep'; address: string; seconds: number; hostname: string | undefined }
  | { change: 'release'; address: string }
  | { change: 'decline'; address: string }
  /** The client has taken another server's offer. */
  | { change: 'withdraw' };

/** Where a reply goes. */
export type Destination =
  /** 255.255.255.255, client port. */
  | { kind: 'broadcast' }
  /** The client's own address, which answers ARP already, client port. */
  | { kind: 'client'; address: string }
  /** The relay agent (giaddr), server port. */
  | { kind: 'relay'; address: string }
  /** Where the datagram came from, address and port. */
  | { kind: 'sender' };

/** A packet to send. */
export interface Reply {
  kind: 'reply';
  packet: DhcpPacket;
  to: Destination;
  reason: ReplyReason;
  sentence: string;
  /** Why firmware is given an address and nothing to boot: the reason of its `BootAnswer`. */
  nothingToBoot?: string | undefined;
  lease?: LeaseChange | undefined;
}

/** Why, in short, a reply says what it says. */
export type ReplyReason =
  | 'address-offered'
  | 'address-confirmed'
  | 'lease-renewed'
  | 'configuration-given'
  | 'boot-offered'
  | 'boot-confirmed'
  | 'address-refused';

/** A packet to which no reply belongs, but which says something: a released or declined address. */
export interface Noted {
  kind: 'noted';
  /** The address it is about. */
  address: string;
  reason: 'address-released' | 'address-declined';
  sentence: string;
  lease?: LeaseChange | undefined;
}

/** A packet that is not answered, and why. */
export interface Ignored {
  kind: 'ignored';
  /** One of `IgnoredReason`, or the reason of a `BootAnswer`. */
  reason: IgnoredReason | (string & {});
  sentence: string;
  lease?: LeaseChange | undefined;
}

/** Reasons of our own for not answering. */
export type IgnoredReason =
  | 'not-a-request'
  | 'not-ethernet'
  | 'no-message-type'
  | 'message-of-a-server'
  | 'unsupported-message'
  | 'unknown-machine'
  | 'no-address'
  | 'dhcp-disabled'
  | 'address-in-use'
  | 'other-network'
  | 'other-server'
  | 'not-firmware'
  | 'dhcp-off'
  | 'network-unknown'
  | 'relay-unknown'
  | 'pool-exhausted'
  | 'not-our-address'
  | 'lease-not-kept';

/** What becomes of a packet. */
export type Outcome = Reply | Noted | Ignored;
