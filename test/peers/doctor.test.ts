/** `tinsmith doctor` on a computer with an appliance and without, and the machine that it plays against ourselves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { TraceEntry } from '../../src/boots/trace.ts';
import type { Finding } from '../../src/doctor/index.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { needTools, TestNetwork } from './dhcp-network.ts';
import { foreignServer } from './foreign-servers.ts';
import { played } from './played-client.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const MAC = '52:54:00:00:2a:01';
const EFI = Buffer.alloc(3000);
EFI.write('MZ');
EFI.writeUInt32LE(0x80, 0x3c);
EFI.write('PE\0\0', 0x80);
EFI.writeUInt16LE(0x8664, 0x84);

describe('tinsmith doctor', () => {
  let network: TestNetwork;

  before(() => {
    needTools({ ip: 'iproute2', dnsmasq: 'dnsmasq-base', nft: 'nftables', 'iptables-save': 'iptables' });
    network = new TestNetwork();
    network.add('box', 'machine');
    network.cable(
      { in: 'box', device: 'eth0', address: '10.81.0.1/24' },
      { in: 'machine', device: 'eth0', mac: MAC, address: '10.81.0.2/24' },
    );
  });

  after(() => network?.remove());

  /** What it finds, by code; the exit code as `exit`. */
  const examined = async (data: string): Promise<Map<string, Finding> & { exit?: number }> => {
    const script = '"$@"; echo "exit $?"';
    const words = [process.execPath, MAIN, 'doctor', '--data', data, '--output', 'json'];
    const said = await network.run('box', 'sh', '-c', script, 'sh', ...words);
    const [, json = '', exit] = /^(\{.*\})\nexit (\d+)$/m.exec(said) ?? assert.fail(said);
    const { data: findings } = JSON.parse(json) as { data: Finding[] };
    return Object.assign(new Map(findings.map((finding) => [finding.code, finding])), { exit: Number(exit) });
  };

  /** An appliance in the box, until the test ends. */
  const appliance = async (t: TestContext, data: string, ...flags: string[]) => {
    const words = [MAIN, 'up', '--data', data, '--provisioner', 'off', '--log-format', 'json', ...flags];
    const child = spawn(...network.inside('box', process.execPath, ...words), { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'close');
    const stop = async () => {
      child.kill();
      await ended;
    };
    t.after(stop);
    const up = Promise.withResolvers<void>();
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (/"role":"dhcp \(.*"started"/.test(line)) up.resolve();
    });
    void ended.then(() => up.reject(new Error('the appliance ended')));
    await up.promise;
    return { stop };
  };

  it('without an appliance names who holds a port, who gives addresses, and what the firewall drops', async (t) => {
    const server = await foreignServer(
      ...([t, network, 'machine', 'eth0', 'dnsmasq'] as const),
      'interface=eth0\nbind-interfaces\nport=0\nno-ping\ndhcp-range=10.81.0.50,10.81.0.60,1h\n',
    );
    const holder = await foreignServer(
      ...([t, network, 'box', 'eth0', 'dnsmasq'] as const),
      `interface=eth0\nbind-interfaces\nport=0\ndhcp-range=10.81.0.0,proxy\nenable-tftp\ntftp-root=${network.directory}\n`,
    );
    const rules =
      'table inet f { chain input { type filter hook input priority 0; policy drop; iif lo accept; udp dport { 67, 69, 4011 } accept;\n}\n}\n';
    writeFileSync(join(network.directory, 'rules'), rules);
    await network.run('box', 'nft', '-f', join(network.directory, 'rules'));
    const found = await examined(join(temporaryDirectory(t), 'none'));
    await network.run('box', 'nft', 'flush', 'ruleset');
    assert.equal(found.exit, 1);
    assert.match(found.get('appliance')?.sentence ?? '', /^No appliance runs here/);
    assert.match(found.get('port-taken')?.sentence ?? '', /UDP port 69 \(TFTP\) is held by process \d+ \(.*dnsmasq/);
    assert.match(
      found.get('dhcp-server')?.sentence ?? '',
      new RegExp(`^10\\.81\\.0\\.1?2 \\(${MAC}\\) on eth0 gives addresses`),
    );
    assert.match(found.get('firewall-drops')?.sentence ?? '', /the policy of chain input in table inet f/);
    assert.equal(found.get('firewall-drops-tftp')?.level, 'problem');
    await Promise.all([server.stop(), holder.stop()]);
  });

  it('with one asks it, and does not mistake its ports for taken ones', async (t) => {
    const data = temporaryDirectory(t);
    await appliance(t, data, '--dhcp', 'reservation', '--tftp', 'off');
    const found = await examined(data);
    assert.match(found.get('appliance')?.sentence ?? '', /^The appliance at http:\/\/127\.0\.0\.1:8080 is ready/);
    assert.match(found.get('ports')?.sentence ?? '', /^The appliance has its ports/);
    assert.match(found.get('interface')?.sentence ?? '', /eth0 is up with 10\.81\.0\.1\/24/);
    assert.equal(found.get('firewall')?.level, 'ok');
  });

  it('plays a machine that we know, and is given what we give', async (t) => {
    const data = temporaryDirectory(t);
    const files = temporaryDirectory(t);
    mkdirSync(join(files, 'osie'), { recursive: true });
    // Beside what the build has embedded, if it has run.
    writeFileSync(join(files, 'undionly.kpxe'), Buffer.alloc(2000, 0xea));
    writeFileSync(join(files, 'ipxe.efi'), EFI);
    const hardware = {
      id: '0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94',
      network: {
        interfaces: [
          {
            dhcp: { mac: MAC, hostname: 'node1', ip: { address: '10.81.0.2', netmask: '255.255.255.0' } },
            netboot: { allow_pxe: true, allow_workflow: true, ipxe: { contents: '#!ipxe\nshell\n' } },
          },
        ],
      },
    };
    const file = join(files, 'hardware.json');
    writeFileSync(file, JSON.stringify(hardware));
    await appliance(t, data, '--dhcp', 'reservation', '--files', files);
    await network.run('box', process.execPath, MAIN, 'hardware', 'push', '--file', file, '--data', data);
    // More than once as the same firmware: what was played before is no loader that has failed.
    const arches = ['bios', 'uefi', '7', '9', 'ipxe'].flatMap((name) => ['--arch', name]);
    const { boots, code } = await played(network, 'machine', 'eth0', '--take', ...arches);
    const given = (name: string, file: string) => [name, 'boots', '10.81.0.2', true, file, 'ack'];
    assert.deepEqual(
      // An object has names that are numbers first.
      Object.entries(boots).map(([name, { findings, address, bootFile }]) => [
        ...[name, findings[0]?.code, address?.address, address?.taken, bootFile?.name, bootFile?.told],
      ]),
      [
        given('7', `${MAC}/ipxe.efi`),
        given('9', `${MAC}/ipxe.efi`),
        given('bios', `${MAC}/undionly.kpxe`),
        given('uefi', `${MAC}/ipxe.efi`),
        given('ipxe', `http://10.81.0.1:8080/boot/${MAC}/auto.ipxe`),
      ],
      JSON.stringify(boots),
    );
    assert.equal(boots.ipxe?.fetched?.what, 'an iPXE script');
    assert.equal(code, 0);
    const asked = (...words: string[]) => {
      const command = [process.execPath, MAIN, ...words, '--data', data, '--output', 'json'];
      return network.run('box', 'sh', '-c', '"$@" || true', 'sh', ...command);
    };
    const { data: trace } = JSON.parse(await asked('trace', MAC)) as { data: TraceEntry[] };
    assert.ok(trace.some(({ role }) => role === 'tftp') && trace.some(({ role }) => role === 'script'));
    for (const { role, what, details } of trace) assert.equal(details.playedBy, 'tinsmith-doctor', `${role} ${what}`);
    const explained = JSON.parse(await asked('explain', MAC)) as { data: { code: string } };
    assert.equal(explained.data.code, 'only-played');
    const stranger = await played(network, 'machine', 'eth0', '--mac', '52-54-00-00-2A-99', '--arch', 'bios');
    assert.deepEqual(
      [stranger.boots.bios?.mac, stranger.boots.bios?.findings[0]?.code],
      ['52:54:00:00:2a:99', 'no-answer'],
    );
  });
});
