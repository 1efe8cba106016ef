/** The disk that UEFI HTTP boot is given with Secure Boot on. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type DiskPlan, diskSegments, planDisk } from '../../src/boots/signed-disk.ts';
import { sendingLength } from '../../src/http/files/index.ts';
import { macOf } from '../machines/examples.ts';
import { type Booting, booting } from './booting.ts';

const loaders = new Map(
  ['shimx64.efi', 'grubx64.efi', 'shimaa64.efi', 'grubaa64.efi'].map((name) => [name, Buffer.alloc(2000, name)]),
);

/** The disk of machine 1, which is to boot environment `debian`. */
async function planned(all: Booting, preview = false): Promise<DiskPlan> {
  all.neighbours.set('127.0.0.1', macOf(1));
  let plan: DiskPlan | undefined;
  const request = { mac: macOf(1), remote: '127.0.0.1', server: all.url, preview, services: false, what: 'disk' };
  await all.scripts.give(request, async (admitted) => {
    plan = await planDisk(admitted, all);
    return plan.config;
  });
  assert.ok(plan);
  return plan;
}

describe('the disk with signed loaders', () => {
  it('has kernel and initrds of an environment, whichever server they are said to be on', async (t) => {
    const all = await booting(t);
    mkdirSync(join(all.filesDirectory, 'bootenvs/debian'), { recursive: true });
    for (const name of ['linux', 'initrd.gz']) writeFileSync(join(all.filesDirectory, 'bootenvs/debian', name), name);
    const { config, files } = await planned(all);
    assert.deepEqual(
      files.map(({ path, content }) => `${path} ${sendingLength(content)}`),
      ['kernel 5', 'initrd0 9'],
    );
    assert.match(config, / linux \/kernel BOOTIF=01-52-54-00-00-00-01 .*tinsmith\.token=token-1 /);
    assert.match(config, / initrd \/initrd0;/);
    assert.doesNotMatch(config, /set root/, 'the files are on the disk that GRUB is on');
    assert.deepEqual(all.reasons(1), ['answered boot-environment']);
  });

  it('is as long for who only asks for its size, and has no token for them', async (t) => {
    const all = await booting(t);
    mkdirSync(join(all.filesDirectory, 'bootenvs/debian'), { recursive: true });
    for (const name of ['linux', 'initrd.gz']) writeFileSync(join(all.filesDirectory, 'bootenvs/debian', name), name);
    const plans = [await planned(all, true), await planned(all)];
    assert.equal(all.issued.size, 1);
    for (const name of ['signed-x64.img', 'signed-arm64.img'] as const) {
      const disks = await Promise.all(plans.map((plan) => diskSegments(name, plan, { loaders })));
      const [asked, sent] = disks.map(sendingLength);
      assert.equal(asked, sent);
    }
  });

  it('cannot have what is not on this server', async (t) => {
    const all = await booting(t);
    await assert.rejects(
      planned(all),
      /http:.*\/bootenvs\/debian\/linux cannot be booted by HTTP: .*there is no such file/,
    );
    all.said.boot = () => ({ kernel: 'http://mirror/linux', initrds: [], bootParams: '', unusable: [] });
    await assert.rejects(planned(all), /http:\/\/mirror\/linux cannot be booted by HTTP: it is not on this server/);
    all.said.boot = () => ({ kernel: `${all.url}/files/../secret`, initrds: [], bootParams: '', unusable: [] });
    await assert.rejects(planned(all), /climbs with/);
    await assert.rejects(
      diskSegments('signed-x64.img', { config: '', files: [] }, { loaders: new Map() }),
      /shimx64\.efi is not here/,
    );
  });

  it('is refused to strangers over HTTP', async (t) => {
    const all = await booting(t);
    assert.equal((await all.get(2, `/boot/${macOf(1)}/signed-x64.img`)).status, 403);
    assert.equal((await all.get(3, `/boot/${macOf(3)}/signed-x64.img`)).status, 404);
  });
});
