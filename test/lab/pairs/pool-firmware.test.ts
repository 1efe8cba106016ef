import assert from 'node:assert/strict';
import { scenario } from '../scenario.ts';
import { intoOsie } from '../worked.ts';

const FIRMWARE = ['uefi-http', 'secure-boot'] as const;

scenario(
  'with addresses from a pool, UEFI HTTP boot and Secure Boot lead into the OSIE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'pool', flags: ['--range', '192.168.77.100-192.168.77.120'], limit: 600 },
  async (stage) => {
    const [, secure = []] = await intoOsie(stage, { firmware: FIRMWARE, mode: 'pool', file: import.meta.url });
    assert.ok(secure.some(({ what, outcome }) => what.endsWith('shimx64.efi') && outcome === 'completed'));
  },
);
