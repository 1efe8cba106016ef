/** The appliance: settings in, roles started in order, and stopped in the opposite one. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { bootScriptsOf, createApp } from '../api/app.ts';
import { directRoutes } from '../api/direct.ts';
import { basicAuthentication, gatewayRoutes } from '../api/gateway/index.ts';
import { grpcRole, tinkerbellCalls } from '../api/grpc/index.ts';
import { presentTrace } from '../api/present.ts';
import type { PreviewDhcp } from '../api/routes/explain.ts';
import type { Services } from '../api/services.ts';
import { createStream } from '../api/stream.ts';
import { adminToken, WorkerTokens } from '../api/tokens.ts';
import type { Status } from '../api/types.ts';
import { WorkerStream } from '../api/worker-stream.ts';
import { macBehind } from '../boots/asker.ts';
import { bootFiles } from '../boots/boot-files.ts';
import { BootTokens } from '../boots/boot-tokens.ts';
import type { DhcpPacket } from '../boots/dhcp/index.ts';
import { filesByPath } from '../boots/file-routes.ts';
import { interfaceAddresses } from '../boots/interface-addresses.ts';
import { LeaseStore } from '../boots/leases/index.ts';
import { LoaderConfigs } from '../boots/loader-configs/index.ts';
import { neighbour } from '../boots/neighbours.ts';
import { processorSeen } from '../boots/processor.ts';
import { Subnets } from '../boots/subnets/index.ts';
import { Texts } from '../boots/texts.ts';
import { configFiles, firstOf, isoFiles, osieFiles, textFiles } from '../boots/tftp/index.ts';
import { messageOf, TinsmithError } from '../errors.ts';
import { readPacked, workerExecutable } from '../executable/embedded.ts';
import { readTlsPair } from '../http/index.ts';
import { makeLife, openContent } from '../life/index.ts';
import { Processors } from '../life/processors.ts';
import { open as openSealed, sealingKeys } from '../life/seal.ts';
import { hasScript, Served } from '../life/served.ts';
import { LastSeen } from '../machines/last-seen.ts';
import { type Machine, Machines, macsOf } from '../machines/machines.ts';
import { type DataDirectory, EventLog, openStore } from '../store/index.ts';
import { startTrimming } from '../store/retention.ts';
import { COMMIT, VERSION } from '../version.ts';
import { Webhooks } from '../webhooks/index.ts';
import { keptTrace, watchBoots } from './boot-watch.ts';
import { DhcpContexts, reservedMac } from './dhcp-contexts.ts';
import { dhcpPreview } from './dhcp-preview.ts';
import { interfaceTowards, servedInterfaces } from './interfaces.ts';
import { loaderChoices } from './loader-choices.ts';
import { choiceForAll } from './loaders-for-all.ts';
import { dhcpRole, httpRole, httpsRole, tftpRole } from './network-roles.ts';
import { direct, servedNetworks } from './networks.ts';
import { OtherServers } from './other-servers.ts';
import { startProvisionerWorker } from './provisioner-worker.ts';
import { openRegistry } from './registry.ts';
import { Roles } from './roles.ts';
import { openServedFiles } from './served-files.ts';
import { filesDirectoryOf, type Settings } from './settings.ts';
import { syslogRole } from './syslog-role.ts';

/** An appliance that runs. */
export interface Appliance {
  status(): Status;
  /** Where machines reach it: `http://ADDRESS:PORT`. */
  url(): string;
  stop(): Promise<void>;
}

/**
 * Starts everything. A role whose port is taken is left out and reported; what cannot be done without is thrown.
 * @param data the claimed data directory; it is released when the appliance has stopped, or could not start.
 * @throws TinsmithError of the store, INVALID_INPUT for an interface that is not there.
 */
export async function startAppliance(settings: Settings, data: DataDirectory, log: Logger): Promise<Appliance> {
  const cleanUp: (() => Promise<void> | void)[] = [() => data.release()];
  const undo = async (): Promise<void> => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  };
  try {
    // Before anything is begun: a certificate that is none is no reason to run without.
    if (settings.https) readTlsPair(settings.https.files);
    const interfaces = servedInterfaces(interfaceAddresses(), settings.interfaces);
    const store = await openStore(settings.data);
    cleanUp.push(() => store.close());
    const clock = (): number => Date.now();
    const filesDirectory = filesDirectoryOf(settings);
    makeDirectory(filesDirectory);

    const events = await EventLog.open(store, clock);
    const machines = new Machines(store, events, clock);
    const lastSeen = new LastSeen(clock);
    const subnets = new Subnets({ store, events, clock, machines, interfaces });
    subnets.served = { isOn: settings.dhcp !== 'off', hasBootService: true };
    const leases = await LeaseStore.open(
      store,
      {
        reservedFor: (address) => reservedMac(machines, address),
        isOurs: (address) => interfaces.some((each) => each.address === address),
      },
      clock,
    );
    machines.leaseOf = (address) => leases.held(address);
    const { trace, stop: stopTrace } = await keptTrace(settings.data, { machines, clock, log });
    cleanUp.push(stopTrace);
    const stream = createStream(events, clock);
    trace.listen((entry) => {
      // A storm of packets with nobody watching costs nothing here.
      if (stream.isHeard())
        stream.tell({ kind: 'boot.trace', machine: machines.byMac(entry.mac)?.id, data: presentTrace(entry) });
    });
    const others =
      settings.dhcp === 'off'
        ? undefined
        : new OtherServers(settings.dhcp, {
            ...{ interfaces, besideOther: settings.besideOtherDhcp, every: settings.dhcpWatch },
            described: (from) => subnets.networkOf(direct(from))?.mode,
            ...{ trace, store, events, clock, log },
          });
    if (others) cleanUp.push(() => others.stop());
    const { images, builtins, registry } = await openRegistry(settings.data, workerExecutable());
    const files = bootFiles({
      osieDirectory: settings.osie ?? join(dirname(process.execPath), 'osie'),
      executable: workerExecutable(),
      loader: (name) => readPacked(`loaders/${name}`),
    });

    const roles = new Roles(log);
    let hasStarted = false;
    const startedAt = new Date(clock()).toISOString();
    let httpPort = settings.httpPort;
    const status = (): Status => {
      const all = roles.statuses();
      const isDown = all.some((role) => role.state === 'failed');
      return {
        version: VERSION,
        commit: COMMIT,
        node: process.version,
        startedAt,
        state: isDown ? 'degraded' : hasStarted ? 'ready' : 'starting',
        roles: others?.warn(all) ?? all,
        dataDirectory: settings.data,
        ...(others && { otherServers: others.present() }),
      };
    };
    // Bound to one address, HTTP is reached there only; else by the address of the network that a machine is on.
    const httpAt = (address: string): string =>
      `http://${settings.httpAddress === '0.0.0.0' ? address : settings.httpAddress}:${httpPort}`;
    const serverUrl = (address: string | undefined): string =>
      httpAt(interfaceTowards(interfaces, address)?.address ?? '127.0.0.1');
    const workerStream = new WorkerStream();
    const workerTokens = new WorkerTokens(store);
    const sealing = sealingKeys(settings.data);
    const open = (sealed: unknown): unknown => openSealed(sealing.privateKey, sealed);
    const content = await openContent({ store, events, clock });
    const servedFiles = await openServedFiles({ store, content, log }, filesDirectory);
    const { isos, environmentFiles } = servedFiles;
    const serverOf = (machine: Machine | undefined) => {
      const url = new URL(serverUrl(machine?.hardware.network.interfaces[0]?.dhcp.ip?.address));
      return { url: url.origin, address: url.hostname, port: url.port };
    };
    const processors = new Processors({
      firmware: (machine) => processorSeen(trace, macsOf(machine)),
      inventory: ({ id }) => workflowParts.discovery.inventories.of(id)?.inventory.architecture,
    });
    const { deadlines, ...workflowParts } = makeLife({
      ...{ store, events, machines, content, lastSeen, clock, log },
      values: (machine) => ({ tinsmith: serverOf(machine) }),
      around: {
        server: serverOf,
        ...{ open, processors },
        unbootable: (bootEnv, machine) => environmentFiles.unusable(bootEnv, processors.of(machine), hasScript),
        token: (transaction, machine, kind) => workerTokens.issueForTask(transaction, machine, kind === 'infinite'),
      },
      dataLimit: settings.dataLimit,
      wakes: {
        work: (machine) => workerStream.tell(machine, 'work'),
        services: (machine) => workerStream.tell(machine, 'services'),
        stop: (machine, notice) => workerStream.stop(machine, notice),
      },
      onLog: (output) => stream.tell({ kind: 'log', ...output }),
      newId: randomUUID,
    });
    const webhooks = new Webhooks({ store, events, clock, newId: randomUUID });
    const services: Services = {
      store,
      events,
      machines,
      ...workflowParts,
      content,
      sealingPublicKey: sealing.publicKey,
      lastSeen,
      leases,
      workerStream,
      subnets,
      trace,
      stream,
      webhooks,
      images,
      builtins,
      registry,
      startedAt,
      bootFiles: files,
      files: servedFiles.files,
      isos,
      workerTokens,
      adminToken: adminToken(settings.data),
      status,
      serverUrl,
      loaderChoice: choiceForAll(settings),
      neighbour,
      clock,
      log,
    };
    const environments = new Served({
      ...{ store, catalogue: () => content.catalogue(), files: environmentFiles, processors, open },
    });
    const bootTokens = new BootTokens(workerTokens);
    const texts = new Texts({ machines, trace, neighbour, environments, tokens: bootTokens });
    const calls = tinkerbellCalls(services, settings.grpc);
    const basic = basicAuthentication(process.env);
    const gateway = gatewayRoutes({ calls, adminToken: services.adminToken, basic, log });
    const { kernelArguments, unknown, syslogPort: syslog } = settings;
    const scripts = bootScriptsOf(services, { kernelArguments, syslog, unknown, environments }, bootTokens);
    const configs = new LoaderConfigs({ machines, neighbour, scripts });
    let previewDhcp: PreviewDhcp = () => undefined;
    const boot = {
      ...{ filesDirectory, kernelArguments, syslog, unknown, environments, texts, configs, scripts },
      previewDhcp: (packet: DhcpPacket) => previewDhcp(packet),
    };
    const app = createApp(services, boot, gateway);

    cleanUp.push(() => roles.stop());
    cleanUp.push(() => stream.close());
    cleanUp.push(() => workerStream.close());
    const around = { settings, interfaces, trace, log };
    const web = { app, direct: directRoutes(services), files: filesByPath({ filesDirectory, machines, neighbour }) };
    await roles.start(
      httpRole(around, web, (port) => {
        httpPort = port;
      }),
    );
    if (settings.https) await roles.start(httpsRole(around, web, settings.https, () => httpPort));
    await deadlines.start();
    cleanUp.push(() => deadlines.stop());
    await webhooks.start();
    cleanUp.push(() => webhooks.stop());
    const trimming = startTrimming({ events, limits: settings.keepEvents, clock, log });
    cleanUp.push(() => trimming.stop());
    if (settings.grpc.on) {
      const grpc = { ...settings.grpc, address: settings.httpAddress, largest: settings.dataLimit };
      await roles.start(grpcRole(grpc, services, calls));
    } else roles.off('grpc');
    // Behind a relay the kernel knows nobody: there the lease tells.
    const macOf = (address: string): string =>
      macBehind({ neighbour }, machines, address) || (leases.held(address)?.mac ?? '');
    if (syslog === undefined) roles.off('syslog');
    else await roles.start(syslogRole(syslog, { ...around, clock }, macOf));
    if (settings.tftp) {
      const machineAt = (address: string) => machines.byMac(macOf(address));
      const made = firstOf(
        osieFiles(files, scripts),
        textFiles(texts, serverUrl),
        configFiles(configs, serverUrl),
        isoFiles({ isos, environments, machineAt }),
      );
      await roles.start(tftpRole(around, files, filesDirectory, made));
    } else roles.off('tftp');
    if (settings.dhcp === 'off' || !others) roles.off('dhcp');
    else {
      const { inventories } = services.discovery;
      const choices = loaderChoices({ ...settings, filesDirectory, trace, inventories, clock });
      const contexts = new DhcpContexts(machines, httpAt, clock, environments, unknown, choices);
      const networks = servedNetworks(others.mode, { interfaces, ranges: settings.ranges }, { leases, subnets });
      subnets.served = { isOn: true, hasBootService: networks.needsBootService };
      const dhcp = dhcpRole(around, networks, { contexts, leases });
      await roles.start({ ...dhcp, start: () => others.fits().then(() => dhcp.start()) });
      previewDhcp = dhcpPreview(networks, interfaces, { machines, contexts, leases });
    }
    const stuck = watchBoots(services, { environments, unknown });
    cleanUp.push(() => stuck.stop());
    await startProvisionerWorker(roles, {
      ...{ settings, httpPort, log },
      issueToken: (machine) => services.workerTokens.issue(machine),
    });
    hasStarted = true;
    return { status, url: () => serverUrl(undefined), stop: undo };
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
