/** Relay agents that we did not write. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { said } from './dhcp-clients.ts';
import type { TestNetwork } from './dhcp-network.ts';

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
