/** What is found about ports, interfaces and the packets between. Pure. */
import type {
  ContainerFacts,
  Facts,
  FirewallFacts,
  InterfaceFacts,
  NetworkFacts,
  OtherServersFacts,
  PortFacts,
} from '../facts.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import { fateOf } from '../firewall/ruleset.ts';

export function judgePorts({ ports, appliance }: Pick<Facts, 'ports' | 'appliance'>): Finding[] {
  if (appliance?.isHere) {
    // Roles may be off, or on other ports than the usual ones; one that did not get its port says so itself.
    const bound = appliance.status.roles.flatMap((role) =>
      role.bound.length > 0 ? `${role.name} at ${role.bound.join(', ')}` : [],
    );
    return [ok('ports', `The appliance has its ports: ${bound.join('; ')}.`)];
  }
  const findings = ports.flatMap((port) => judgePort(port) ?? []);
  // Of an appliance that runs, and does not tell what it has, nothing was tried.
  if (findings.length > 0 || ports.every(({ free }) => free === undefined)) return findings;
  const usual = ports.map(({ port, transport }) => `${port}/${transport}`).join(', ');
  return [ok('ports', `The ports of an appliance are free: ${usual}.`)];
}

function judgePort({ port, transport, use, needed, free, holders }: PortFacts): Finding | undefined {
  const what = `${transport.toUpperCase()} port ${port} (${use})`;
  const level = needed ? problem : warning;
  if (free === 'taken') {
    const [first] = holders;
    const who = holders.map(({ pid, command, address }) => `process ${pid} (${command}) at ${address}`).join(', ');
    return level(
      'port-taken',
      `${what} is held by ${who || 'a process that cannot be seen from here'}.`,
      `${first ? `Stop it (kill ${first.pid}, or its service)` : 'Look as root who it is, and stop it'}, or move or switch off that part: tinsmith up --help.`,
    );
  }
  if (free === 'forbidden')
    return level(
      'port-forbidden',
      `${what} is for root only.`,
      'Run the appliance as root, or give it the capability cap_net_bind_service.',
    );
  return undefined;
}

export function judgeInterfaces(interfaces: readonly InterfaceFacts[]): Finding[] {
  const served = interfaces.filter((each) => each.served);
  if (served.length === 0) {
    const names = interfaces
      .filter(({ name }) => name !== 'lo')
      .map(({ name, up }) => `${name} (${up ? 'up' : 'down'})`);
    return [
      problem(
        'no-interface',
        `No interface leads to a network of machines: none is up with an IPv4 address. There are: ${names.join(', ') || 'none'}.`,
        'Plug in a cable, bring the interface up, and give it an address: ip link set NAME up; ip address add ADDRESS/LENGTH dev NAME.',
      ),
    ];
  }
  return served.flatMap(({ name, carrier, addresses }) => {
    const shown = addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(', ');
    const findings: Finding[] = [];
    if (!carrier)
      findings.push(
        warning(
          'no-carrier',
          `${name} (${shown}) has no carrier: nothing is plugged in, or what is there is off.`,
          'Check cable and switch.',
        ),
      );
    if (addresses[0]?.dynamic)
      findings.push(
        warning(
          'address-may-change',
          `${name} has its address ${addresses[0].address} from a DHCP server. When it changes, machines that boot just then look for their files at the old one.`,
          'Give it a fixed address, or a reservation on that server.',
        ),
      );
    return findings.length > 0 ? findings : [ok('interface', `${name} is up with ${shown}.`)];
  });
}

export function judgeOtherServers(
  others: OtherServersFacts,
  warnings: readonly { message: string; next: string }[],
): Finding[] {
  if (others === undefined)
    return [
      warning(
        'other-servers-unknown',
        'It is not known whether other DHCP servers answer on these networks.',
        'Run this as root, or start the appliance with DHCP.',
      ),
    ];
  const findings: Finding[] = others.unasked.map((why) =>
    warning(
      'network-not-asked',
      `Not every network could be asked who gives addresses: ${why}.`,
      'See to that, and run this again.',
    ),
  );
  const givers = others.servers.filter(gives);
  for (const on of new Set(givers.map((server) => server.interface))) {
    const here = givers.filter((server) => server.interface === on);
    if (here.length > 1)
      findings.push(
        problem(
          'several-dhcp-servers',
          `${here.length} DHCP servers give addresses on ${on}: ${here.map(({ address, mac }) => `${address} (${mac})`).join(' and ')}. A machine takes whichever answers first.`,
          'Switch all but one of them off.',
        ),
      );
  }
  for (const { address, mac, interface: on, ...server } of others.servers)
    findings.push(
      gives(server)
        ? ok(
            'dhcp-server',
            `${address} (${mac}) on ${on} gives addresses; this appliance works beside it as --dhcp proxy.`,
          )
        : warning(
            'other-proxy',
            `${address} (${mac}) on ${on} tells machines what to boot, too. They may boot from there.`,
            'Switch its network boot off, or boot those machines from there.',
          ),
    );
  for (const { message, next } of warnings) findings.push(warning('dhcp-mode', message, next));
  if (givers.length === 0 && others.asked.length > 0 && warnings.length === 0)
    findings.push(
      warning(
        'nobody-gives-addresses',
        `No other DHCP server answers on ${others.asked.join(', ')}.`,
        'Machines need one, or addresses from this appliance: tinsmith up --dhcp reservation, or --dhcp pool --range FIRST-LAST.',
      ),
    );
  return findings;
}

function gives(server: { lease?: unknown; givesAddresses?: boolean }): boolean {
  return server.givesAddresses ?? server.lease !== undefined;
}

/** A port of TFTP's transfers and a client's: any that is not a service's. */
const TRANSFER_PORT = 40_000;

export function judgeFirewall(
  { tables, untold }: FirewallFacts,
  ports: readonly PortFacts[],
  served: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  for (const { port, transport, use, needed } of ports) {
    const fates = served.map((name) => ({
      name,
      fate: fateOf(tables, { interface: name, protocol: transport, port, state: 'new' }),
    }));
    const dropped = fates.find(({ fate }) => fate.fate === 'dropped');
    const unknown = fates.find(({ fate }) => fate.fate === 'unknown');
    if (dropped?.fate.fate === 'dropped')
      findings.push(
        (needed ? problem : warning)(
          'firewall-drops',
          `The firewall of this computer drops ${use} (${transport.toUpperCase()} ${port}) on ${dropped.name}, by ${dropped.fate.by}.`,
          `Let it in: nft add rule … ${transport} dport ${port} accept, or iptables -I INPUT -i ${dropped.name} -p ${transport} --dport ${port} -j ACCEPT.`,
        ),
      );
    else if (unknown?.fate.fate === 'unknown')
      findings.push(
        warning(
          'firewall-unclear',
          `Whether the firewall lets ${use} (${transport.toUpperCase()} ${port}) in on ${unknown.name} cannot be told; it depends on: ${unknown.fate.because}`,
          `Try it from a machine: tinsmith doctor --client IF.`,
        ),
      );
  }
  const transfer = served.find(
    (name) =>
      fateOf(tables, { interface: name, protocol: 'udp', port: TRANSFER_PORT, state: 'established' }).fate ===
      'dropped',
  );
  if (transfer !== undefined)
    findings.push(
      problem(
        'firewall-drops-tftp',
        `The firewall drops what follows a TFTP request on ${transfer}: a transfer goes between other ports (RFC 1350), so opening port 69 is not enough.`,
        'Let in what belongs to connections that there are: iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT. A firewall between here and the machines needs the helper nf_conntrack_tftp.',
      ),
    );
  if (findings.length > 0) return findings;
  if (untold.length > 0 && tables.length === 0)
    return [
      warning(
        'firewall-unknown',
        `Whether a firewall drops anything cannot be told: ${untold.join('; ')}.`,
        'Run this as root, with nft or iptables-save installed.',
      ),
    ];
  return [ok('firewall', 'No firewall of this computer drops what machines send.')];
}

const STRICT = 1;

export function judgeForwarding(
  { forwards, bridgesFiltered, reversePath }: NetworkFacts,
  interfaces: readonly InterfaceFacts[],
): Finding[] {
  const findings: Finding[] = [];
  const bridges = interfaces.filter(({ served, kind }) => served && kind === 'bridge');
  if (bridgesFiltered && bridges.length > 0)
    findings.push(
      warning(
        'bridge-filtered',
        `Frames between the ports of ${bridges.map(({ name }) => name).join(', ')} go through iptables (bridge-nf-call-iptables is 1). Where its FORWARD chain drops, as Docker sets it, broadcasts of virtual machines are lost.`,
        'sysctl -w net.bridge.bridge-nf-call-iptables=0, or: iptables -I FORWARD -m physdev --physdev-is-bridged -j ACCEPT.',
      ),
    );
  const networks = new Map<string, string[]>();
  for (const { name, served, addresses } of interfaces)
    for (const { address, prefix } of served ? addresses : []) {
      const network = networkOf(address, prefix);
      networks.set(network, [...(networks.get(network) ?? []), name]);
    }
  for (const [network, names] of networks)
    if (names.length > 1 && names.some((name) => reversePath[name] === STRICT))
      findings.push(
        warning(
          'reverse-path',
          `${names.join(' and ')} are both on ${network}, and packets that come in by the one that is not the way back are dropped (rp_filter is 1).`,
          'Give each interface a network of its own, or set net.ipv4.conf.all.rp_filter=2.',
        ),
      );
  if (forwards !== undefined)
    findings.push(
      ok(
        'forwarding',
        forwards
          ? 'This computer passes packets on between networks.'
          : 'This computer passes no packets on: machines reach it, and nothing behind it, should it be named as their gateway.',
      ),
    );
  return findings;
}

function networkOf(address: string, prefix: number): string {
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - prefix);
  const base = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${prefix}`;
}

export function judgeContainer({ sign, innerInterfaces }: ContainerFacts): Finding[] {
  if (innerInterfaces.length > 0 && sign !== undefined)
    return [
      problem(
        'container-network',
        `This is a container (${sign}) with a network of its own: ${innerInterfaces.join(', ')} ends on the computer around it. Broadcasts of machines do not come through, and TFTP’s ports are translated.`,
        'Start the container with the network of its host (--network host), or on a macvlan of the card that leads to the machines.',
      ),
    ];
  return [
    ok(
      'container',
      sign === undefined ? 'This is no container.' : `This is a container (${sign}), with the network of its host.`,
    ),
  ];
}
