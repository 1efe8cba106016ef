/** DHCP clients that we did not write: how each is run, what it says, and where it keeps what it was given. */
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Given, givenByDhclient, givenByUdhcpc, readEnvironment } from './dhcp-clients.ts';
import type { TestNetwork } from './dhcp-network.ts';

/** What a client can be heard to do; each says it in words of its own. */
export type Deed = 'bound' | 'renewed' | 'rebinding' | 'rebound' | 'remembered' | 'declined';

/** A client: how it is run and heard, and what of RFC 2131 it does in a way of its own. */
export interface ClientKind {
  /** Program and the package it comes from. */
  program: string;
  package: string;
  /** When it asks for the address of its last lease without looking for servers (INIT-REBOOT, section 4.3.2). */
  remembers: 'when it is started' | 'when the cable is plugged in' | 'never';
  /** It releases to the server that it had its lease from first, also where another one has renewed that. */
  releasesToFirst?: true;
  /** It would decline an address, but its DECLINE does not get away. */
  cannotDecline?: true;
  says: Readonly<Record<Deed, RegExp>>;
  /** Command that runs it in the foreground, on `eth0`. What it is to remember is in `at.directory`. */
  command(at: Spot): string[];
  /** How it is asked to give its lease back. */
  release(at: Spot, kill: (signal: NodeJS.Signals) => void): Promise<unknown>;
  /** What it was given last. */
  given(at: Spot): GivenWithRoutes | undefined;
}

/** Where a client runs. */
export interface Spot {
  network: TestNetwork;
  namespace: string;
  /** Of this client alone. */
  directory: string;
  /** An address that the client is to ask for, where it takes that. */
  wanted?: string | undefined;
}

export interface GivenWithRoutes extends Given {
  /** Option 121: `192.168.7.0/24 10.0.0.2`. */
  routes: string[];
}

/** The device of every client. */
export const DEVICE = 'eth0';

/** A command with mounts of its own, in the client's directory. */
function inOwnMounts(at: Spot, steps: readonly string[]): string[] {
  return ['unshare', '--mount', 'sh', '-c', [`cd ${at.directory}`, ...steps].join(' && ')];
}

/** The script of clients that call one, with their names for things: sets the address, keeps what it was told, says so. */
const hook = (
  at: Spot,
  reason: string,
  { address, mask, router, lost }: Record<'address' | 'mask' | 'router' | 'lost', string>,
) =>
  at.network.script(
    `hook-${at.namespace}`,
    `case "${reason}" in
  ${lost}) ip address flush dev ${DEVICE} scope global ;;
  *) [ -n "${address}" ] && ip address replace "${address}/${mask}" dev ${DEVICE} && env > ${at.directory}/new && mv ${at.directory}/new ${at.directory}/given
     [ -n "${router}" ] && ip route replace default via "${router}" dev ${DEVICE} ;;
esac
echo "hook: ${reason}"
exit 0
`,
  );

/** As dhclient and dhcpcd call things. */
const NAMES = { address: '$new_ip_address', router: '$new_routers' };

const environmentOf = (at: Spot) => {
  const path = join(at.directory, 'given');
  return existsSync(path) ? readEnvironment(path) : undefined;
};

/** `192.168.7.0/24 10.0.0.2 0.0.0.0/0 10.0.0.1` as one string for each route. */
function pairs(text: string | undefined): string[] {
  const words = text?.split(' ').filter((word) => word !== '') ?? [];
  return words.flatMap((word, i) => (i % 2 === 0 ? `${word} ${words[i + 1]}` : []));
}

/** Option 121 as dhclient hands it on: as bytes. */
function ofBytes(text: string | undefined): string[] {
  const bytes = text?.split(' ') ?? [];
  const routes: string[] = [];
  while (bytes.length > 0) {
    const prefix = Number(bytes.shift());
    const destination = bytes.splice(0, Math.ceil(prefix / 8));
    while (destination.length < 4) destination.push('0');
    routes.push(`${destination.join('.')}/${prefix} ${bytes.splice(0, 4).join('.')}`);
  }
  return routes;
}

const dhclient: ClientKind = {
  program: 'dhclient',
  package: 'isc-dhcp-client',
  remembers: 'when it is started',
  says: {
    bound: /hook: BOUND/,
    renewed: /hook: RENEW/,
    rebinding: /DHCPREQUEST for \S+ on eth0 to 255\.255\.255\.255/,
    // Its script is told so where T2 finds it at rest.
    rebound: /hook: RE(?:BIND|NEW)/,
    remembered: /hook: REBOOT/,
    declined: /DHCPDECLINE of/,
  },
  command(at) {
    const path = (name: string) => join(at.directory, name);
    // It declines what its script refuses.
    const script = at.network.script(
      `dhclient-${at.namespace}`,
      `if [ "$reason" = BOUND ]; then
  ip address flush dev ${DEVICE} scope global
  busybox arping -D -q -c 2 -w 3 -I ${DEVICE} "$new_ip_address" || exit 1
fi
exec ${hook(at, '$reason', { ...NAMES, mask: '$new_subnet_mask', lost: 'EXPIRE|FAIL|RELEASE|STOP' })}
`,
    );
    writeFileSync(
      path('conf'),
      `option routes code 121 = array of unsigned integer 8;
request subnet-mask, routers, domain-name-servers, host-name, domain-name, routes;
timeout 60; initial-interval 1; backoff-cutoff 2; select-timeout 0; reboot 60;
`,
    );
    if (!existsSync(path('leases'))) writeFileSync(path('leases'), '');
    const files = ['-sf', script, '-lf', path('leases'), '-pf', path('pid'), '-cf', path('conf')];
    return ['dhclient', '-4', '-d', '-v', '--decline-wait-time', '1', ...files, DEVICE];
  },
  release: (at) => {
    const [, ...args] = dhclient.command(at);
    return at.network.run(at.namespace, 'dhclient', '-r', ...args);
  },
  given(at) {
    const env = environmentOf(at);
    return env && { ...givenByDhclient(env), routes: ofBytes(env.new_routes) };
  },
};

const udhcpc: ClientKind = {
  program: 'udhcpc',
  package: 'udhcpc',
  remembers: 'never',
  releasesToFirst: true,
  says: {
    bound: /hook: bound/,
    renewed: /sending renew to server.*hook: renew/s,
    rebinding: /broadcasting renew/,
    rebound: /hook: renew/,
    remembered: /hook: bound/,
    declined: /broadcasting decline/,
  },
  command(at) {
    const script = hook(at, '$1', { address: '$ip', mask: '$mask', router: '$router', lost: 'deconfig' });
    const asked = ['hostname', 'domain', 'dns', 'router', 'staticroutes'].flatMap((name) => ['-O', name]);
    const wanted = at.wanted ? ['-r', at.wanted] : [];
    return [
      'udhcpc',
      '-f',
      '-R',
      '-a',
      '-t',
      '30',
      '-T',
      '1',
      '-A',
      '1',
      '-i',
      DEVICE,
      '-s',
      script,
      ...asked,
      ...wanted,
    ];
  },
  release: async (_, kill) => kill('SIGTERM'),
  given(at) {
    const env = environmentOf(at);
    return env && { ...givenByUdhcpc(env), routes: pairs(env.staticroutes) };
  },
};

/** Leases and sockets in folders of its own: the host's know devices by name only. */
const DHCPCD_MOUNTS = ['mkdir -p db run', 'mount --bind db /var/lib/dhcpcd', 'mount --bind run /run'];

const dhcpcd: ClientKind = {
  program: 'dhcpcd',
  package: 'dhcpcd-base',
  remembers: 'when it is started',
  says: {
    bound: /hook: BOUND/,
    renewed: /hook: RENEW/,
    rebinding: /failed to renew DHCP, rebinding/,
    rebound: /hook: REBIND/,
    // It probes the address first where that is not set any more.
    remembered: /rebinding lease of.*hook: (?:REBOOT|BOUND)/s,
    declined: /DAD detected|sending DECLINE/,
  },
  command(at) {
    const config = join(at.directory, 'dhcpcd.conf');
    const options = 'classless_static_routes, host_name, domain_name, domain_name_servers';
    writeFileSync(config, `noipv6\nnoipv6rs\nnoipv4ll\nreboot 60\noption ${options}\n`);
    // It sets the address itself.
    const script = hook(at, '$reason', { ...NAMES, mask: '$new_subnet_cidr', lost: 'none' });
    return inOwnMounts(at, [...DHCPCD_MOUNTS, `exec dhcpcd -4 -B -d -f ${config} -c ${script} ${DEVICE}`]);
  },
  // A signal is lost where its script has just run.
  release(at) {
    const [command = '', ...args] = inOwnMounts(at, [...DHCPCD_MOUNTS, `exec dhcpcd -4 -k ${DEVICE}`]);
    return at.network.run(at.namespace, command, ...args);
  },
  given(at) {
    const env = environmentOf(at);
    if (env === undefined) return undefined;
    return { ...givenByDhclient(env), routes: pairs(env.new_classless_static_routes) };
  },
};

const NETWORKD = '/lib/systemd/systemd-networkd';

const networkd: ClientKind = {
  program: NETWORKD,
  package: 'systemd',
  remembers: 'when the cable is plugged in',
  // systemd 252 sends it by unicast while it has no address: "Network is unreachable".
  cannotDecline: true,
  says: {
    bound: /DHCPv4 address and routes set/,
    renewed: /REQUEST \(renewing\).*DHCPv4 client: ACK/s,
    rebinding: /REQUEST \(rebinding\)/,
    rebound: /DHCPv4 client: ACK/,
    remembered: /REQUEST \(init-reboot\).*DHCPv4 address and routes set/s,
    declined: /DHCPv4 client: DECLINE/,
  },
  command(at) {
    const below = join(at.directory, 'run/systemd');
    for (const each of ['network', 'netif/leases', 'netif/links']) mkdirSync(join(below, each), { recursive: true });
    writeFileSync(
      join(below, 'network/10-test.network'),
      `[Match]\nName=${DEVICE}\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no
[DHCPv4]\nClientIdentifier=mac\nSendDecline=yes\nUseDomains=yes\n`,
    );
    // /sys is read-only where there is no udev.
    const own = ['mount -o remount,ro /sys', 'mount --bind run /run', 'chmod -R a+rwX /run/systemd'];
    const log = 'SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console';
    return inOwnMounts(at, [...own, `export ${log}`, `exec ${NETWORKD}`]);
  },
  release: async (_, kill) => kill('SIGTERM'),
  given(at) {
    const [file] = globSync(join(at.directory, 'run/systemd/netif/leases/*'));
    if (file === undefined) return undefined;
    const env = readEnvironment(file);
    const seconds = Number(env.LIFETIME);
    return {
      address: env.ADDRESS,
      netmask: env.NETMASK,
      router: env.ROUTER,
      nameServers: env.DNS?.split(' ') ?? [],
      leaseTime: seconds,
      server: env.SERVER_ADDRESS,
      hostname: env.HOSTNAME,
      domain: env.DOMAINNAME,
      routes: (env.CLASSLESS_ROUTES?.split(' ') ?? []).map((route) => route.replace(',', ' ')),
    };
  },
};

export const CLIENTS = { dhclient, udhcpc, dhcpcd, 'systemd-networkd': networkd } as const;
