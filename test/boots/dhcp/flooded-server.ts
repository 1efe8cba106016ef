// The DHCP server of the flood test, in a process of its own so that its memory can be watched. Parent asks, it tells.
import { pino } from 'pino';
import { startDhcp } from '../../../src/boots/dhcp/sockets.ts';
import { aFile, MAC, network, reservation } from './requests.ts';

let noted = 0;
const [clientPort = 0] = process.argv.slice(2).map(Number);

const server = await startDhcp({
  interfaces: [{ name: 'lo', address: '127.0.0.2', netmask: '255.0.0.0' }],
  networkOf: () => network(),
  port67: 0,
  proxyPort4011: undefined,
  clientPort,
  relayPort: clientPort,
  contextFor: (packet) => ({
    reservation: packet.chaddr === MAC ? reservation : undefined,
    machineName: packet.chaddr === MAC ? 'node1' : undefined,
    boot: () => aFile,
    declined: false,
  }),
  note: (_mac, made) => {
    made();
    noted += 1;
  },
  log: pino({ level: 'silent' }),
});

process.on('message', () => process.send?.({ noted, rss: process.memoryUsage.rss() }));
process.send?.({ port: server.bound[0]?.port });
