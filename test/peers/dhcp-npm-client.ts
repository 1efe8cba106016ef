// The client of the npm package `dhcp`, as a program of its own: prints what it was given as JSON. It cannot bind to
// an interface, so it runs where there is only one.
import { createRequire } from 'node:module';

interface Lease {
  address: string;
  server: string;
  leasePeriod: number;
  options: { netmask?: string; router?: string[]; dns?: string[]; hostname?: string; domainName?: string };
}

interface Client {
  on(event: 'bound', told: (lease: Lease) => void): void;
  listen(port: undefined, host: undefined, ready: () => void): void;
  sendDiscover(): void;
  close(done: () => void): void;
}

const { createClient }: { createClient(setting: object): Client } = createRequire(import.meta.url)('dhcp');
const client = createClient({ mac: process.argv[2], features: ['hostname', 'domainName'] });
client.on('bound', (lease) => {
  client.close(() => process.stdout.write(JSON.stringify(lease)));
});
client.listen(undefined, undefined, () => client.sendDiscover());
