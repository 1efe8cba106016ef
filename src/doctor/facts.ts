/** What is known of a computer that an appliance runs on, or is to. Whatever could not be found out is undefined. */
import type { RoleStatus, Status } from '../api/types.ts';
import type { PortHolder } from '../appliance/port-holder.ts';
import type { OtherServer } from '../boots/other-servers/index.ts';
import type { Table } from './firewall/ruleset.ts';

export interface Facts {
  isRoot: boolean;
  /** The appliance that answered; undefined: none does. */
  appliance: ApplianceFacts | undefined;
  /** Why one that is there told nothing, as for want of a token. */
  applianceRefused: string | undefined;
  ports: PortFacts[];
  interfaces: InterfaceFacts[];
  otherServers: OtherServersFacts;
  firewall: FirewallFacts;
  network: NetworkFacts;
  container: ContainerFacts;
  data: DataFacts;
  clock: ClockFacts;
  boot: BootFacts;
}

export interface ApplianceFacts {
  url: string;
  /** Whether it is a process of this computer, or one elsewhere that was named. */
  isHere: boolean;
  status: Pick<Status, 'version' | 'state' | 'otherServers'> & { roles: RoleStatus[] };
  /** Machines whose memory is known, bytes; undefined where it was not told. */
  machines: { name: string; memory: number }[] | undefined;
}

export interface PortFacts {
  port: number;
  transport: 'udp' | 'tcp';
  /** What it is for. */
  use: string;
  /** Without it machines do not boot. */
  needed: boolean;
  /** Whether it could be had just now; undefined: not tried, as the appliance runs here. */
  free: 'yes' | 'taken' | 'forbidden' | undefined;
  holders: PortHolder[];
}

export interface InterfaceFacts {
  name: string;
  served: boolean;
  up: boolean;
  carrier: boolean;
  addresses: { address: string; prefix: number /** From a DHCP client or the like. */; dynamic: boolean }[];
  /** `bridge`, `veth`, `vlan`, … of what is no card. */
  kind: string | undefined;
}

export type OtherServersFacts =
  /** The answers to a probe, of the appliance or of ours. */
  | {
      asked: string[];
      unasked: string[];
      servers:
        | OtherServer[]
        | { address: string; mac: string; interface: string; offers: string; givesAddresses: boolean }[];
    }
  | undefined;

export interface FirewallFacts {
  tables: Table[];
  /** Programs that told of no rules, and why. */
  untold: string[];
}

export interface NetworkFacts {
  /** /proc/sys/net/ipv4/ip_forward */
  forwards: boolean | undefined;
  /** /proc/sys/net/bridge/bridge-nf-call-iptables: frames between ports of a bridge go through iptables. */
  bridgesFiltered: boolean | undefined;
  /** rp_filter by served interface: 1 is strict. */
  reversePath: Record<string, number>;
}

export interface ContainerFacts {
  /** What says so, as `/.dockerenv`; undefined: it is none. */
  sign: string | undefined;
  /** Interfaces that are one end of a cable to the computer around. */
  innerInterfaces: string[];
}

export interface DataFacts {
  path: string;
  exists: boolean;
  /** Permission bits. */
  mode: number | undefined;
  tokenMode: number | undefined;
  writable: boolean;
  /** Bytes, and inodes where the file system counts them. */
  disk: { free: number; size: number; freeInodes: number; inodes: number } | undefined;
}

export interface ClockFacts {
  /** ms since 1970 */
  now: number;
  synchronised: boolean | undefined;
}

export interface BootFacts {
  /** Loaders that are part of this program. */
  loaders: string[];
  /** Those that it should have. */
  wanted: readonly string[];
  directory: string;
  kernel: OsieFile | undefined;
  initrd: OsieFile | undefined;
  /** osie.json */
  described: { kernel: string; memoryMiB: number; kernelBytes: number; initrdBytes: number } | undefined;
  /** Whether this program is the executable that machines run as their worker. */
  isWorker: boolean;
}

export interface OsieFile {
  bytes: number;
  /** Version of the kernel, or of the kernel that its modules are for, as it says itself. */
  version: string | undefined;
}
