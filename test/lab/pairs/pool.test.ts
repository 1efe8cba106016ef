import { scenario } from '../scenario.ts';
import { intoOsie } from '../worked.ts';

const FIRMWARE = ['bios', 'uefi'] as const;

scenario(
  'a BIOS and a UEFI machine with addresses from a pool boot into the OSIE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'pool', flags: ['--range', '192.168.77.100-192.168.77.120'], limit: 480 },
  async (stage) => {
    await intoOsie(stage, { firmware: FIRMWARE, mode: 'pool', file: import.meta.url });
  },
);
