/** The appliance itself as the API shows it: its state, the images it serves, what it heard from machines. */
import { z } from 'zod';
import { ERROR_CODES } from '../../errors.ts';
import { instant } from './page.ts';

/** Something that is not wrong by itself, and that whoever runs the appliance should know. */
const roleWarning = z.object({ code: z.string(), message: z.string(), next: z.string() });

export const roleStatus = z
  .object({
    name: z.string().describe('`dhcp`, `proxy-dhcp`, `tftp`, `http`, …'),
    state: z.enum(['up', 'failed', 'off']),
    bound: z.array(z.string()).describe('Addresses it answers on, such as `192.168.1.1:69 (eth0)`.'),
    problem: z
      .object({ code: z.enum(ERROR_CODES), message: z.string(), next: z.string().optional() })
      .optional()
      .describe('Why it failed.'),
    warning: roleWarning
      .optional()
      .describe('What is odd about the network that it serves, as `nobody-gives-addresses`.'),
  })
  .meta({ id: 'RoleStatus' });
export type RoleStatus = z.infer<typeof roleStatus>;

/** Another DHCP server on a network that is served. */
export const otherServer = z
  .object({
    address: z.string().describe('Its server identifier.'),
    mac: z.string().describe('Where its answers came from: itself, or the relay agent before it.'),
    interface: z.string(),
    givesAddresses: z.boolean().describe('False: it only says what to boot, as a ProxyDHCP server.'),
    offers: z.string().describe('What it offers, for people.'),
    lease: z
      .object({ address: z.string(), router: z.string().optional(), seconds: z.number().optional() })
      .optional()
      .describe('What it offered for an address.'),
    boots: z
      .array(z.object({ firmware: z.string(), file: z.string().optional(), server: z.string().optional() }))
      .describe('What it tells firmware to boot.'),
  })
  .meta({ id: 'OtherServer' });

/** `GET status` */
export const status = z
  .object({
    version: z.string(),
    commit: z.string(),
    node: z.string().describe('Version of Node, such as `v24.21.0`.'),
    startedAt: z.string(),
    state: z
      .enum(['starting', 'ready', 'degraded'])
      .describe('`starting`: not all parts have been started yet; HTTP is the first.'),
    roles: z.array(roleStatus),
    dataDirectory: z.string(),
    otherServers: z
      .array(otherServer.extend({ since: instant.describe('When it was heard first.') }))
      .optional()
      .describe(
        'Other DHCP servers on the networks that are served; absent where nobody looks for them (`--dhcp off`).',
      ),
  })
  .meta({ id: 'Status' });
export type Status = z.infer<typeof status>;

/** `GET trace/:mac`: one thing that happened to a machine on its way, and why. */
export const traceEntry = z
  .object({
    time: instant,
    mac: z.string(),
    boot: z.int().optional().describe('Number of the boot of this MAC address that it belongs to.'),
    role: z.enum(['dhcp', 'tftp', 'http', 'script', 'worker', 'system', 'syslog']),
    what: z.string().describe('The packet or request: `DHCPDISCOVER`, `GET /boot/vmlinuz`.'),
    outcome: z.enum(['answered', 'ignored', 'refused', 'completed', 'failed']),
    reason: z.string().describe('Stable name of the reason, such as `unknown-machine`.'),
    sentence: z.string().describe('The same for people.'),
    details: z.record(z.string(), z.unknown()).describe('Evidence: addresses, bytes, ms, options.'),
  })
  .meta({ id: 'TraceEntry' });
export type TraceEntry = z.infer<typeof traceEntry>;

/** `GET trace`: the last entry of every MAC address heard of. */
export const traceSummary = z
  .object({
    mac: z.string(),
    machine: z.string().optional().describe('Name of the machine, when it is one of ours.'),
    last: traceEntry,
  })
  .meta({ id: 'TraceSummary' });
export type TraceSummary = z.infer<typeof traceSummary>;

/** `GET dhcp-settings`: for one kind of server. */
export const dhcpSettings = z
  .object({
    server: z.string().describe('`dnsmasq`, `isc`, `kea`, `opnsense`, `mikrotik` or `windows`.'),
    title: z.string(),
    where: z.string().describe('Where they belong.'),
    text: z.string(),
  })
  .meta({ id: 'DhcpSettings' });
export type DhcpSettings = z.infer<typeof dhcpSettings>;

/** `GET images` */
export const image = z
  .object({
    reference: z.string().describe('Such as `docker.io/library/busybox:1.36`.'),
    digest: z.string(),
    size: z.number().describe('Bytes.'),
    architecture: z.string(),
    loadedAt: instant,
    builtin: z.boolean().describe('Part of the executable: cannot be deleted.'),
  })
  .meta({ id: 'Image' });
export type Image = z.infer<typeof image>;

/** `GET preview/:machine`: what the machine would be given if it asked now. */
export const preview = z
  .object({
    boot: z.string(),
    reason: z.string(),
    sentence: z.string(),
    script: z.string().optional().describe('The iPXE script, without its token.'),
  })
  .meta({ id: 'Preview' });
export type Preview = z.infer<typeof preview>;
