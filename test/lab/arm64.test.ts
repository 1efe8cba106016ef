/**
 * Real arm64 firmware (EDK2, of which the PXE and HTTP drivers do the work): a boot environment by PXE, by HTTP boot and
 * with Secure Boot on, then the system on its own disk, and the reason for which it gets no answer where it has a workflow.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ARM64_ENVIRONMENT, ARM64_FILES } from '../../build/arm64-system.ts';
import type { Data, Explained } from '../../src/api/types.ts';
import { ARM64_FIRMWARES } from '../../src/lab/firmware.ts';
import { run } from '../../src/lab/shell.ts';
import { fetchedWhole, intoEnvironment, linesUntil } from './arm64-boots.ts';
import { EXECUTABLE, scenario } from './scenario.ts';
import { WORK } from './worked.ts';

const LOCKED_DOWN = /Kernel is locked down from EFI Secure Boot/;

/** A disk of one FAT file system, on which the first loader is the kernel itself. */
function installSystem(disk: string): void {
  run('mformat', ['-C', '-i', disk, '-T', '131072', '-h', '16', '-s', '63', '::']);
  run('mmd', ['-i', disk, '::EFI', '::EFI/BOOT']);
  const kernel = join(ARM64_FILES, 'bootenvs', ARM64_ENVIRONMENT, 'vmlinuz');
  run('mcopy', ['-i', disk, kernel, '::EFI/BOOT/BOOTAA64.EFI']);
}

scenario(
  'arm64 machines boot an environment by PXE, by HTTP and with Secure Boot on, then their disk; a workflow is refused',
  import.meta.url,
  { firmware: ARM64_FIRMWARES, dhcp: 'reservation', images: ARM64_FILES, limit: 700 },
  async (stage) => {
    const { session, until, say, addWorkflow } = stage;
    const [first] = session.computers;
    assert.ok(first);
    installSystem(first.vm.disk);
    const booted = await intoEnvironment(stage, {
      firmware: ARM64_FIRMWARES,
      mode: 'reservation',
      file: import.meta.url,
    });
    const [pxe, http, secure] = booted;
    assert.ok(pxe && http && secure);

    for (const { trace, explained } of [pxe, secure]) {
      const files = ['shimaa64.efi', 'grubaa64.efi', 'grub.cfg', 'vmlinuz', 'initrd.img'];
      assert.deepEqual(fetchedWhole(trace, 'tftp'), files);
      assert.deepEqual(
        explained.stages.filter(({ state }) => state === 'proven').map(({ stage: of }) => of),
        ['address', 'loader', 'script', 'kernel', 'initrd'],
      );
      assert.match(explained.sentence, /^loaded \S+\/vmlinuz and \S+\/initrd\.img of arm64-system whole at /);
    }
    assert.deepEqual([fetchedWhole(http.trace, 'tftp'), fetchedWhole(http.trace, 'http')], [[], ['signed-arm64.img']]);
    assert.match(http.explained.sentence, /^loaded signed-arm64\.img of arm64-system whole at /);
    for (const { explained } of booted)
      assert.deepEqual([explained.state, explained.code], ['booted', 'environment-loaded']);
    assert.deepEqual(
      booted.map(({ lines }) => lines.some((line) => LOCKED_DOWN.test(line))),
      [false, false, true],
    );

    const client = session.client();
    const { name, mac } = first.machine;
    await client.post(`machines/${name}/bootenv`, { bootEnv: 'local' });
    const lines = await linesUntil(first, /\] Linux version /);
    await first.vm.powerCut();
    assert.ok(lines.some((line) => line.endsWith(`Tinsmith: ${mac} boots the system on its own disk`)));
    const { data: local } = await client.get<Data<Explained>>('explain', mac);
    assert.equal(local.code, 'local-boot', local.sentence);
    say(`${name}: ${local.sentence}`);

    await addWorkflow(WORK);
    first.vm.powerOn();
    await until(
      'its request is not answered',
      ({ kind, data }) => kind === 'boot.trace' && data.mac === mac && data.reason === 'no-system',
    );
    const from = ['--server', client.url, '--data', session.appliance.data];
    const told = spawnSync(EXECUTABLE, ['explain', name, ...from], { encoding: 'utf8' });
    assert.equal(
      told.stdout.split('\n')[0],
      'is ARM 64-bit UEFI (architecture 11), and the in-memory system, which runs workflows, is for x86-64',
    );
    assert.equal(told.status, 1, 'it is not booted');
    await first.vm.powerCut();
  },
);
