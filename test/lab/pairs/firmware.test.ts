import assert from 'node:assert/strict';
import { plugInRouter } from '../router.ts';
import { scenario } from '../scenario.ts';
import { intoOsie } from '../worked.ts';

const FIRMWARE = ['uefi-http', 'secure-boot'] as const;

scenario(
  'beside a router that gives the addresses, UEFI HTTP boot and Secure Boot lead into the OSIE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'proxy', limit: 600 },
  async (stage) => {
    const router = await plugInRouter();
    const traces = await intoOsie(stage, { firmware: FIRMWARE, mode: 'proxy', file: import.meta.url });
    const hasDisk = traces.map((trace) => trace.some(({ what }) => what === 'signed-x64.img'));
    assert.deepEqual(hasDisk, [false, true]);
    router.kill('SIGKILL');
  },
);
