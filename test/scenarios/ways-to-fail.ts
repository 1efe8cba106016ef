/** Ways in which a boot fails, each provoked against the appliance's own servers. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pino from 'pino';
import type { Explained } from '../../src/api/types.ts';
import { startAppliance } from '../../src/appliance/appliance.ts';
import { readSettings } from '../../src/appliance/settings.ts';
import { Option } from '../../src/boots/dhcp/options.ts';
import { PLAYED_BY_BYTES, PLAYED_BY_OPTION } from '../../src/boots/played.ts';
import { OF_STRANGERS } from '../../src/boots/trace/limits.ts';
import { claimDataDirectory } from '../../src/store/index.ts';
import { stage } from '../life/made.ts';
import { macOf } from '../machines/examples.ts';
import { anvil } from '../machines/inventories.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { device } from '../workflows/made.ts';
import { appliance, type Played } from './firmware.ts';

export interface Way {
  what: string;
  code: string;
  state?: Explained['state'];
  /** What the sentence has to have in it beside what the table says. */
  says?: RegExp;
  provoke(t: TestContext): Promise<Explained>;
}

const OTHER = '192.168.1.1';
/** All that a pool has. */
const ONLY = '127.0.0.100';

/** An appliance with machine 1, which does what the test says; explained after so many seconds. */
const played =
  (
    options: Parameters<typeof appliance>[1] & Parameters<Played['known']>[1],
    play: (machine: ReturnType<Played['machine']>, all: Played) => Promise<unknown>,
    seconds = 200,
  ) =>
  async (t: TestContext): Promise<Explained> => {
    const all = await appliance(t, options);
    await all.known(1, options);
    await play(all.machine(1), all);
    all.pass(seconds);
    return all.explained(macOf(1));
  };

/** A whole appliance with flags, and what it says of a MAC address that nothing came from. */
const unheard =
  (flags: Record<string, unknown>) =>
  async (t: TestContext): Promise<Explained> => {
    const data = temporaryDirectory(t);
    const settings = readSettings({
      flags: {
        data,
        'http-address': '127.0.0.1',
        'http-port': 0,
        grpc: 'off',
        provisioner: 'off',
        tftp: 'off',
        ...flags,
      },
      environment: {},
      readFile: () => '',
    });
    const running = await startAppliance(settings, claimDataDirectory(data), pino({ level: 'silent' }));
    try {
      const http = running.status().roles.find(({ name }) => name === 'http');
      const token = readFileSync(join(data, 'token'), 'utf8').trim();
      const response = await fetch(`http://${http?.bound[0]}/api/v1/explain/${macOf(1)}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return ((await response.json()) as { data: Explained }).data;
    } finally {
      await running.stop();
    }
  };

const LO = { interface: ['lo'], 'dhcp-port': 0, 'proxy-dhcp-port': 0 };

export const WAYS: readonly Way[] = [
  {
    what: 'No packet reaches the appliance: no route, no cable, another network',
    code: 'never-heard',
    provoke: unheard({ dhcp: 'reservation', ...LO }),
  },
  { what: 'DHCP is switched off', code: 'dhcp-off', provoke: unheard({ dhcp: 'off' }) },
  {
    what: 'DHCP cannot start: its port is taken',
    code: 'dhcp-failed',
    async provoke(t) {
      const holder = createSocket('udp4').bind(0, '127.0.0.1');
      await once(holder, 'listening');
      t.after(() => holder.close());
      return unheard({ dhcp: 'reservation', ...LO, 'dhcp-port': holder.address().port })(t);
    },
  },
  {
    what: 'Nobody knows the machine',
    code: 'unknown-machine',
    state: 'declined',
    async provoke(t) {
      const all = await appliance(t);
      await all.machine(9).dhcp('DISCOVER', 'uefi');
      all.pass(70);
      return all.explained(macOf(9));
    },
  },
  {
    what: 'The same, and so many such machines come after it that not all are remembered',
    code: 'not-kept',
    async provoke(t) {
      const all = await appliance(t);
      await all.machine(9).dhcp('DISCOVER', 'uefi');
      all.pass(70);
      for (let n = 256; n < 256 + OF_STRANGERS.macs; n++) await all.machine(n).dhcp('DISCOVER', 'uefi');
      return all.explained(macOf(9));
    },
  },
  {
    what: 'The machine has no address, in reservation mode',
    code: 'no-address',
    async provoke(t) {
      const all = await appliance(t);
      await all.machines.push([
        {
          id: '00000000-0000-4000-8000-000000000001',
          network: { interfaces: [{ dhcp: { mac: macOf(1), hostname: 'machine-1' } }] },
        },
      ]);
      await all.machine(1).dhcp('DISCOVER', 'uefi');
      return all.explained('machine-1');
    },
  },
  {
    what: 'It may not boot from the network (`allow_pxe`)',
    code: 'netboot-not-allowed',
    state: 'declined',
    provoke: played({ netboot: { allow_pxe: false } }, (machine) => machine.dhcp('DISCOVER', 'uefi')),
  },
  {
    what: 'It has nothing to do',
    code: 'no-workflow',
    state: 'declined',
    provoke: played({ work: false }, (machine) => machine.dhcp('DISCOVER', 'bios')),
  },
  {
    what: 'DHCP is switched off for its interface',
    code: 'dhcp-disabled',
    state: 'declined',
    provoke: played({ disableDhcp: true }, (machine) => machine.dhcp('DISCOVER', 'uefi')),
  },
  {
    what: 'Nobody knows the machine, in pool mode',
    code: 'unknown-machine',
    state: 'declined',
    says: /^was given the address 127\.0\.0\.100 and nothing to boot: no machine has this MAC address$/,
    provoke: async (t) => {
      const all = await appliance(t, { mode: 'pool', ranges: [{ first: ONLY, last: ONLY }] });
      await all.machine(9).address('uefi', { requested: ONLY });
      return all.explained(macOf(9));
    },
  },
  {
    what: 'The range of addresses is used up',
    code: 'pool-exhausted',
    provoke: played({ mode: 'pool', ranges: [{ first: ONLY, last: ONLY }] }, async (machine, { machine: numbered }) => {
      await numbered(2).address('system', { requested: ONLY });
      await machine.dhcp('DISCOVER', 'uefi');
    }),
  },
  {
    what: 'The relay is of a network that nobody has described',
    code: 'relay-unknown',
    provoke: played({}, (machine) => machine.dhcp('DISCOVER', 'uefi', { giaddr: '10.9.0.1' })),
  },
  {
    what: 'Its address is used by another computer (DECLINE)',
    code: 'address-in-use',
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.dhcp('DECLINE', 'uefi', { requested: '10.0.0.1', server: '127.0.0.2' });
      await machine.dhcp('DISCOVER', 'uefi');
    }),
  },
  {
    what: 'Its firmware is of an architecture without a binary',
    code: 'no-loader',
    says: /^asks for RISC-V 64-bit UEFI \(architecture 27\), for which there is no boot file here$/,
    provoke: played({}, (machine) => machine.dhcp('DISCOVER', 'uefi', { architecture: 27 })),
  },
  {
    what: 'Its firmware is arm64, and it has a workflow',
    code: 'no-system',
    says: /^is ARM 64-bit UEFI \(architecture 11\), and the in-memory system, which runs workflows, is for x86-64$/,
    provoke: played({}, (machine) => machine.dhcp('DISCOVER', 'uefi', { architecture: 11 })),
  },
  {
    what: 'Its firmware sends a malformed identifier (option 97)',
    code: 'firmware-not-understood',
    says: /^took the address 10\.0\.0\.1, and nothing to boot: its firmware says PXEClient:/,
    provoke: played({}, async (machine) => {
      const more = { [Option.CLIENT_MACHINE_IDENTIFIER]: Buffer.alloc(16) };
      await machine.dhcp('DISCOVER', 'uefi', { more });
      await machine.dhcp('REQUEST', 'uefi', { more, requested: '10.0.0.1', server: '127.0.0.2' });
    }),
  },
  {
    what: 'It was only played, by `tinsmith doctor --client`',
    code: 'only-played',
    provoke: played({}, (machine) =>
      machine.dhcp('DISCOVER', 'uefi', { more: { [PLAYED_BY_OPTION]: PLAYED_BY_BYTES } }),
    ),
  },
  {
    what: 'The offer does not reach it',
    code: 'offer-not-taken',
    provoke: played({}, (machine) => machine.dhcp('DISCOVER', 'uefi')),
  },
  {
    what: 'It asks for an address that is not its own (NAK)',
    code: 'address-refused',
    provoke: played({}, (machine) => machine.dhcp('REQUEST', 'uefi', { requested: '10.0.0.77', server: '127.0.0.2' })),
  },
  {
    what: 'A second DHCP server was quicker',
    code: 'second-server',
    says: /^took an address from 192\.168\.1\.1, then asked us nothing: a second DHCP server/,
    provoke: played({}, async (machine) => {
      await machine.dhcp('DISCOVER', 'uefi');
      await machine.dhcp('REQUEST', 'uefi', { requested: '192.168.1.77', server: OTHER });
    }),
  },
  {
    what: 'Beside the router (`proxy`), it boots from its disk',
    code: 'not-from-network',
    says: /^took an address from 192\.168\.1\.1, then asked us nothing: its boot order does not have the network first$/,
    provoke: played({ mode: 'proxy' }, async (machine) => {
      await machine.dhcp('DISCOVER', 'system');
      await machine.dhcp('REQUEST', 'system', { requested: '192.168.1.77', server: OTHER });
    }),
  },
  {
    what: 'Beside the router (`proxy`), it does not follow our offer',
    code: 'offer-not-followed',
    provoke: played({ mode: 'proxy' }, async (machine) => {
      await machine.dhcp('DISCOVER', 'uefi');
      await machine.dhcp('REQUEST', 'uefi', { requested: '192.168.1.77', server: OTHER });
    }),
  },
  {
    what: 'TFTP does not come through',
    code: 'loader-not-asked',
    provoke: played({}, (machine) => machine.address()),
  },
  {
    what: 'The loader is not there',
    code: 'loader-missing',
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.load('grubx64.efi');
    }),
  },
  {
    what: 'The loader breaks off: too many retransmissions',
    code: 'loader-broke-off',
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.loadBadly('ipxe.efi', { blksize: 1468, windowsize: 4 });
    }),
  },
  {
    what: 'Its firmware refuses the options of TFTP',
    code: 'loader-declined',
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.loadBadly('ipxe.efi', { blksize: 1468 }, { code: 8, message: 'User aborted the transfer' });
    }),
  },
  {
    what: 'Its firmware asks for the size of the loader, and for nothing more',
    code: 'loader-declined',
    says: /^asked only for the size of its boot loader ipxe\.efi, and then gave up$/,
    provoke: played(
      {},
      async (machine) => {
        await machine.address();
        await machine.loadBadly('ipxe.efi', { tsize: 0 }, { code: 8, message: 'User aborted the transfer' });
      },
      20,
    ),
  },
  {
    what: 'Secure Boot refuses the loader',
    code: 'secure-boot',
    says: /^loaded ipxe\.efi and then nothing: most likely Secure Boot is on/,
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.load('ipxe.efi');
    }),
  },
  {
    what: 'Secure Boot refuses the loader again and again, and its worker once said that it is on',
    code: 'secure-boot',
    says: /^loaded ipxe\.efi 2 times and then nothing: Secure Boot is on/,
    provoke: played({}, async (machine, all) => {
      await all.discovery.inventories.keep(all.machines.find(machine.mac).id, anvil({}));
      await machine.address();
      await machine.load('ipxe.efi');
      all.pass(20);
      await machine.address();
      await machine.load('ipxe.efi');
    }),
  },
  {
    what: 'The loader does not run (BIOS)',
    code: 'loader-silent',
    provoke: played({}, async (machine) => {
      await machine.address('bios');
      await machine.load('undionly.kpxe');
    }),
  },
  {
    what: 'The offer does not reach the iPXE that it has loaded',
    code: 'offer-not-taken',
    says: /^runs ipxe\.efi, was offered 10\.0\.0\.1 and has not taken it: /,
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.load('ipxe.efi');
      await machine.dhcp('DISCOVER', 'ipxe');
    }),
  },
  {
    what: 'A second DHCP server was quicker for the iPXE that it has loaded',
    code: 'second-server',
    says: /^runs ipxe\.efi, and took an address from 192\.168\.1\.1, which does not name its script: /,
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.load('ipxe.efi');
      await machine.dhcp('DISCOVER', 'ipxe');
      await machine.dhcp('REQUEST', 'ipxe', { requested: '192.168.1.77', server: OTHER });
    }),
  },
  {
    what: 'HTTP does not come through',
    code: 'http-unreachable',
    provoke: played({}, async (machine) => {
      await machine.address();
      await machine.load('ipxe.efi');
      await machine.address('ipxe');
    }),
  },
  {
    what: 'Its script is asked for, and its workflow is gone meanwhile',
    code: 'no-workflow',
    state: 'declined',
    provoke: played({}, async (machine, all) => {
      await machine.address();
      await machine.load('ipxe.efi');
      await machine.address('ipxe');
      for (const { id } of await all.workflows.list()) await all.workflows.delete(id);
      await machine.script();
    }),
  },
  {
    what: 'Its script is asked for from an address that is another’s',
    code: 'not-this-machine',
    provoke: played({}, async (machine, all) => {
      await machine.address();
      await machine.load('ipxe.efi');
      const asked = new Promise<void>((resolve) => {
        const stop = all.trace.listen(({ role }) => {
          if (role !== 'script') return;
          stop();
          resolve();
        });
      });
      all.neighbours.set('127.0.0.1', macOf(7));
      await fetch(`${all.url}/boot/${machine.mac}/auto.ipxe`);
      await asked;
    }),
  },
  {
    what: 'The files of the OSIE are not there',
    code: 'osie-missing',
    provoke: played({ osie: false }, async (machine) => {
      await machine.address('ipxe');
      await machine.script();
    }),
  },
  {
    what: 'Its boot environment is not usable',
    code: 'environment-unusable',
    async provoke(t) {
      const all = await appliance(t);
      await all.known(1, { work: false });
      await all.content.putAll([
        {
          section: 'bootenvs',
          input: { name: 'debian', os: { name: 'debian' }, kernel: 'linux', initrds: ['initrd.gz'] },
        },
        stage('install', [], { bootEnv: 'debian' }),
      ]);
      await all.lives.setStage(all.machines.find(macOf(1)).id, { stage: 'install' });
      const machine = all.machine(1);
      await machine.address('ipxe');
      await machine.script();
      return all.explained(macOf(1));
    },
  },
  {
    what: 'The script is given, and the kernel is never asked for',
    code: 'kernel-not-asked',
    provoke: played({}, async (machine) => {
      await machine.address('ipxe');
      await machine.script();
    }),
  },
  {
    what: 'The kernel is truncated',
    code: 'kernel-broke-off',
    provoke: played({}, async (machine) => {
      await machine.address('ipxe');
      await machine.script();
      await machine.kernel({ cut: true });
    }),
  },
  {
    what: 'The initrd breaks off',
    code: 'initrd-broke-off',
    says: /^initrd\.img broke off after \d+ of \d+ bytes: /,
    provoke: played({}, async (machine) => {
      await machine.address('ipxe');
      await machine.script();
      await machine.kernel();
      await machine.initrd({ cut: true });
    }),
  },
  {
    what: 'The initrd is larger than its memory',
    code: 'initrd-too-large',
    provoke: played({}, async (machine, all) => {
      const memory = { total: 96 << 20, usable: 90 << 20 };
      await all.discovery.inventories.keep(all.machines.find(machine.mac).id, anvil({ memory }));
      await machine.loaded();
    }),
  },
  {
    what: 'Everything is loaded, and its worker is not heard',
    code: 'worker-not-heard',
    provoke: played({}, (machine) => machine.loaded()),
  },
  {
    what: 'The same, and its system has asked for an address',
    code: 'worker-not-heard',
    says: /its system has started and asked for an address at/,
    provoke: played({}, async (machine, all) => {
      await machine.loaded();
      all.pass(10);
      await machine.address('system');
    }),
  },
  {
    what: 'Its worker is turned away: a token of an earlier boot',
    code: 'token-refused',
    provoke: played({}, async (machine, all) => {
      await machine.loaded();
      const body = { mac: machine.mac, boot: 'boot-1', version: 'test' };
      await all.call('POST', '/api/v1/worker/hello', { token: 'of-another-boot', body });
    }),
  },
  {
    what: 'Its worker falls silent at work',
    code: 'worker-silent',
    says: /in action wipe of workflow install$/,
    provoke: played({}, async (machine, all) => {
      await machine.loaded();
      const token = await machine.hello();
      const [workflow] = await all.workflows.list();
      await all.call('GET', '/api/v1/worker/work?boot=boot-1', { token });
      await all.call('POST', '/api/v1/worker/report', {
        token,
        body: { workflow: workflow?.id, action: 0, attempt: 1, boot: 'boot-1', state: 'RUNNING', at: all.clock() },
      });
    }),
  },
  {
    what: 'Its workflow fails',
    code: 'workflow-failed',
    provoke: played(
      {},
      async (machine, all) => {
        await machine.loaded();
        const token = await machine.hello();
        const [workflow] = await all.workflows.list();
        await all.call('GET', '/api/v1/worker/work?boot=boot-1', { token });
        for (const more of [{ state: 'RUNNING' }, { state: 'FAILED', exitCode: 3, message: 'exit code 3' }])
          await all.call('POST', '/api/v1/worker/report', {
            token,
            body: { workflow: workflow?.id, action: 0, attempt: 1, boot: 'boot-1', at: all.clock(), ...more },
          });
      },
      5,
    ),
  },
  {
    what: 'Its workflow waits for another machine',
    code: 'workflow-waits',
    state: 'under-way',
    says: /waits for machine machine-2 to boot/,
    async provoke(t) {
      const all = await appliance(t);
      await all.known(1, { work: false });
      await all.known(2, { work: false });
      await all.templates.create(TWO_MACHINES);
      await all.workflows.create({ template: 'pair', devices: { ...device(1), device_2: macOf(2) } });
      await all.machine(1).loaded();
      await all.machine(1).hello();
      return all.explained(macOf(1));
    },
  },
  {
    what: 'Its workflow is paused',
    code: 'workflow-paused',
    state: 'declined',
    provoke: played(
      {},
      async (machine, all) => {
        await machine.loaded();
        await machine.hello();
        for (const { id } of await all.workflows.list()) await all.workflows.tell(id, { command: 'pause' });
      },
      5,
    ),
  },
  {
    what: 'The machine is paused',
    code: 'machine-paused',
    state: 'declined',
    provoke: played(
      {},
      async (machine, all) => {
        await machine.loaded();
        await machine.hello();
        await all.lives.pause(all.machines.find(machine.mac).id);
      },
      5,
    ),
  },
];

const TWO_MACHINES = `version: "0.1"
name: pair
global_timeout: 600
tasks:
  - name: second
    worker: "{{.device_2}}"
    actions:
      - name: prepare
        image: wipe
        timeout: 60
  - name: first
    worker: "{{.device_1}}"
    actions:
      - name: install
        image: wipe
        timeout: 60
`;
