/** The DHCP servers beside which ours is measured, set up to give from the same range, and quiet. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE, type Field, NETMASK, SERVER_ADDRESS, type Server } from './field.ts';
import { RANGE } from './ours.ts';

const SUBNET = '198.18.0.0/16';
const LEASE_SECONDS = 86_400;

/** Kea with its leases in memory and in a file that it does not sync, as Debian's own configuration has it. */
export async function startKea(field: Field): Promise<Server> {
  const folder = field.newFolder('kea');
  const configuration = {
    Dhcp4: {
      'interfaces-config': { interfaces: [DEVICE], 'dhcp-socket-type': 'udp' },
      'control-socket': { 'socket-type': 'unix', 'socket-name': join(folder, 'control') },
      'lease-database': { type: 'memfile', persist: true, name: join(folder, 'leases.csv'), 'lfc-interval': 0 },
      'valid-lifetime': LEASE_SECONDS,
      'next-server': SERVER_ADDRESS,
      'boot-file-name': 'snponly.efi',
      subnet4: [
        {
          subnet: SUBNET,
          pools: [{ pool: `${RANGE.from}-${RANGE.to}` }],
          'option-data': [{ name: 'routers', data: SERVER_ADDRESS }],
        },
      ],
      loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] }],
    },
  };
  const file = join(folder, 'kea.json');
  await writeFile(file, JSON.stringify(configuration));
  return field.start({
    name: 'Kea',
    program: 'env',
    args: [`KEA_PIDFILE_DIR=${folder}`, `KEA_LOCKFILE_DIR=${folder}`, 'kea-dhcp4', '-c', file],
    udp: [67],
  });
}

/** dnsmasq without its pings, which hold up a new client for seconds. */
export function startDnsmasqDhcp(field: Field): Promise<Server> {
  const leases = join(field.newFolder('dnsmasq'), 'leases');
  return field.start({
    name: 'dnsmasq',
    program: 'dnsmasq',
    args: [
      ...['--conf-file=/dev/null', '--port=0', '--keep-in-foreground', '--user=root', '--pid-file='],
      ...[`--interface=${DEVICE}`, '--bind-interfaces', '--dhcp-authoritative', '--no-ping', '--quiet-dhcp'],
      ...[`--dhcp-range=${RANGE.from},${RANGE.to},${NETMASK},${LEASE_SECONDS}`, '--dhcp-lease-max=20000'],
      ...[`--dhcp-leasefile=${leases}`, `--dhcp-option=3,${SERVER_ADDRESS}`, '--dhcp-boot=snponly.efi'],
    ],
    udp: [67],
  });
}
