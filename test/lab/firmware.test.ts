/**
 * Beside a router that gives the addresses: a machine that boots by HTTP alone, and one with Secure Boot on, of which the
 * hardware data says so.
 */
import assert from 'node:assert/strict';
import { hardwareOf } from '../../src/lab/session.ts';
import { assertDocumented } from './firmware-table.ts';
import { plugInRouter } from './router.ts';
import { scenario } from './scenario.ts';
import { into, WORK } from './worked.ts';

const FIRMWARE = ['uefi-http', 'secure-boot'] as const;

scenario(
  'beside a router, UEFI HTTP boot and Secure Boot lead into the OSIE',
  import.meta.url,
  { firmware: FIRMWARE, dhcp: 'proxy', limit: 600 },
  async (stage) => {
    const router = await plugInRouter();
    const { computers } = stage.session;
    const client = stage.session.client();
    for (const [i, firmware] of FIRMWARE.entries()) {
      const computer = computers[i];
      assert.ok(computer);
      const hardware = hardwareOf(computer.machine);
      for (const each of hardware.network.interfaces)
        Object.assign(each.netboot, { secure_boot: firmware === 'secure-boot' });
      await client.post('machines', hardware);
      await stage.addWorkflow(WORK.replace('name: work', `name: ${firmware}`), {}, i + 1);
      computer.vm.powerOn();
    }
    for (const [i, firmware] of FIRMWARE.entries()) {
      const computer = computers[i];
      assert.ok(computer);
      const trace = await into(stage, computer.machine);
      assert.equal(
        trace.some(({ what, outcome }) => what === 'signed-x64.img' && outcome === 'completed'),
        firmware === 'secure-boot',
      );
      assertDocumented(firmware, 'proxy', import.meta.url);
    }
    router.kill('SIGKILL');
  },
);
