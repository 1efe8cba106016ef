import type { ServicePort, TemplateService } from '../document.ts';
import type { Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';
import type { Parsed } from './units.ts';

/** `80`, `8080:80`, `53:53/udp`. */
export function readPorts(read: FieldReader, item: Item | undefined, network: string | undefined): ServicePort[] {
  const seen = new Set<string>();
  return read.list(item, 'a list of ports, such as ports: ["8080:80"]').flatMap((element) => {
    if (read.isBlank(element)) read.report(element, 'is empty, expected a port');
    const port = read.parsed(element, 'a port, such as "8080:80"', parsePort);
    if (port === undefined) return [];
    const name = `${port.port}/${port.protocol}`;
    if (seen.has(name)) read.report(element, `port ${name} of the container is given twice`);
    seen.add(name);
    const problem = problemOnNetwork(port, network);
    if (problem !== undefined) read.report(element, problem);
    return [port];
  });
}

function parsePort(text: string): Parsed<ServicePort> {
  const match = /^(?:([0-9]+):)?([0-9]+)(?:\/(tcp|udp))?$/.exec(text);
  if (match === null) {
    const reason = /[.[]/.test(text) ? 'an address cannot be chosen; ' : /-/.test(text) ? 'give each one alone; ' : '';
    return { problem: `"${text}" is no port; ${reason}write 80, "8080:80" or "53:53/udp"` };
  }
  const [, published, port, protocol] = match;
  for (const number of [published, port]) {
    if (number !== undefined && !(Number(number) >= 1 && Number(number) <= 65_535)) {
      return { problem: `${number} is no port from 1 to 65535` };
    }
  }
  return {
    value: {
      port: Number(port),
      ...(published === undefined ? {} : { published: Number(published) }),
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
    },
  };
}

/** On the worker's own network nothing is translated; without one, nothing is reached. */
function problemOnNetwork(port: ServicePort, network: string | undefined): string | undefined {
  if (network === 'host' && port.published !== undefined && port.published !== port.port) {
    return `on the host's network port ${port.port} cannot be published as ${port.published}`;
  }
  if (network === 'none') return 'a service without network has no ports';
  return undefined;
}

/** Reports each port of a worker that two services of it take; `at` are the services' items, in their order. */
export function checkPublished(read: FieldReader, services: readonly TemplateService[], at: readonly Item[]): void {
  const taken = new Map<string, string>();
  for (const [index, { name, worker, ports, network }] of services.entries()) {
    const item = at[index];
    if (item === undefined || read.isOpen(worker)) continue;
    for (const { port, published = network === 'host' ? port : undefined, protocol } of ports) {
      if (published === undefined) continue;
      const key = `${published}/${protocol} ${worker.toLowerCase()}`;
      const other = taken.get(key);
      if (other === undefined) taken.set(key, name);
      else {
        const who = other === name ? 'the same service' : `the service "${other}"`;
        read.report(item, `port ${published}/${protocol} of worker ${worker} is taken by ${who} already`);
      }
    }
  }
}
