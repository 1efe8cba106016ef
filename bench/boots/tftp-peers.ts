/** The TFTP servers beside which ours is measured: each with an address of its own, so that all can be there at once. */
import type { Field, Server, ServerCommand } from './field.ts';

const PORT = 69;

/** Whether they grant RFC 7440's windows; one that does not goes in lock-step, whatever is asked. */
export const TFTP_PEERS = {
  'tftpd-hpa': { address: '198.18.0.3', windows: false },
  dnsmasq: { address: '198.18.0.4', windows: false },
  atftpd: { address: '198.18.0.5', windows: true },
} as const;
export type TftpPeer = keyof typeof TFTP_PEERS;

/** Starts a peer that serves the files of a directory. */
export async function startTftpPeer(field: Field, name: TftpPeer, files: string): Promise<Server> {
  const { address } = TFTP_PEERS[name];
  field.addAddress(address);
  return field.start({ name, udp: [PORT], ...commandOf(name, address, files) });
}

function commandOf(name: TftpPeer, address: string, files: string): Pick<ServerCommand, 'program' | 'args'> {
  switch (name) {
    case 'tftpd-hpa':
      return {
        program: 'in.tftpd',
        args: ['--foreground', '--user', 'root', '--secure', '--address', `${address}:${PORT}`, files],
      };
    case 'dnsmasq':
      return {
        program: 'dnsmasq',
        args: [
          ...['--conf-file=/dev/null', '--port=0', '--keep-in-foreground', '--user=root', '--pid-file='],
          ...['--enable-tftp', `--tftp-root=${files}`, '--tftp-max=500'],
          ...[`--listen-address=${address}`, '--bind-interfaces'],
        ],
      };
    case 'atftpd':
      return {
        program: 'atftpd',
        args: [
          ...['--daemon', '--no-fork', '--user', 'root', '--group', 'root', '--logfile', '/dev/null'],
          ...['--maxthread', '500', '--bind-address', address, '--port', String(PORT), files],
        ],
      };
  }
}
