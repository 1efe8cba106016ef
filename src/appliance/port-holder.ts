/** Who holds a port: the process behind a socket, from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface PortHolder {
  pid: number;
  /** Its command line, shortened. */
  command: string;
  /** The address it is bound to. */
  address: string;
}

/** The sockets of /proc/net/udp or tcp (proc(5)) that are bound to a port: address and inode. For TCP only listening ones. */
export function boundSockets(table: string, port: number, kind: 'udp' | 'tcp'): { address: string; inode: string }[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [hex = '', boundPort] = (fields[1] ?? '').split(':');
      if (boundPort !== wanted || (kind === 'tcp' && fields[3] !== '0A')) return [];
      const inode = fields[9];
      return inode ? [{ address: addressOf(hex), inode }] : [];
    });
}

/** The kernel writes an IPv4 address as one little-endian number; of IPv6 only "any" is told apart. */
function addressOf(hex: string): string {
  if (hex.length !== 8) return /^0*$/.test(hex) ? '[::]' : `[${hex.toLowerCase()}]`;
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}

/** The processes that hold a port in this network namespace, as far as this user may see them. */
export function portHolders(kind: 'udp' | 'tcp', port: number): PortHolder[] {
  const sockets = [kind, `${kind}6`].flatMap((name) => {
    try {
      return boundSockets(readFileSync(`/proc/net/${name}`, 'utf8'), port, kind);
    } catch {
      return [];
    }
  });
  const byInode = new Map(sockets.map(({ inode, address }) => [`socket:[${inode}]`, address]));
  if (byInode.size === 0) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => holdingOf(pid, byInode));
}

function holdingOf(pid: string, addresses: Map<string, string>): PortHolder[] {
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const address = addresses.get(readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (address === undefined) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(pid), command: command.slice(0, 80), address }];
    }
  } catch {
    // It ended while we looked, or is not ours to look at.
  }
  return [];
}
