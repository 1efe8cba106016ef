/** That a machine boots what its environment has for the processor that its firmware says it has. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { appliance } from './firmware.ts';

const ENVIRONMENT = {
  name: 'debian',
  kernel: 'x86/linux',
  bootParams: 'on={{.Machine.Arch}}',
  os: { name: 'debian-12', supportedArchitectures: { aarch64: { kernel: 'arm/linux' } } },
};

async function made(t: TestContext) {
  const all = await appliance(t);
  await all.content.put('bootenvs', ENVIRONMENT);
  for (const kernel of ['x86/linux', 'arm/linux']) {
    const path = join(all.filesDirectory, 'bootenvs/debian', kernel);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'kernel');
  }
  const { record } = await all.known(1, { work: false });
  await all.lives.setBootEnv(record.id, { bootEnv: 'debian' });
  const preview = async (query = ''): Promise<string> =>
    (await all.call('GET', `/api/v1/preview/${record.id}/firmware${query}`)).json.script;
  return { all, record, machine: all.machine(1), preview };
}

const ON_ARM = /bootenvs\/debian\/arm\/linux .*on=arm64/;
const ON_X86 = /bootenvs\/debian\/x86\/linux .*on=amd64/;

describe('a machine whose hardware data names no architecture', () => {
  it('boots what its environment has for the processor that its firmware named', async (t) => {
    const { machine, preview } = await made(t);
    assert.match(await preview(), ON_X86);
    await machine.dhcp('DISCOVER', 'uefi', { architecture: 11 });
    assert.match(await machine.script(), ON_ARM);
    assert.match(await preview(), ON_ARM);
    await machine.dhcp('DISCOVER', 'uefi', { architecture: 7 });
    assert.match(await machine.script(), ON_X86);
  });

  it('is previewed as the firmware that is asked for', async (t) => {
    const { machine, preview } = await made(t);
    assert.match(await preview('?arch=arm64-http'), ON_ARM);
    assert.match(await preview('?arch=uefi'), ON_X86);
    await machine.dhcp('DISCOVER', 'uefi', { architecture: 19 });
    assert.match(await preview('?arch=bios'), ON_X86);
    assert.match(await preview(), ON_ARM);
  });
});

describe('a machine whose hardware data names its architecture', () => {
  it('boots what there is for that, whatever its firmware says', async (t) => {
    const { all, record, machine, preview } = await made(t);
    const interfaces = record.hardware.network.interfaces.map((each) => ({
      ...each,
      dhcp: { ...each.dhcp, arch: 'x86_64' },
    }));
    await all.machines.push([{ ...record.hardware, network: { interfaces } }]);
    await machine.dhcp('DISCOVER', 'uefi', { architecture: 11 });
    assert.match(await machine.script(), ON_X86);
    assert.match(await preview('?arch=arm64'), ON_X86);
  });
});
