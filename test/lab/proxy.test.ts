import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NETWORK } from '../../src/lab/network.ts';
import { scenario } from './scenario.ts';

const TEMPLATE = `
version: "0.1"
name: beside-a-router
tasks:
  - name: work
    worker: "{{.device_1}}"
    actions:
      - {name: wipe, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
`;

/** The router: an address of its own on the network, and DHCP on it, in a namespace beside ours. */
function startRouter(): ChildProcess {
  const script = `
    ip link set lo up; ip link set router0 up; ip address add 192.168.77.254/24 dev router0
    exec dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --pid-file= --dhcp-leasefile=/dev/null \\
      --dhcp-authoritative --interface=router0 --bind-interfaces --dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0,1h --dhcp-option=3,192.168.77.254
  `;
  const child = spawn('unshare', ['--net', '--kill-child=KILL', '--fork', 'sh', '-c', `read go; ${script}`], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  return child;
}

scenario(
  'beside a router that gives the addresses, a BIOS and a UEFI machine boot into the OSIE and work',
  import.meta.url,
  { firmware: ['bios', 'uefi'], dhcp: 'proxy', limit: 480 },
  async ({ session, addMachines, addWorkflow, workflow, until, say }) => {
    const router = startRouter();
    execFileSync('sh', [
      '-c',
      `ip link add cable0 type veth peer name router0 && ip link set cable0 master ${NETWORK.bridge} up && ip link set router0 netns ${await namespaceOf(router)}`,
    ]);
    router.stdin?.end('go\n');
    await addMachines();
    const client = session.client();
    const first = await addWorkflow(TEMPLATE);
    const { data: second } = await client.post<{ data: { id: string } }>('workflows', {
      template: 'beside-a-router',
      hardware: { device_1: session.computers[1]?.machine.mac ?? '' },
    });
    for (const { vm } of session.computers) vm.powerOn();
    for (const id of [first, second.id]) {
      await until(`workflow ${id} has ended`, (event) => event.kind === 'workflow.ended' && event.workflow === id, 400);
      const ended = await workflow(id);
      assert.equal(ended.state, 'SUCCESS', ended.message);
    }
    for (const { machine } of session.computers) {
      const { data: trace } = await client.get<{
        data: { role: string; outcome: string; details: Record<string, unknown> }[];
      }>('trace', machine.mac);
      const answers = trace.filter(({ role, outcome }) => role === 'dhcp' && outcome === 'answered');
      assert.ok(answers.length > 0, `${machine.name} was answered`);
      assert.ok(
        answers.every(({ details }) => details.address === undefined),
        'no address came from us',
      );
      say(`${machine.name}: ${answers.length} answers without an address`);
    }
    router.kill('SIGKILL');
  },
);

/** Pid of the process that `unshare --fork` has started in the new network namespace. */
async function namespaceOf(child: ChildProcess): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    if (pid) return pid;
    await sleep(20);
  }
  throw new Error('the router did not start');
}
