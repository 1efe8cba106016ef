import assert from 'node:assert/strict';
import { plugInServer } from '../router.ts';
import { scenario } from '../scenario.ts';
import { intoOsie } from '../worked.ts';

const FIRMWARE = ['bios', 'uefi'] as const;
const SERVERS = ['dhcpd', 'kea-dhcp4'] as const;

scenario(
  'beside ISC dhcpd a BIOS machine, and beside Kea a UEFI machine, boots into the OSIE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'proxy', limit: 300 },
  async (stage) => {
    const machines = stage.session.computers.map(({ machine }) => machine);
    const servers = await Promise.all(
      SERVERS.map((server, i) =>
        plugInServer({ server, number: i + 1, mac: machines[i]?.mac ?? '', directory: stage.directory }),
      ),
    );
    const traces = await intoOsie(stage, { firmware: FIRMWARE, mode: 'proxy' });
    for (const [i, server] of servers.entries()) {
      const { mac = '' } = machines[i] ?? {};
      assert.ok(server.leases().includes(mac), `${SERVERS[i]} gave ${mac} its address`);
      const answers = traces[i]?.filter(({ role, outcome }) => role === 'dhcp' && outcome === 'answered') ?? [];
      assert.ok(answers.length > 0, `we answered ${mac}`);
      assert.ok(
        answers.every(({ details }) => details.address === undefined),
        'no address came from us',
      );
    }
  },
);
