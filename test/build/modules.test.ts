import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chooseModules } from '../../build/osie/modules.ts';

const base = mkdtempSync(join(tmpdir(), 'modules-'));
after(() => rmSync(base, { recursive: true }));
mkdirSync(join(base, 'lib/modules/6.1'), { recursive: true });
const lines = [
  'kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko',
  'kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko',
  'kernel/net/core/failover.ko:',
  'kernel/drivers/scsi/sd_mod.ko:',
  'kernel/drivers/scsi/sd_modern.ko:',
  'kernel/drivers/scsi/lpfc/lpfc.ko:',
];
writeFileSync(join(base, 'lib/modules/6.1/modules.dep'), `${lines.join('\n')}\n`);
const tree = { version: '6.1', vmlinuz: '', base };

test('what a module depends on comes before it', () => {
  assert.deepEqual(chooseModules(tree, ['kernel/drivers/net/virtio_net.ko']), [
    'kernel/net/core/failover.ko',
    'kernel/drivers/net/net_failover.ko',
    'kernel/drivers/net/virtio_net.ko',
  ]);
});

test('a folder pattern takes what is below it, but not what is left out', () => {
  const chosen = chooseModules(tree, ['kernel/drivers/scsi/*'], ['kernel/drivers/scsi/{lpfc,bfa}/*']);
  assert.deepEqual(chosen, ['kernel/drivers/scsi/sd_mod.ko', 'kernel/drivers/scsi/sd_modern.ko']);
});

test('a name matches whole, and a choice each of its words', () => {
  assert.deepEqual(chooseModules(tree, ['kernel/drivers/scsi/{sd_mod,sr_mod}.ko']), ['kernel/drivers/scsi/sd_mod.ko']);
});

test('a pattern that matches nothing chooses nothing', () => {
  assert.deepEqual(chooseModules(tree, ['kernel/drivers/tty/*']), []);
});
