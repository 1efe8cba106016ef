/** A wanted service as a container, that container as the Docker Engine API wants it, and back from its labels. Pure. */
import type { ContainerCreateOptions } from 'dockerode';
import { z } from 'zod';
import { parseJson } from '../../json.ts';
import { distinctBinds, EXECUTABLE, hostOptions, MARK, ownOptions, plain, SHARED } from '../container-spec.ts';
import type { WantedService } from '../protocol.ts';
import type { ServiceMark, ServiceSpec } from './service-engine.ts';

/** The label that the containers of services have, and those of actions have not: the service's position. */
export const SERVICE_MARK = 'tinsmith.service';
const START = 'tinsmith.start';
const FACTS = 'tinsmith.facts';
/** Labels of this name are ours: a template's are left out. */
const OURS = 'tinsmith.';
const NANOSECONDS = 1e9;

/**
 * One start of a service as a container.
 * @param exposed TCP ports that the image says it serves
 */
export function serviceSpec(
  { workflow, service, name, run, labels, ports, healthcheck }: WantedService,
  around: {
    image: string;
    exposed: readonly number[];
    hasBridge: boolean;
    /** Address of this machine on which ports are published. */
    publishOn: string;
    /** Of the workflow, on this machine. */
    directory: string;
    executable: string;
    boot: string;
    start: number;
    restarts: number;
    failures: number;
  },
): ServiceSpec {
  const { start, restarts, failures, boot, hasBridge } = around;
  const network = run.network ?? (hasBridge ? 'bridge' : 'host');
  const served = servedPorts(ports, around.exposed, labels);
  return {
    mark: {
      key: { workflow, service },
      name,
      start,
      restarts,
      failures,
      boot,
      hostPorts: network === 'host' ? served.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port) : [],
      secret: run.secrets.length > 0,
    },
    name: `tinsmith-${plain(workflow.slice(0, 8))}-service-${service}-${start}-${plain(name).slice(0, 100)}`,
    image: around.image,
    command: run.command,
    environment: run.environment,
    labels: templateLabels(labels),
    binds: distinctBinds([
      `${around.directory}:${SHARED}`,
      ...(run.mountsExecutable ? [`${around.executable}:${EXECUTABLE}:ro`] : []),
      ...run.volumes,
    ]),
    network,
    pid: run.pid ?? '',
    privileged: run.privileged ?? false,
    memory: run.memory,
    cpus: run.cpus,
    healthcheck,
    ports: /^(host|none|container:.*)$/.test(network)
      ? []
      : served.map((port) => ({ ...port, address: around.publishOn })),
  };
}

/** The ports given, and after them those of the image and of the routing labels that were not given. */
export function servedPorts(
  given: WantedService['ports'],
  exposed: readonly number[],
  labels: readonly string[],
): WantedService['ports'] {
  const served = new Map(given.map((port) => [`${port.port}/${port.protocol}`, port]));
  const routed = labels.flatMap((label) => {
    const port = Number(/^traefik\.http\.services\.[^.=]+\.loadbalancer\.server\.port=(\d{1,5})$/i.exec(label)?.[1]);
    return port >= 1 && port <= 65_535 ? [port] : [];
  });
  for (const port of [...exposed, ...routed])
    if (!served.has(`${port}/tcp`)) served.set(`${port}/tcp`, { port, protocol: 'tcp' });
  return [...served.values()];
}

/** Docker keeps one label of a name: the last. The routing is read from the template itself. */
function templateLabels(labels: readonly string[]): Record<string, string> {
  const pairs = labels.map((label): [string, string] => {
    const at = label.indexOf('=');
    return at === -1 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== '' && !name.startsWith(OURS)));
}

/** A start of a service as the Docker Engine API wants it. */
export function serviceOptions(spec: ServiceSpec): ContainerCreateOptions {
  const { mark, healthcheck, ports } = spec;
  const { key, start, ...facts } = mark;
  return {
    ...ownOptions(spec),
    Labels: {
      ...spec.labels,
      [MARK]: key.workflow,
      [SERVICE_MARK]: String(key.service),
      [START]: String(start),
      [FACTS]: JSON.stringify(facts),
    },
    ...(healthcheck
      ? {
          Healthcheck: {
            Test: healthcheck.test,
            Interval: healthcheck.interval * NANOSECONDS,
            Timeout: healthcheck.timeout * NANOSECONDS,
            Retries: healthcheck.retries,
            StartPeriod: healthcheck.startPeriod * NANOSECONDS,
          },
        }
      : {}),
    ExposedPorts: Object.fromEntries(ports.map(({ port, protocol }) => [`${port}/${protocol}`, {}])),
    HostConfig: {
      ...hostOptions(spec),
      PortBindings: Object.fromEntries(
        ports.map(({ port, protocol, published, address }) => [
          `${port}/${protocol}`,
          [{ HostIp: address, HostPort: published === undefined ? '' : String(published) }],
        ]),
      ),
    },
  };
}

const factsShape = z.object({
  name: z.string(),
  restarts: z.int().min(0),
  failures: z.int().min(0),
  boot: z.string(),
  hostPorts: z.array(z.int()),
  secret: z.boolean(),
});

/** What the labels of a container say; undefined where they are not those of a service. */
export function readServiceLabels(labels: Readonly<Record<string, string>>): ServiceMark | undefined {
  const workflow = labels[MARK];
  const service = Number(labels[SERVICE_MARK]);
  const start = Number(labels[START]);
  if (workflow === undefined || !Number.isInteger(service) || !Number.isInteger(start)) return undefined;
  const facts = factsShape.safeParse(parseJson(labels[FACTS] ?? '')).data;
  // Made by another version: it is known by its key; no worker of that name booted, so it is replaced when it ends.
  return {
    key: { workflow, service },
    start,
    ...(facts ?? { name: '', restarts: 0, failures: 0, boot: '', hostPorts: [], secret: true }),
  };
}
