import assert from 'node:assert/strict';
import { ARM64_FILES } from '../../build/arm64-system.ts';
import { fetchedWhole, intoEnvironment } from './arm64-boots.ts';
import { plugInRouter } from './router.ts';
import { scenario } from './scenario.ts';

const FIRMWARE = ['arm64-http', 'arm64-secure-boot'] as const;

scenario(
  'beside a router that gives the addresses, arm64 machines boot an environment by HTTP, and go on to that from PXE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'proxy', images: ARM64_FILES, limit: 900 },
  async (stage) => {
    const router = await plugInRouter();
    const booted = await intoEnvironment(stage, { firmware: FIRMWARE, mode: 'proxy', file: import.meta.url });
    for (const { trace } of booted) assert.deepEqual(fetchedWhole(trace, 'http'), ['signed-arm64.img']);
    const declined = booted.map(({ trace }) => trace.some(({ reason }) => reason === 'http-only'));
    assert.deepEqual(declined, [false, true]);
    router.kill('SIGKILL');
  },
);
