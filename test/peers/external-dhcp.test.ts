/** The settings that we show for other people's DHCP servers: they take them, and firmware is given the right files. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ExternalServer, settingsFor } from '../../src/boots/external-dhcp/index.ts';
import { needTools, TestNetwork } from './dhcp-network.ts';
import { check, type ForeignServer, foreignServer, SERVER_PACKAGES } from './foreign-servers.ts';
import { played } from './played-client.ts';

const MAC = '52:54:00:00:0f:01';
/** Where the appliance is: not at the DHCP server's own address. */
const APPLIANCE = { address: '10.79.0.9', http: 'http://10.79.0.9:8080' };

/** A whole configuration with our settings in it, as somebody would put them there. */
const CONFIGURATIONS: Record<'dnsmasq' | 'isc' | 'kea', { server: ForeignServer; around(settings: string): string }> = {
  dnsmasq: {
    server: 'dnsmasq',
    around: (settings) =>
      `interface=eth0\nbind-interfaces\nport=0\nno-ping\ndhcp-range=10.79.0.50,10.79.0.60,1h\n${settings}`,
  },
  isc: {
    server: 'dhcpd',
    around: (settings) =>
      `authoritative;\n${settings}\nsubnet 10.79.0.0 netmask 255.255.255.0 { range 10.79.0.50 10.79.0.60; }\n`,
  },
  kea: {
    server: 'kea-dhcp4',
    around: (settings) => `{ "Dhcp4": {
      "interfaces-config": { "interfaces": [ "eth0" ] },
      "lease-database": { "type": "memfile", "persist": false },
      "subnet4": [ { "id": 1, "subnet": "10.79.0.0/24", "pools": [ { "pool": "10.79.0.50 - 10.79.0.60" } ] } ],
      ${settings} } }`,
  },
};

describe('settings for other DHCP servers', () => {
  let network: TestNetwork;
  let folder: string;

  before(() => {
    needTools({ ip: 'iproute2', ...SERVER_PACKAGES });
    folder = mkdtempSync(join(tmpdir(), 'external-'));
    network = new TestNetwork();
    network.add('server', 'machine');
    network.cable(
      { in: 'server', device: 'eth0', address: '10.79.0.1/24' },
      { in: 'machine', device: 'eth0', mac: MAC },
    );
  });

  after(async () => {
    await network?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, { server, around }] of Object.entries(CONFIGURATIONS)) {
    const text = settingsFor(name as ExternalServer, APPLIANCE).text;

    it(`${name} accepts them, and would not accept nonsense`, async () => {
      const file = join(folder, name);
      writeFileSync(file, around(text));
      await check(server, file);
      writeFileSync(file, around(`${text} nonsense`));
      await assert.rejects(check(server, file));
    });

    it(`${name} gives each firmware the right file by them, and computers that boot nothing none`, async (t) => {
      await foreignServer(t, network, 'server', 'eth0', server, around(text));
      const arches = ['bios', 'uefi', '9', 'arm64', 'http', 'ipxe', 'ipxe-uefi', '33'].flatMap((name) => [
        '--arch',
        name,
      ]);
      const { boots } = await played(network, 'machine', 'eth0', ...arches);
      const files = Object.fromEntries(
        Object.entries(boots).map(([firmware, { bootFile }]) => [
          firmware,
          bootFile && `${bootFile.protocol} ${bootFile.host ?? ''} ${bootFile.name}`,
        ]),
      );
      const script = `http  http://10.79.0.9:8080/boot/${MAC}/auto.ipxe`;
      assert.deepEqual(files, {
        ...{ bios: 'tftp 10.79.0.9 undionly.kpxe', uefi: 'tftp 10.79.0.9 ipxe.efi', 9: 'tftp 10.79.0.9 ipxe.efi' },
        ...{
          arm64: 'tftp 10.79.0.9 shimaa64.efi',
          http: 'http  http://10.79.0.9:8080/boot/loaders/ipxe.efi',
          ipxe: script,
          'ipxe-uefi': script,
          33: undefined,
        },
      });
      assert.ok(boots.uefi?.answers.every(({ vendorClass }) => !vendorClass?.startsWith('HTTPClient')));
      assert.match(boots.bios?.address?.address ?? '', /^10\.79\.0\.(5\d|60)$/);
    });
  }
});
