import assert from 'node:assert/strict';
import { ARM64_FILES } from '../../build/arm64-system.ts';
import { ARM64_FIRMWARES } from '../../src/lab/firmware.ts';
import { fetchedWhole, intoEnvironment } from './arm64-boots.ts';
import { scenario } from './scenario.ts';

scenario(
  'with addresses from a pool, arm64 machines boot an environment by PXE, by HTTP and with Secure Boot on',
  import.meta.url,
  {
    ...{ firmware: ARM64_FIRMWARES, dhcp: 'pool', images: ARM64_FILES, limit: 700 },
    flags: ['--range', '192.168.77.100-192.168.77.120'],
  },
  async (stage) => {
    const booted = await intoEnvironment(stage, { firmware: ARM64_FIRMWARES, mode: 'pool', file: import.meta.url });
    const disks = booted.map(({ trace }) => fetchedWhole(trace, 'http'));
    assert.deepEqual(disks, [[], ['signed-arm64.img'], []]);
  },
);
