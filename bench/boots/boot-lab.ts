/**
 * Runs inside the lab's namespaces: `boot-lab.ts FOLDER ROUNDS` switches a computer on again and again, beside ours and
 * beside dnsmasq and nginx in turn, and tells by lines of JSON how long it took until its kernel spoke.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Data, Template } from '../../src/api/types.ts';
import { messageOf } from '../../src/errors.ts';
import { readEmbedded } from '../../src/executable/embedded.ts';
import { NETWORK } from '../../src/lab/network.ts';
import { type Computer, hardwareOf, Session } from '../../src/lab/session.ts';
import type { BootLine } from './boot.ts';

const BOOT_MS = 180_000;
const PORT = 8080;
const LOADER = 'ipxe.efi';
const FILES = ['vmlinuz', 'initrd.img', 'worker.cpio'];
/** The first line that a kernel writes. */
const KERNEL = /Linux version /;

const [folder = '', rounds = '1'] = process.argv.slice(2);
const dist = join(import.meta.dirname, '../../dist');
const http = `http://${NETWORK.address}:${PORT}`;

async function run(): Promise<void> {
  const session = new Session(
    {
      directory: folder,
      command: [join(dist, 'tinsmith')],
      osie: join(dist, 'osie'),
      images: join(dist, 'images'),
      firmware: ['uefi'],
      memory: 1024,
      dhcp: 'reservation',
    },
    new AbortController().signal,
  );
  const [computer] = session.computers;
  if (computer === undefined) throw new Error('the lab has no computer');
  try {
    await session.appliance.start();
    await giveWork(session, computer);
    const files = await copyOf(session, computer);
    // The first boot finds nothing of firmware and files in memory.
    await boot(computer);
    const ours = async (round: number): Promise<void> => {
      if (!session.appliance.pid) await session.appliance.start();
      await tell(round, 'ours', () => boot(computer));
    };
    const peer = async (round: number): Promise<void> => {
      await session.appliance.stop('SIGTERM');
      await tell(round, 'peer', () => bootBesidePeers(computer, files));
    };
    for (let round = 1; round <= Number(rounds); round++) {
      for (const turn of round % 2 === 1 ? [ours, peer] : [peer, ours]) await turn(round);
    }
  } finally {
    await session.close();
  }
}

async function tell(round: number, server: BootLine['server'], measure: () => Promise<number>): Promise<void> {
  const line: BootLine = await measure().then(
    (seconds) => ({ round, server, seconds }),
    (error: unknown) => ({ round, server, fault: messageOf(error) }),
  );
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Makes the machine known, and something for it to do, so that it is booted. */
async function giveWork(session: Session, { machine }: Computer): Promise<void> {
  const client = session.client();
  await client.post('machines', hardwareOf(machine));
  const yaml = readEmbedded('examples/debian.yaml').toString();
  const { data: template } = await client.sendYaml<Data<Template>>('POST', yaml, 'templates');
  const hardware = {
    device_1: machine.mac,
    hostname: machine.name,
    disk: '/dev/vda',
    partition: '/dev/vda1',
    image: 'debian-12.img.zst',
  };
  await client.post('workflows', { template: template.id, hardware });
}

/** Power-on to the kernel's first line, in seconds. */
async function boot({ vm }: Computer): Promise<number> {
  const began = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const look = (line: string): void => {
    if (KERNEL.test(line)) resolve(Math.round(performance.now() - began) / 1000);
  };
  const timer = setTimeout(reject, BOOT_MS, new Error(`no kernel was started within ${BOOT_MS / 1000} s`));
  vm.on('line', look);
  vm.once('failed', (why) => reject(new Error(why)));
  vm.powerOn();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    vm.removeAllListeners();
    await vm.powerCut();
  }
}

async function bootBesidePeers(computer: Computer, files: string): Promise<number> {
  const servers = await startPeers(computer, files);
  try {
    return await boot(computer);
  } finally {
    for (const server of servers) await end(server);
  }
}

/** What ours gives the machine, laid out for the peers: loader, script, kernel, initrd. */
async function copyOf(session: Session, { machine }: Computer): Promise<string> {
  const root = join(folder, 'peer');
  const own = join(root, 'boot', machine.mac);
  mkdirSync(own, { recursive: true });
  const token = readFileSync(join(session.appliance.data, 'token'), 'utf8').trim();
  for (const name of ['auto.ipxe', ...FILES]) {
    const answer = await fetch(`${http}/boot/${machine.mac}/${name}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`${name} of the machine: ${answer.status} ${await answer.text()}`);
    writeFileSync(join(own, name), Buffer.from(await answer.arrayBuffer()));
  }
  copyFileSync(join(dist, 'loaders', LOADER), join(root, LOADER));
  return root;
}

async function startPeers({ machine }: Computer, root: string): Promise<ChildProcess[]> {
  const configuration = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    configuration,
    `worker_processes 1; daemon off; user root; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; ${temporary.join(' ')}
server { listen ${NETWORK.address}:${PORT}; root ${root}; } }
`,
  );
  const script = `${http}/boot/${machine.mac}/auto.ipxe`;
  const servers = [
    spawn('/usr/sbin/nginx', ['-c', configuration, '-e', `${folder}/nginx.log`], { stdio: 'ignore' }),
    spawn(
      'dnsmasq',
      [
        ...['--conf-file=/dev/null', '--port=0', '--keep-in-foreground', '--user=root', '--pid-file=', '--no-ping'],
        ...[
          `--interface=${NETWORK.bridge}`,
          '--bind-interfaces',
          `--dhcp-leasefile=${folder}/leases`,
          '--dhcp-authoritative',
        ],
        ...[`--dhcp-range=${machine.address},static,${NETWORK.netmask},1d`, `--dhcp-option=3,${NETWORK.address}`],
        ...[`--dhcp-host=${machine.mac},${machine.address},${machine.name}`, '--enable-tftp', `--tftp-root=${root}`],
        // iPXE sends option 175, and asks no other server then (its sub-option 176), as beside ours.
        ...['--dhcp-match=set:ipxe,175', `--dhcp-boot=tag:ipxe,${script}`, '--dhcp-option=tag:ipxe,encap:175,176,1b'],
        ...[`--dhcp-boot=tag:!ipxe,${LOADER}`],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    ),
  ];
  const until = Date.now() + 10_000;
  while (!(await fetch(script).catch(() => undefined))?.ok) {
    if (Date.now() > until) throw new Error('nginx does not answer');
    await pause(20);
  }
  return servers;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

await run();
process.exit();
