/** The roles that answer machines: HTTP, TFTP and DHCP, each wired to the parts that decide. */
import type { Logger } from 'pino';
import type { BootFiles } from '../boots/boot-files.ts';
import { ConflictProbe, type Network, startDhcp } from '../boots/dhcp/index.ts';
import type { InterfaceAddress } from '../boots/interface-addresses.ts';
import type { LeaseStore } from '../boots/leases/index.ts';
import { neighbour } from '../boots/neighbours.ts';
import { noteSent } from '../boots/routes.ts';
import { startTftp, type TftpFiles, bootFiles as tftpFiles } from '../boots/tftp/index.ts';
import type { Trace } from '../boots/trace.ts';
import { addonFile } from '../executable/addon.ts';
import { packaged, readEmbedded } from '../executable/embedded.ts';
import { type HttpSettings, readTlsPair, startHttp, type TlsFiles, warnOfTime, watchTlsFiles } from '../http/index.ts';
import type { DhcpContexts } from './dhcp-contexts.ts';
import { direct, type ServedNetworks } from './networks.ts';
import type { Role } from './roles.ts';
import type { Settings } from './settings.ts';

interface Around {
  settings: Settings;
  interfaces: readonly InterfaceAddress[];
  trace: Trace;
  log: Logger;
}

/** What the thread that holds connections is started from, in the executable. */
const threadParts = (): Pick<HttpSettings, 'carrierSource' | 'koffi'> => ({
  ...(packaged && { carrierSource: readEmbedded('native/carrier.cjs').toString() }),
  koffi: addonFile('koffi'),
});

/** @param onBound told of the port that was bound. */
export function httpRole(
  { settings, trace, log }: Around,
  { app, direct, files }: Pick<HttpSettings, 'app' | 'direct' | 'files'>,
  onBound: (port: number) => void,
): Role {
  const { httpAddress: address, httpPort: port } = settings;
  return {
    name: 'http',
    transport: 'tcp',
    ports: [port],
    async start() {
      const server = await startHttp({
        addresses: [{ address, port }],
        ...{ app, direct, files },
        onSent: (sent, about) => noteSent(trace, sent, about),
        log,
        ...threadParts(),
      });
      for (const bound of server.bound) onBound(bound.port);
      return { bound: server.bound.map((each) => `${each.address}:${each.port}`), stop: () => server.stop() };
    },
  };
}

/**
 * The same over TLS, by a thread of its own. What machines are given goes on over plain HTTP: they do not know who has signed
 * the certificate.
 * @param https.files are read already once, and are good
 */
export function httpsRole(
  { settings, trace, log }: Around,
  { app, direct, files }: Pick<HttpSettings, 'app' | 'direct' | 'files'>,
  https: { port: number; files: TlsFiles },
  httpPort: () => number,
): Role {
  const { httpAddress: address } = settings;
  return {
    name: 'https',
    transport: 'tcp',
    ports: [https.port],
    async start() {
      const tls = readTlsPair(https.files);
      warnOfTime(tls, Date.now(), log);
      const server = await startHttp({
        addresses: [{ address, port: https.port }],
        ...{ app, direct, files, log, tls, announcedPort: httpPort() },
        onSent: (sent, about) => noteSent(trace, sent, about),
        ...threadParts(),
      });
      const unwatch = watchTlsFiles(https.files, { log, what: 'HTTPS' }, (pair) => server.renew(pair));
      return {
        bound: server.bound.map((each) => `${each.address}:${each.port}`),
        async stop() {
          unwatch();
          await server.stop();
        },
      };
    },
  };
}

export function tftpRole(
  { settings, interfaces, trace, log }: Around,
  files: BootFiles,
  directory: string,
  texts: TftpFiles,
): Role {
  const nameOf = (address: string): string => interfaces.find((each) => each.address === address)?.name ?? '?';
  return {
    name: 'tftp',
    transport: 'udp',
    ports: [settings.tftpPort],
    async start() {
      const server = await startTftp({
        addresses: interfaces.map(({ address }) => address),
        port: settings.tftpPort,
        files: tftpFiles(files.loaders, directory, texts),
        log,
        note: ({ address, file, mac, bytes, ms, details, ...entry }) =>
          trace.note({
            ...entry,
            mac: mac ?? neighbour(address) ?? '',
            role: 'tftp',
            what: file,
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
  };
}

export function dhcpRole(
  { settings, interfaces, trace, log }: Around,
  { mode, networkOf, networkAt, needsBootService }: ServedNetworks,
  { contexts, leases }: { contexts: DhcpContexts; leases: LeaseStore },
): Role {
  const proxyPort = needsBootService ? settings.proxyDhcpPort : undefined;
  return {
    name: `dhcp (${mode})`,
    transport: 'udp',
    ports: [settings.dhcpPort, ...(proxyPort === undefined ? [] : [proxyPort])],
    async start() {
      const conflicts = new ConflictProbe(log);
      const server = await startDhcp({
        interfaces,
        networkOf,
        networkAt,
        leases,
        probe: conflicts.probe,
        port67: settings.dhcpPort,
        proxyPort4011: proxyPort,
        contextFor: (packet, from) => contexts.of(packet, from),
        note: (mac, made) =>
          trace.noteOf(mac, () => {
            const note = made();
            // Of strangers, whose notes are not always wanted, it takes nothing.
            contexts.take(note);
            const { what, reason, sentence, outcome, details } = note;
            // A RELEASE or DECLINE is taken to its end without an answer.
            const ended = outcome === 'noted' ? 'completed' : outcome;
            return { mac, role: 'dhcp', what, outcome: ended, reason, sentence, details };
          }),
        log,
      });
      return {
        bound: server.bound.map(({ address, port, interface: on, role }) => {
          const from = interfaces.find((each) => each.name === on);
          const network = from && role === 67 ? networkOf(direct(from)) : undefined;
          const isTold = network !== undefined && (network.mode === 'pool' || network.mode !== mode);
          return `${address}:${port} (${on}${isTold ? `, ${whatIsGiven(network)}` : ''})`;
        }),
        async stop() {
          conflicts.close();
          await server.stop();
        },
      };
    },
  };
}

function whatIsGiven({ mode, ranges }: Network): string {
  if (mode !== 'pool') return mode;
  return `pool ${ranges.map(({ first, last }) => `${first}-${last}`).join(' ')}`;
}
