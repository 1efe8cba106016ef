/** A home router beside the appliance: an address of its own on the lab's network, and DHCP on it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NETWORK } from '../../src/lab/network.ts';

const SCRIPT = `
  ip link set lo up; ip link set router0 up; ip address add 192.168.77.254/24 dev router0
  exec dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --pid-file= --dhcp-leasefile=/dev/null \\
    --dhcp-authoritative --interface=router0 --bind-interfaces --dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0,1h --dhcp-option=3,192.168.77.254
`;

/** Plugs it in. It ends with the scenario, or when it is killed. */
export async function plugInRouter(): Promise<ChildProcess> {
  const router = spawn('unshare', ['--net', '--kill-child=KILL', '--fork', 'sh', '-c', `read go; ${SCRIPT}`], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  execFileSync('sh', [
    '-c',
    `ip link add cable0 type veth peer name router0 && ip link set cable0 master ${NETWORK.bridge} up && ip link set router0 netns ${await namespaceOf(router)}`,
  ]);
  router.stdin?.end('go\n');
  return router;
}

/** Pid of the process that `unshare --fork` has started in the new network namespace. */
async function namespaceOf(child: ChildProcess): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    if (pid) return pid;
    await sleep(20);
  }
  throw new Error('the router did not start');
}
