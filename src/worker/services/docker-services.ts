/** The calls for services to a Docker Engine (API 1.41 and later, as dockerode sends them). */
import type Docker from 'dockerode';
import { EngineError } from '../container-engine.ts';
import { type FoundService, type ServiceEngine, type ServiceState, sameService } from './service-engine.ts';
import { readServiceLabels, SERVICE_MARK, serviceOptions } from './service-spec.ts';

/**
 * @param ask puts a limit to a request, and its errors into the engine's words
 * @param stateOf what every container's state is read with
 */
export function dockerServices(parts: {
  docker: () => Docker;
  ask: <T>(request: Promise<T>) => Promise<T>;
  askLong: <T>(request: Promise<T>) => Promise<T>;
  stateOf: (state: Docker.ContainerInspectInfo['State']) => Omit<ServiceState, 'health' | 'published'>;
}): Pick<ServiceEngine, 'services' | 'createService' | 'inspectService' | 'exposedPorts' | 'hasBridge'> {
  const { docker, ask, askLong, stateOf } = parts;

  const services = async (): Promise<FoundService[]> => {
    const all = await ask(docker().listContainers({ all: true, filters: { label: [SERVICE_MARK] } }));
    return all.flatMap(({ Id, Labels }) => {
      const mark = readServiceLabels(Labels);
      return mark ? [{ id: Id, mark }] : [];
    });
  };

  return {
    services,

    async createService(spec) {
      try {
        return (await askLong(docker().createContainer(serviceOptions(spec)))).id;
      } catch (error) {
        if (!(error instanceof EngineError) || error.status !== 409) throw error;
        // A worker that was killed while the engine was making it has left it behind.
        const { key, start } = spec.mark;
        const made = (await services()).find(({ mark }) => sameService(mark.key, key) && mark.start === start);
        if (!made) throw error;
        return made.id;
      }
    },

    async inspectService(id) {
      const { State, NetworkSettings } = await ask(docker().getContainer(id).inspect());
      return {
        ...stateOf(State),
        health: healthOf(State.Health),
        published: publishedPorts(NetworkSettings.Ports),
      };
    },

    async exposedPorts(image) {
      const { Config } = await ask(docker().getImage(image).inspect());
      return Object.keys(Config?.ExposedPorts ?? {}).flatMap((name) => {
        const [port, protocol] = name.split('/');
        return protocol === undefined || protocol === 'tcp' ? [Number(port)] : [];
      });
    },

    async hasBridge() {
      const networks = await ask(docker().listNetworks({ filters: { name: ['bridge'] } }));
      return networks.some(({ Name }) => Name === 'bridge');
    },
  };
}

function healthOf(health: Docker.ContainerInspectInfo['State']['Health']): ServiceState['health'] {
  const status = health?.Status;
  if (status !== 'starting' && status !== 'healthy' && status !== 'unhealthy') return undefined;
  const last: { Output?: string } | undefined = health?.Log?.at(-1);
  return { status, output: (last?.Output ?? '').trim() };
}

/** `{ "80/tcp": [{ HostIp, HostPort }] }`; null where a port is not published. TCP comes before UDP of the same number. */
export function publishedPorts(
  ports: Readonly<Record<string, readonly { HostPort: string }[] | null>> | undefined,
): Record<string, number> {
  const entries = Object.entries(ports ?? {}).sort(
    ([a], [b]) => Number(b.endsWith('/udp')) - Number(a.endsWith('/udp')),
  );
  return Object.fromEntries(
    entries.flatMap(([name, bindings]): [string, number][] => {
      const port = Number(bindings?.[0]?.HostPort);
      return port > 0 ? [[name.replace(/\/.*/, ''), port]] : [];
    }),
  );
}
