/** What the names mean that boot loaders ask for, as those loaders are known to ask. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readConfigName } from '../../../src/boots/loader-configs/names.ts';

const mac = '52:54:00:aa:bb:cc';
const dashed = '52-54-00-aa-bb-cc';
const uuid = '0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94';

describe('the name of a configuration', () => {
  for (const [name, loader, of] of [
    ['grub/grub.cfg', 'grub', 'asker'],
    ['/grub/x86_64-efi/grub.cfg', 'grub', 'asker'],
    ['EFI/debian/grub.cfg', 'grub', 'asker'],
    [`/${mac}/grub/grub.cfg`, 'grub', { mac }],
    [`grub/grub.cfg-01-${dashed}`, 'grub', { mac }],
    [`grub/grub.cfg-01-${mac}`, 'grub', { mac }],
    [`grub.cfg-${dashed.toUpperCase()}`, 'grub', { mac }],
    ['grub/grub.cfg-C0A84D33', 'grub', { address: '192.168.77.51' }],
    [`pxelinux.cfg/${uuid.toUpperCase()}`, 'pxelinux', { uuid }],
    [`pxelinux.cfg/01-${dashed}`, 'pxelinux', { mac }],
    [`/boot/pxelinux.cfg/01-${dashed}`, 'pxelinux', { mac }],
    ['pxelinux.cfg/C0A84D33', 'pxelinux', { address: '192.168.77.51' }],
    ['pxelinux.cfg/default', 'pxelinux', 'asker'],
    [`${dashed}/pxelinux.cfg/default`, 'pxelinux', { mac }],
    ['autoexec.ipxe', 'autoexec', 'asker'],
    [`boot/loaders/autoexec.ipxe`, 'autoexec', 'asker'],
    [`${mac}/autoexec.ipxe`, 'autoexec', { mac }],
  ] as const)
    it(`${name} is for ${typeof of === 'string' ? of : Object.values(of)[0]}`, () =>
      assert.deepEqual(readConfigName(name), { loader, of }));

  for (const name of [
    ...['pxelinux.cfg/C0A8', 'pxelinux.cfg/C', 'grub/grub.cfg-C0A84D3', 'grub/fs.lst', 'grub.cfgs', 'agrub.cfg'],
    ...['pxelinux.cfg/', 'pxelinux.cfg/01-52-54-00-aa', `pxelinux.cfg/a/${dashed}`, 'a/autoexec.ipxe.bak', ''],
  ])
    it(`${JSON.stringify(name)} is none`, () => assert.equal(readConfigName(name), undefined));

  it('is never read with more effort than it has characters for', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 500 }), (name) => {
        for (const each of [name, `grub.cfg-${name}`, `pxelinux.cfg/${name}`, `${mac}/${name}`]) readConfigName(each);
      }),
    );
  });
});
