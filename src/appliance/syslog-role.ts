/** The role that hears syslog. */
import type { Logger } from 'pino';
import type { InterfaceAddress } from '../boots/interface-addresses.ts';
import { startSyslog, syslogEntry } from '../boots/syslog/index.ts';
import type { Trace } from '../boots/trace.ts';
import type { Role } from './roles.ts';

/** @param macOf the MAC address behind an IP address; empty: it is not known */
export function syslogRole(
  port: number,
  around: { interfaces: readonly InterfaceAddress[]; trace: Trace; log: Logger; clock: () => number },
  macOf: (address: string) => string,
): Role {
  const { interfaces, trace, log, clock } = around;
  return {
    name: 'syslog',
    transport: 'udp',
    ports: [port],
    async start() {
      const server = await startSyslog({
        ...{ addresses: interfaces.map(({ address }) => address), port, log, clock },
        heard: (heard) => trace.note(syslogEntry(heard, macOf(heard.from))),
      });
      return { bound: server.endpoints.map((each) => `${each.address}:${each.port}`), stop: () => server.close() };
    },
  };
}
