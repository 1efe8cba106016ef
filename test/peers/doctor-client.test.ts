/** `tinsmith doctor --client`: what it is given by dnsmasq, by a ProxyDHCP server beside another, and by ourselves. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { needTools, TestNetwork } from './dhcp-network.ts';
import { foreignServer } from './foreign-servers.ts';
import { played } from './played-client.ts';

const MAC = { server: '52:54:00:00:1a:01', proxy: '52:54:00:00:1a:02', machine: '52:54:00:00:1a:03' };

/** The head of an EFI program for a machine, and something behind it. */
function efi(machine: number): Buffer {
  const bytes = Buffer.alloc(5000);
  bytes.write('MZ');
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80);
  bytes.writeUInt16LE(machine, 0x84);
  return bytes;
}

describe('a machine that is played', () => {
  let network: TestNetwork;
  let files: string;

  before(() => {
    needTools({ ip: 'iproute2', dnsmasq: 'dnsmasq-base' });
    network = new TestNetwork();
    network.add('switch', 'server', 'proxy', 'machine');
    network.ip('switch', 'link', 'add', 'br0', 'type', 'bridge');
    network.ip('switch', 'link', 'set', 'br0', 'up');
    const hosts = [
      ['server', '10.80.0.1/24'],
      ['proxy', '10.80.0.2/24'],
      ['machine', undefined],
    ] as const;
    for (const [name, address] of hosts) {
      network.cable(
        { in: 'switch', device: `to-${name}` },
        { in: name, device: 'eth0', mac: MAC[name], ...(address && { address }) },
      );
      network.ip('switch', 'link', 'set', `to-${name}`, 'master', 'br0');
    }
    files = join(network.directory, 'files');
    mkdirSync(files);
    writeFileSync(join(files, 'undionly.kpxe'), Buffer.alloc(70_000, 0xea));
    writeFileSync(join(files, 'x64.efi'), efi(0x8664));
    writeFileSync(join(files, 'arm64.efi'), efi(0xaa64));
  });

  after(() => network?.remove());

  const dnsmasq = (t: TestContext, namespace: string, ...lines: string[]) => {
    const all = ['interface=eth0', 'bind-interfaces', 'port=0', 'no-ping', 'log-dhcp', ...lines].join('\n');
    return foreignServer(t, network, namespace, 'eth0', 'dnsmasq', all);
  };
  const tftp = () => ['enable-tftp', `tftp-root=${files}`];
  const POOL = 'dhcp-range=10.80.0.50,10.80.0.60,1h';
  const addresses = () => network.run('machine', 'ip', '-4', '-o', 'address', 'show', 'dev', 'eth0');

  it('is given nothing where nobody answers, and says so', async () => {
    const { boots, code } = await played(network, 'machine', 'eth0', '--arch', 'bios');
    assert.equal(code, 1);
    assert.deepEqual(boots.bios?.answers, []);
    assert.deepEqual(
      boots.bios?.findings.map((each) => each.code),
      ['no-answer'],
    );
  });

  it('takes no lease by itself; with --take it has an address, its file whole, and gives both back', async (t) => {
    const server = await dnsmasq(t, 'server', POOL, 'dhcp-boot=undionly.kpxe', ...tftp());
    const looked = await played(network, 'machine', 'eth0', '--arch', 'bios');
    assert.deepEqual(
      looked.boots.bios?.findings.map((each) => each.code),
      ['not-fetched'],
    );
    assert.equal(looked.code, 0);
    assert.equal(
      server.said.some((line) => line.includes('DHCPREQUEST')),
      false,
    );
    const { boots, code } = await played(network, 'machine', 'eth0', '--arch', 'bios', '--take');
    const bios = boots.bios;
    assert.deepEqual(
      bios?.findings.map((each) => each.code),
      ['boots'],
    );
    assert.equal(code, 0);
    assert.equal(bios?.address?.taken, true);
    assert.deepEqual(
      [bios?.bootFile?.name, bios?.bootFile?.host, bios?.bootFile?.told],
      ['undionly.kpxe', '10.80.0.1', 'ack'],
    );
    assert.equal(bios?.bootFile?.mac, MAC.server);
    assert.deepEqual([bios?.fetched?.bytes, bios?.fetched?.what], [70_000, 'no EFI program and no script']);
    assert.match(bios?.fetched?.options ?? '', /blksize 1468/);
    assert.equal(await addresses(), '');
    assert.ok(server.said.some((line) => line.includes('DHCPACK')));
    // What it gave back has no lease any more, once the server has heard of it.
    await played(network, 'machine', 'eth0', '--arch', 'bios');
    assert.ok(server.said.some((line) => line.includes('DHCPRELEASE')));
    const leases = readFileSync(join(network.directory, 'dnsmasq-1', 'leases'), 'utf8');
    assert.equal(leases.includes(MAC.machine), false);
  });

  it('says of a file what firmware cannot do with it', async (t) => {
    await dnsmasq(
      ...([t, 'server', POOL] as const),
      ...[
        'dhcp-match=set:arm64,option:client-arch,11',
        'dhcp-boot=tag:arm64,missing.efi',
        'dhcp-boot=arm64.efi',
        ...tftp(),
      ],
    );
    const arches = ['--arch', 'bios', '--arch', 'uefi', '--arch', 'arm64', '--arch', 'http'];
    const { boots, code } = await played(network, 'machine', 'eth0', '--take', ...arches);
    assert.equal(code, 1);
    const found = Object.fromEntries(Object.entries(boots).map(([name, { findings }]) => [name, findings[0]?.code]));
    assert.deepEqual(found, {
      ...{ bios: 'wrong-architecture', uefi: 'wrong-architecture', arm64: 'not-fetchable', http: 'no-boot-file' },
    });
    assert.match(boots.uefi?.findings[0]?.sentence ?? '', /UEFI x86-64 was given an EFI program for arm64/);
    assert.match(boots.arm64?.findings[0]?.sentence ?? '', /10\.80\.0\.1 says: .*not found/);
  });

  it('asks a ProxyDHCP server on port 4011 where that has a menu, and takes its address elsewhere', async (t) => {
    await dnsmasq(t, 'server', POOL);
    await dnsmasq(
      ...([t, 'proxy', 'dhcp-range=10.80.0.0,proxy'] as const),
      ...[
        'pxe-prompt="Boot",0',
        'pxe-service=x86PC,"BIOS",undionly.kpxe',
        'pxe-service=x86-64_EFI,"UEFI",x64.efi',
        ...tftp(),
      ],
    );
    const { boots, code } = await played(network, 'machine', 'eth0', '--arch', 'bios', '--arch', 'uefi', '--take');
    assert.deepEqual(
      boots.uefi?.findings.map((each) => each.code),
      ['boots'],
      JSON.stringify(boots),
    );
    assert.equal(code, 0);
    assert.equal(boots.uefi?.address?.server, '10.80.0.1');
    assert.deepEqual(
      [boots.uefi?.bootFile?.server, boots.uefi?.bootFile?.mac, boots.uefi?.bootFile?.told, boots.uefi?.fetched?.what],
      ['10.80.0.2', MAC.proxy, 'boot-server', 'an EFI program for x86-64'],
    );
    assert.match(boots.bios?.bootFile?.name ?? '', /^undionly\.kpxe/);
  });

  it('names two servers that both give addresses, and counts only the one that is named', async (t) => {
    await dnsmasq(t, 'server', POOL, 'dhcp-boot=undionly.kpxe');
    await dnsmasq(t, 'proxy', 'dhcp-range=10.80.0.70,10.80.0.80', 'dhcp-boot=x64.efi');
    const both = await played(network, 'machine', 'eth0', '--arch', 'bios');
    assert.ok(both.boots.bios?.findings.some((each) => each.code === 'several-servers'));
    const one = await played(network, 'machine', 'eth0', '--arch', 'bios', '--server', '10.80.0.2');
    assert.deepEqual(
      one.boots.bios?.answers.map(({ server }) => server),
      ['10.80.0.2'],
    );
    assert.equal(one.boots.bios?.bootFile?.name, 'x64.efi');
  });

  it('says clearly what is wrong with its interface', async () => {
    await assert.rejects(network.run('machine', process.execPath, ...doctor('eth9')), /There is no interface eth9/);
    await assert.rejects(network.run('machine', process.execPath, ...doctor('lo')), /lo is no Ethernet/);
    network.ip('machine', 'link', 'set', 'eth0', 'down');
    await assert.rejects(
      network.run('machine', process.execPath, ...doctor('eth0')),
      /eth0 is down\.[\s\S]*ip link set eth0 up/,
    );
    network.ip('machine', 'link', 'set', 'eth0', 'up');
  });
});

function doctor(device: string): string[] {
  return [join(import.meta.dirname, '../../src/main.ts'), 'doctor', '--client', device];
}
