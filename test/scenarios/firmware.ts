/**
 * A machine's firmware as a test plays it: packets of DHCP as real firmware sends them, small clients of TFTP and HTTP, and
 * the appliance's own servers on the loopback, with a clock of the test's own.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { truncateSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { presentTrace } from '../../src/api/present.ts';
import type { PreviewDhcp } from '../../src/api/routes/explain.ts';
import type { Explained } from '../../src/api/types.ts';
import { DhcpContexts } from '../../src/appliance/dhcp-contexts.ts';
import { dhcpPreview } from '../../src/appliance/dhcp-preview.ts';
import { dhcpRole, tftpRole } from '../../src/appliance/network-roles.ts';
import { servedNetworks } from '../../src/appliance/networks.ts';
import { readSettings, type Settings } from '../../src/appliance/settings.ts';
import { address, MessageType, Option, text, u8, u16 } from '../../src/boots/dhcp/options.ts';
import { encode } from '../../src/boots/dhcp/packet.ts';
import type { UnknownPolicy } from '../../src/boots/plan.ts';
import type { TraceEntry } from '../../src/boots/trace.ts';
import { running, tokenFor } from '../api/running.ts';
import { captured } from '../boots/dhcp/captured.ts';
import { alter } from '../boots/dhcp/requests.ts';
import { fetch as fetchByTftp, RawClient } from '../boots/tftp/served.ts';
import { macOf } from '../machines/examples.ts';
import { device, pushed, TWO_ACTIONS } from '../workflows/made.ts';

/** The appliance's side of the loopback: packets of the test do not come from the server's own address. */
const SERVED = { name: 'lo', address: '127.0.0.2', netmask: '255.0.0.0' };
const PATIENCE_MS = 60_000;
/** Bytes of the kernel and the initrd: more than what sockets hold when a client goes away. */
const KERNEL = 24 << 20;
const INITRD = 32 << 20;

/** Packets of real firmware and systems, by who sends them; that of BIOS differs by its architecture. */
const SENT = {
  bios: 'edk2-pxe-discover',
  uefi: 'edk2-pxe-discover',
  'uefi-http': 'edk2-http-discover',
  ipxe: 'ipxe-efi-discover',
  system: 'udhcpc-discover',
} as const;
export type Sender = keyof typeof SENT;

/** What of a packet is another than in the captured one. */
export interface Changes {
  architecture?: number;
  /** The address that it asks for, and the server that it names. */
  requested?: string;
  server?: string;
  giaddr?: string;
  /** Options by number. */
  more?: Record<number, Buffer>;
}

export async function appliance(
  t: TestContext,
  options: {
    mode?: 'reservation' | 'proxy' | 'pool';
    ranges?: Settings['ranges'];
    unknown?: UnknownPolicy;
    osie?: boolean;
  } = {},
) {
  const mode = options.mode ?? 'reservation';
  let preview: PreviewDhcp | undefined;
  const previewDhcp: PreviewDhcp = (packet) => preview?.(packet);
  const all = await running(t, { ...options, environments: true, previewDhcp });
  const { services, machines, clock, directory, stream } = all;
  all.trace.listen((entry) =>
    stream.tell({ kind: 'boot.trace', machine: machines.byMac(entry.mac)?.id, data: presentTrace(entry) }),
  );
  if (options.osie !== false) {
    truncateSync(join(directory, 'osie', 'vmlinuz'), KERNEL);
    truncateSync(join(directory, 'osie', 'initrd.img'), INITRD);
  }
  const log = pino({ level: 'silent' });
  const settings = readSettings({
    flags: { 'dhcp-port': 0, 'proxy-dhcp-port': 0, 'tftp-port': 0, data: directory },
    environment: {},
    readFile: () => '',
  });
  const around = { settings, interfaces: [SERVED], trace: all.trace, log };
  const environments = { lifeOf: (machine: string) => all.lives.get(machine), loaderFor: () => undefined };
  const contexts = new DhcpContexts(machines, () => all.url, clock, environments, options.unknown);
  const { subnets, leases } = services;
  const networks = servedNetworks(mode, { interfaces: [SERVED], ranges: options.ranges ?? [] }, { leases, subnets });
  preview = dhcpPreview(networks, [SERVED], { machines, contexts, leases });
  const dhcp = await dhcpRole(around, networks, { contexts, leases }).start();
  const loaders = new Map(['ipxe.efi', 'undionly.kpxe'].map((name) => [name, Buffer.alloc(20_000, name)]));
  const tftp = await tftpRole(around, { ...services.bootFiles, loaders }, all.filesDirectory, async () => ({
    refused: 'not-found',
    sentence: 'there is no such text',
  })).start();
  t.after(() => Promise.all([dhcp.stop(), tftp.stop()]));
  const portOf = (bound: string | undefined): number => Number(/:(\d+) /.exec(bound ?? '')?.[1]);

  /** The next entry of the trace that fits. */
  const noted = (fits: (entry: TraceEntry) => boolean): Promise<TraceEntry> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nothing of the kind was noted')), PATIENCE_MS);
      const stop = all.trace.listen((entry) => {
        if (!fits(entry)) return;
        clearTimeout(timer);
        stop();
        resolve(entry);
      });
    });

  const machine = (n: number) => {
    const mac = macOf(n);
    const own = (role: string) => (entry: TraceEntry) => entry.mac === mac && entry.role === role;
    const dhcpOf = async (type: keyof typeof MessageType, sender: Sender, changes: Changes = {}) => {
      const { architecture = sender === 'bios' ? 0 : undefined, requested, server, giaddr, more } = changes;
      const packet = alter(
        captured(SENT[sender]),
        { chaddr: mac, giaddr: giaddr ?? '0.0.0.0' },
        {
          [Option.DHCP_MESSAGE_TYPE]: u8(MessageType[type]),
          ...(architecture !== undefined && {
            [Option.CLIENT_SYSTEM_ARCHITECTURE]: u16(architecture),
            [Option.VENDOR_CLASS_IDENTIFIER]: text(
              `PXEClient:Arch:${String(architecture).padStart(5, '0')}:UNDI:003000`,
            ),
          }),
          ...(requested !== undefined && { [Option.REQUESTED_IP_ADDRESS]: address(requested) }),
          ...(server !== undefined && { [Option.SERVER_IDENTIFIER]: address(server) }),
          ...more,
        },
      );
      const answer = noted(own('dhcp'));
      const socket = createSocket('udp4');
      socket.send(encode(packet, 1500).bytes, portOf(dhcp.bound[0]), SERVED.address);
      return answer.finally(() => socket.close());
    };
    const http = async (path: string, { cut = false, role = 'http' } = {}): Promise<string> => {
      all.neighbours.set('127.0.0.1', mac);
      const ended = noted(own(role));
      const text = await new Promise<string>((resolve, reject) => {
        const parts: Buffer[] = [];
        const asked = request(`${all.url}${path}`, { agent: false }, (response) => {
          response.on('data', (part: Buffer) => {
            if (cut) response.destroy();
            else if (parts.length < 64) parts.push(part);
          });
          response.on('close', () => resolve(Buffer.concat(parts).toString()));
        });
        asked.on('error', reject).end();
      });
      await ended;
      return text;
    };
    const tftpPort = portOf(tftp.bound[0]);
    const named = (name: string): string => `${mac}/${name}`;
    return {
      mac,
      dhcp: dhcpOf,
      /** DISCOVER and REQUEST of what was reserved for it. */
      async address(sender: Sender = 'uefi', changes: Changes = {}): Promise<void> {
        await dhcpOf('DISCOVER', sender, changes);
        await dhcpOf('REQUEST', sender, { requested: `10.0.0.${n}`, server: SERVED.address, ...changes });
      },
      /** Loads a file by TFTP, whole. */
      async load(name: string): Promise<void> {
        const ended = noted((entry) => own('tftp')(entry) && entry.outcome !== 'answered');
        await fetchFrom(tftpPort, named(name)).catch(() => {});
        await ended;
      },
      /** Asks for a file by TFTP, and says what `answer` says to the first packet; undefined: nothing. */
      async loadBadly(name: string, options: Record<string, number>, error?: { code: number; message: string }) {
        const ended = noted((entry) => own('tftp')(entry) && entry.outcome !== 'answered');
        const client = await RawClient.open();
        client.ask(tftpPort, named(name), options, 'octet', SERVED.address);
        const { port } = await client.next();
        if (error) client.send(port, { kind: 'error', ...error }, SERVED.address);
        await ended.finally(() => client.close());
      },
      script: () => http(`/boot/${mac}/auto.ipxe`, { role: 'script' }),
      kernel: (how?: { cut: boolean }) => http(`/boot/${mac}/vmlinuz`, how),
      initrd: (how?: { cut: boolean }) => http(`/boot/${mac}/initrd.img`, how),
      loadByHttp: (name: string) => http(`/boot/loaders/${mac}/${name}`),
      /** Its worker says hello. @returns its token */
      async hello(boot = 'boot-1'): Promise<string> {
        const token = await tokenFor(all, mac);
        await all.call('POST', '/api/v1/worker/hello', { token, body: { mac, boot, version: 'test' } });
        return token;
      },
      /** All from power-on to the last file. */
      async loaded(): Promise<void> {
        await this.address();
        await this.load('ipxe.efi');
        await this.address('ipxe');
        await this.script();
        await this.kernel();
        await this.initrd();
      },
    };
  };

  return {
    ...all,
    log,
    machine,
    /** Machine `n`, with a workflow to run where `work` says so. */
    async known(
      n: number,
      { work = true, netboot, disableDhcp }: { work?: boolean; netboot?: object; disableDhcp?: boolean } = {},
    ) {
      const record = await pushed(machines, n, netboot);
      if (disableDhcp) {
        const interfaces = record.hardware.network.interfaces.map((each) => ({ ...each, disableDhcp }));
        await machines.push([{ ...record.hardware, network: { interfaces } }]);
      }
      if (!work) return { record, workflow: undefined };
      await all.templates.create(TWO_ACTIONS);
      return { record, workflow: await all.workflows.create({ template: 'install', devices: device(n) }) };
    },
    pass: (seconds: number): void => {
      all.time.now += seconds * 1000;
    },
    async explained(reference: string): Promise<Explained> {
      const { json, status, text } = await all.call('GET', `/api/v1/explain/${reference}`);
      assert.equal(status, 200, text);
      return json.data;
    },
  };
}

export type Played = Awaited<ReturnType<typeof appliance>>;

/** As the client of the tests of TFTP does, at the appliance's address. */
async function fetchFrom(port: number, file: string): Promise<void> {
  await fetchByTftp(port, file, {}, SERVED.address);
}
