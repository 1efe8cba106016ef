import assert from 'node:assert/strict';
import { scenario } from './scenario.ts';
import { intoOsie } from './worked.ts';

const FIRMWARE = ['uefi-http'] as const;

scenario(
  'a machine whose firmware boots by HTTP alone, and is given an address, boots into the OSIE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'reservation', limit: 600 },
  async (stage) => {
    const [trace = []] = await intoOsie(stage, { firmware: FIRMWARE, mode: 'reservation', file: import.meta.url });
    assert.ok(!trace.some(({ role }) => role === 'tftp'), 'nothing went over TFTP');
    assert.ok(trace.some(({ role, what }) => role === 'http' && what === 'ipxe.efi'));
  },
);
