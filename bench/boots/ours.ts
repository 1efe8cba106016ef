/** Our side of the benchmark: the whole appliance, as a process of its own, on its usual ports. */
import { join } from 'node:path';
import { DEVICE, type Field, type Server } from './field.ts';

/** The range that addresses are given from, by all servers. */
export const RANGE = { from: '198.18.4.0', to: '198.18.67.255' };

export const HTTP_PORT = 8080;

/** Starts the appliance with a data directory of its own. @param files the directory that TFTP and HTTP serve */
export function startOurs(field: Field, files: string): Promise<Server> {
  const data = field.newFolder('data');
  const main = join(import.meta.dirname, '../../src/main.ts');
  return field.start({
    name: 'tinsmith',
    program: process.execPath,
    args: [
      ...[main, 'up', '--data', data, '--interface', DEVICE, '--http-port', String(HTTP_PORT)],
      ...['--dhcp', 'pool', '--range', `${RANGE.from}-${RANGE.to}`],
      ...['--files', files, '--grpc', 'off', '--provisioner', 'off', '--log-level', 'warn', '--log-format', 'json'],
    ],
    udp: [67, 69],
    tcp: [HTTP_PORT],
  });
}
