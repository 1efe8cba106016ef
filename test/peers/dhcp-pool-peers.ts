/** dhcpcd, systemd-networkd and ISC dhcrelay in namespaces. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { said } from './dhcp-clients.ts';
import type { TestNetwork } from './dhcp-network.ts';

/** Runs dhcpcd until it is bound, has it renew, then release. @param renewed resolves when the server has noted that */
export async function dhcpcd(
  network: TestNetwork,
  namespace: string,
  device: string,
  renewed: () => Promise<unknown>,
): Promise<{ address: string | undefined }> {
  const config = join(network.directory, 'dhcpcd.conf');
  const env = join(network.directory, 'dhcpcd.env');
  writeFileSync(config, 'noipv6\nnoipv6rs\nnoipv4ll\nnohook resolv.conf\nnogateway\n');
  const script = network.script('dhcpcd.sh', `[ "$reason" = BOUND ] && env > ${env} && echo "script: bound"\nexit 0\n`);
  const child = spawn(...network.inside(namespace, 'dhcpcd', '-4', '-B', '-d', '-f', config, '-c', script, device));
  const closed = once(child, 'close');
  try {
    await said(child, /script: bound/);
    await network.run(namespace, 'dhcpcd', '-4', '-N', device);
    await renewed();
    await network.run(namespace, 'dhcpcd', '-4', '-k', device);
  } finally {
    child.kill();
    await closed;
  }
  const [, address] = existsSync(env) ? (/^new_ip_address=(.*)$/m.exec(readFileSync(env, 'utf8')) ?? []) : [];
  return { address };
}

const NETWORKD = '/lib/systemd/systemd-networkd';

/** systemd-networkd, without the rest of systemd. */
export const networkd = {
  missing: existsSync(NETWORKD) ? false : 'systemd is not here: apt-get install systemd',
  /** Runs it until it has an address; resolves with that. */
  async start(network: TestNetwork, namespace: string, device: string): Promise<string | undefined> {
    const configuration = join(network.directory, 'networkd');
    mkdirSync(configuration);
    writeFileSync(
      join(configuration, '10-test.network'),
      `[Match]\nName=${device}\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n[DHCPv4]\nClientIdentifier=mac\nUseDNS=no\n`,
    );
    // Its own /run, so that neither the host's networkd nor its bus is met; /sys is read-only where there is no udev.
    const prepared = [
      'mount -o remount,ro /sys',
      'mount -t tmpfs none /run',
      'mkdir -p /run/systemd/network /run/systemd/netif/leases /run/systemd/netif/links',
      `cp ${configuration}/* /run/systemd/network/`,
      'chmod -R a+rwX /run/systemd',
      `exec ${NETWORKD}`,
    ].join(' && ');
    const child = spawn(...network.inside(namespace, 'unshare', '-m', 'sh', '-c', prepared), {
      env: { ...process.env, SYSTEMD_LOG_LEVEL: 'debug', SYSTEMD_LOG_TARGET: 'console' },
    });
    const closed = once(child, 'close');
    try {
      const text = await said(child, /DHCPv4 address (\S+)/);
      return /DHCPv4 address ([\d.]+)/.exec(text)?.[1];
    } finally {
      child.kill('SIGKILL');
      await closed;
    }
  },
};

/** ISC dhcrelay with option 82, in the foreground. */
export async function dhcrelay(
  network: TestNetwork,
  namespace: string,
  { downstream, upstream, server }: { downstream: string; upstream: string; server: string },
): Promise<{ stop(): Promise<void> }> {
  const way = ['-id', downstream, '-iu', upstream];
  const child = spawn(...network.inside(namespace, 'dhcrelay', '-4', '-d', '-a', '--no-pid', ...way, server));
  const closed = once(child, 'close');
  await said(child, /Sending on\s+Socket/);
  return {
    async stop() {
      child.kill();
      await closed;
    },
  };
}

/** dnsmasq as relay agent. Its address towards the clients is what the server sees. */
export async function dnsmasqRelay(
  network: TestNetwork,
  namespace: string,
  { downstream, server }: { downstream: string; server: string },
): Promise<{ stop(): Promise<void> }> {
  const [, own] = /inet ([\d.]+)/.exec(await network.run(namespace, 'ip', '-4', 'address', 'show', downstream)) ?? [];
  const options = ['--conf-file=/dev/null', '--port=0', '--user=root', '--pid-file=', `--dhcp-relay=${own},${server}`];
  const child = spawn(...network.inside(namespace, 'dnsmasq', '-d', ...options));
  const closed = once(child, 'close');
  await said(child, /DHCP relay from/);
  return {
    async stop() {
      child.kill();
      await closed;
    },
  };
}
