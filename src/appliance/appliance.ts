/** The appliance: settings in, roles started in order, and stopped in the opposite one. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { createApp } from '../api/app.ts';
import { presentTrace } from '../api/present.ts';
import type { Services } from '../api/services.ts';
import { createStream } from '../api/stream.ts';
import { adminToken, WorkerTokens } from '../api/tokens.ts';
import type { Status } from '../api/types.ts';
import { bootFiles } from '../boots/boot-files.ts';
import { startDhcp } from '../boots/dhcp/index.ts';
import { interfaceAddresses } from '../boots/interface-addresses.ts';
import { neighbour } from '../boots/neighbours.ts';
import { noteSent } from '../boots/routes.ts';
import { startTftp, bootFiles as tftpBootFiles } from '../boots/tftp/index.ts';
import { Trace } from '../boots/trace.ts';
import { messageOf, TinsmithError } from '../errors.ts';
import { packaged, readEmbedded, readEmbeddedIfThere, workerExecutable } from '../executable/embedded.ts';
import { startHttp } from '../http/index.ts';
import { Machines } from '../machines/machines.ts';
import { claimDataDirectory, EventLog, openStore } from '../store/index.ts';
import { COMMIT, VERSION } from '../version.ts';
import { Templates } from '../workflows/templates.ts';
import { Workflows } from '../workflows/workflows.ts';
import { DhcpContexts } from './dhcp-contexts.ts';
import { interfaceTowards, servedInterfaces } from './interfaces.ts';
import { openRegistry } from './registry.ts';
import { Roles } from './roles.ts';
import type { Settings } from './settings.ts';

export interface Appliance {
  status(): Status;
  stop(): Promise<void>;
}

/**
 * Starts everything. A role whose port is taken is left out and reported; what cannot be done without is thrown.
 * @throws TinsmithError of the data directory and the store, INVALID_INPUT for an interface that is not there.
 */
export async function startAppliance(settings: Settings, log: Logger): Promise<Appliance> {
  const interfaces = servedInterfaces(interfaceAddresses(), settings.interfaces);
  const data = claimDataDirectory(settings.data);
  const cleanUp: (() => Promise<void> | void)[] = [() => data.release()];
  const undo = async (): Promise<void> => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  };
  try {
    process.env.TINSMITH_DATA ??= settings.data;
    const store = await openStore(settings.data);
    cleanUp.push(() => store.close());
    const clock = (): number => Date.now();
    const filesDirectory = settings.files ?? join(settings.data, 'files');
    makeDirectory(filesDirectory);

    const events = await EventLog.open(store, clock);
    const machines = new Machines(store, events, clock);
    const templates = new Templates(store, events, clock, randomUUID);
    const workflows = new Workflows({ store, events, machines, templates, clock, newId: randomUUID });
    const trace = new Trace(clock);
    const stream = createStream(events, clock);
    trace.listen((entry) =>
      stream.tell({ kind: 'boot.trace', machine: machines.byMac(entry.mac)?.id, data: presentTrace(entry) }),
    );
    workflows.onLog(({ workflow, machine, data: output }) =>
      stream.tell({ kind: 'log', workflow, machine, data: output }),
    );
    const { images, builtins, registry } = await openRegistry(settings.data, workerExecutable());
    const files = bootFiles({
      osieDirectory: settings.osie ?? join(dirname(process.execPath), 'osie'),
      executable: workerExecutable(),
      loader: (name) => readEmbeddedIfThere(`loaders/${name}`),
    });

    const roles = new Roles(log);
    const startedAt = new Date(clock()).toISOString();
    let httpPort = settings.httpPort;
    const status = (): Status => {
      const all = roles.statuses();
      const state = all.some((role) => role.state === 'failed') ? 'degraded' : 'ready';
      return {
        version: VERSION,
        commit: COMMIT,
        node: process.version,
        startedAt,
        state,
        roles: all,
        dataDirectory: settings.data,
      };
    };
    const serverUrl = (address: string | undefined): string =>
      `http://${interfaceTowards(interfaces, address)?.address ?? '127.0.0.1'}:${httpPort}`;
    const services: Services = {
      store,
      events,
      machines,
      templates,
      workflows,
      trace,
      stream,
      images,
      builtins,
      registry,
      startedAt,
      bootFiles: files,
      workerTokens: new WorkerTokens(store),
      adminToken: adminToken(settings.data),
      status,
      serverUrl,
      neighbour,
      clock,
      log,
    };
    const app = createApp(services, { filesDirectory, kernelArguments: settings.kernelArguments });

    cleanUp.push(() => roles.stop());
    cleanUp.push(() => stream.close());
    await roles.start({
      name: 'http',
      transport: 'tcp',
      ports: [settings.httpPort],
      start: async () => {
        const server = await startHttp({
          addresses: [{ address: settings.httpAddress, port: settings.httpPort }],
          app,
          onSent: (sent, about) => noteSent(trace, sent, about),
          log,
          carrierSource: packaged ? readEmbedded('native/carrier.cjs').toString() : undefined,
        });
        httpPort = server.bound[0]?.port ?? httpPort;
        return { bound: server.bound.map(({ address, port }) => `${address}:${port}`), stop: () => server.stop() };
      },
    });
    const nameOf = (address: string): string => interfaces.find((each) => each.address === address)?.name ?? '?';
    if (settings.tftp) {
      await roles.start({
        name: 'tftp',
        transport: 'udp',
        ports: [settings.tftpPort],
        start: async () => {
          const server = await startTftp({
            addresses: interfaces.map(({ address }) => address),
            port: settings.tftpPort,
            files: tftpBootFiles(files.loaders, filesDirectory),
            log,
            note: ({ address, file, mac, outcome, reason, sentence, bytes, ms, details }) =>
              trace.note({
                mac: mac ?? neighbour(address) ?? '',
                role: 'tftp',
                what: file,
                outcome,
                reason,
                sentence,
                details: {
                  ...details,
                  client: address,
                  ...(bytes === undefined ? {} : { bytes }),
                  ...(ms === undefined ? {} : { ms }),
                },
              }),
          });
          return {
            bound: server.endpoints.map(({ address, port }) => `${address}:${port} (${nameOf(address)})`),
            stop: () => server.close(),
          };
        },
      });
    } else roles.off('tftp');

    if (settings.dhcp === 'off') roles.off('dhcp');
    else {
      const mode = settings.dhcp;
      const contexts = new DhcpContexts(machines, (address) => `http://${address}:${httpPort}`, clock);
      const name = mode === 'proxy' ? 'dhcp (proxy)' : 'dhcp (reservation)';
      await roles.start({
        name,
        transport: 'udp',
        ports: mode === 'proxy' ? [settings.dhcpPort, settings.proxyDhcpPort] : [settings.dhcpPort],
        start: async () => {
          const server = await startDhcp({
            interfaces,
            mode,
            port67: settings.dhcpPort,
            proxyPort4011: mode === 'proxy' ? settings.proxyDhcpPort : undefined,
            contextFor: (packet, from) => contexts.of(packet, from),
            note: (entry) => {
              contexts.take(entry);
              trace.note({
                mac: entry.mac,
                role: 'dhcp',
                what: entry.what,
                outcome: entry.outcome === 'noted' ? 'completed' : entry.outcome,
                reason: entry.reason,
                sentence: entry.sentence,
                details: { ...entry.details, interface: entry.interface },
              });
            },
            log,
          });
          return {
            bound: server.bound.map(({ address, port, interface: on }) => `${address}:${port} (${on})`),
            stop: () => server.stop(),
          };
        },
      });
    }
    return { status, stop: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${path} cannot be made: ${messageOf(cause)}`, {
      next: 'Free space on its disk, or name another directory with --files.',
      cause,
    });
  }
}
