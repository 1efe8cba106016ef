/** The configurations, word by word; and through TFTP and HTTP, for the machine itself alone. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { LoaderBoot } from '../../../src/boots/loader-configs/boot.ts';
import { grubAsksAgain, grubConfig } from '../../../src/boots/loader-configs/grub.ts';
import { pxelinuxConfig } from '../../../src/boots/loader-configs/pxelinux.ts';
import { bootFiles, configFiles, firstOf, osieFiles, textFiles } from '../../../src/boots/tftp/index.ts';
import { macOf } from '../../machines/examples.ts';
import { booting } from '../booting.ts';
import { serve, fetch as tftp } from '../tftp/served.ts';

const mac = macOf(1);
const url = 'http://10.0.0.1:8080';
const tftpServer = { protocol: 'tftp', url } as const;
const kernel: LoaderBoot = {
  boot: 'kernel',
  what: 'environment "it\'s"',
  kernel: `${url}/bootenvs/a%20b/linux`,
  initrds: [`${url}/one`, `${url}/two`],
  line: 'quiet "tinsmith.boot-env=a b" p=$x;y',
};

describe('the configuration of GRUB', () => {
  it('loads kernel and initrds from where GRUB came, and quotes what its shell would read', () => {
    const config = grubConfig(mac, kernel, tftpServer);
    assert.match(config, /^set root=\(tftp,10\.0\.0\.1\)$/m);
    assert.match(config, /^ {2}if linux '\/bootenvs\/a b\/linux' quiet 'tinsmith\.boot-env=a b' 'p=\$x;y'; then$/m);
    assert.match(config, /^ {2}if initrd \/one \/two; then$/m);
    assert.match(config, /^echo 'Tinsmith: .* boots into environment "it'\\''s"'$/m);
    assert.match(grubConfig(mac, kernel, { protocol: 'http', url }), /^set root=\(http,10\.0\.0\.1:8080\)$/m);
  });

  it('takes for a name what only looks like an escape', () => {
    const boots = { ...kernel, kernel: `${url}/files/50%.img`, initrds: [`${url}/files/a%20b%23c`] };
    assert.match(grubConfig(mac, boots, tftpServer), /linux \/files\/50%\.img [\s\S]*initrd '\/files\/a b#c'/);
    assert.match(pxelinuxConfig(mac, boots, url), /KERNEL ::files\/50%\.img\n {2}INITRD ::files\/a b#c\n/);
  });

  it('says so where a file is on another server', () => {
    const config = grubConfig(mac, { ...kernel, initrds: ['http://elsewhere/initrd'] }, tftpServer);
    assert.match(config, /http:\/\/elsewhere\/initrd is not on this server/);
    assert.doesNotMatch(config, /linux/);
  });

  it('starts the system on the disk by its own loader', () => {
    const config = grubConfig(mac, { boot: 'local' }, tftpServer);
    for (const part of [
      /EFI\/BOOT\/BOOTX64\.EFI/,
      /EFI\/BOOT\/BOOTAA64\.EFI/,
      /EFI\/debian\/shimaa64\.efi/,
      /chainloader \+1/,
    ])
      assert.match(config, part);
  });

  it('is what GRUB’s own checker takes for a script', (t) => {
    if (spawnSync('grub-script-check', ['--version']).status !== 0) return t.skip('there is no grub-script-check');
    for (const boots of [kernel, { boot: 'local' }, { boot: 'ipxe', what: 'a script' }] as LoaderBoot[])
      execFileSync('grub-script-check', { input: grubConfig(mac, boots, tftpServer) });
    execFileSync('grub-script-check', { input: grubAsksAgain() });
  });
});

describe('the configuration of PXELINUX', () => {
  const entry = (boots: LoaderBoot): string[] =>
    pxelinuxConfig(mac, boots, url).split('LABEL tinsmith\n')[1]?.trim().split('\n  ') ?? [];
  it('has names from the top of TFTP, and the command line as it is', () => {
    assert.deepEqual(entry(kernel), [
      'KERNEL ::bootenvs/a b/linux',
      'INITRD ::one,::two',
      'APPEND quiet "tinsmith.boot-env=a b" p=$x;y',
    ]);
    assert.deepEqual(entry({ boot: 'local' }), ['LOCALBOOT 0']);
    assert.deepEqual(entry({ boot: 'ipxe', what: 'a script' }), [`PXE ::${mac}/undionly.kpxe`]);
  });
});

describe('over the network', () => {
  const dashed = mac.replaceAll(':', '-');

  it('they are for the machine itself, over HTTP and TFTP alike, and have a token of its own', async (t) => {
    const all = await booting(t);
    const grub = await all.get(1, '/grub/grub.cfg');
    assert.equal(grub.status, 200);
    assert.match(grub.headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(
      grub.text,
      /set root=\(http,127\.0\.0\.1:\d+\)[\s\S]* \/bootenvs\/debian\/linux BOOTIF=01-52-54-00-00-00-01 .*tinsmith\.token=token-1 /,
    );
    assert.equal((await all.get(2, `/grub/grub.cfg-01-${dashed}`)).status, 403);
    assert.equal((await all.get(1, `/pxelinux.cfg/01-${dashed}`)).status, 200);
    assert.deepEqual(all.reasons(1), [
      'answered boot-environment',
      'refused not-this-machine',
      'answered boot-environment',
    ]);
    assert.equal((await all.get(3, '/pxelinux.cfg/default')).status, 404, 'nothing is to be booted');
    assert.deepEqual(all.reasons(3), ['ignored no-workflow']);
    const head = await all.get(1, '/grub/grub.cfg', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(all.issued.size, 2, 'each has a token, and a look at it has none');

    all.neighbours.set('127.0.0.1', mac);
    const made = firstOf(
      osieFiles(all.bootFiles, all.scripts),
      textFiles(all.texts, () => all.url),
      configFiles(all.configs, () => all.url),
    );
    const server = await serve(bootFiles(new Map(), all.filesDirectory, made));
    t.after(server.close);
    const get = async (name: string): Promise<string> => (await tftp(server.port, name)).toString();
    assert.match(await get('/grub/grub.cfg'), /set root=\(tftp,127\.0\.0\.1\)/);
    assert.match(await get(`${mac}/pxelinux.cfg/01-${dashed}`), /KERNEL ::bootenvs\/debian\/linux/);
    assert.equal(
      await get('autoexec.ipxe'),
      `#!ipxe\nisset \${netX/ip} || dhcp || exit 1\nchain --autofree --replace ${all.url}/boot/${mac}/auto.ipxe || exit 1\n`,
    );
    all.neighbours.set('127.0.0.1', macOf(2));
    await assert.rejects(get(`grub/grub.cfg-01-${dashed}`), /ERROR 2/);
    await assert.rejects(get(`boot/${macOf(9)}/vmlinuz`), /ERROR 1/);
    all.neighbours.set('127.0.0.1', mac);
    await assert.rejects(get(`boot/${mac}/vmlinuz`), /ERROR 1/, 'there is no OSIE');
  });

  it('a GRUB whose machine is not known by its address is told to say its card’s', async (t) => {
    const all = await booting(t);
    const { status, text } = await all.get(9, '/grub/grub.cfg');
    assert.equal(status, 404, 'it is known, and nobody’s');
    all.neighbours.clear();
    const answer = await fetch(`${all.url}/grub/grub.cfg`);
    assert.match(await answer.text(), /configfile "\$prefix\/grub\.cfg-01-\$net_default_mac"/);
    assert.match(text, /no machine has this MAC address/);
  });

  it('the environment’s own texts come before them', async (t) => {
    const all = await booting(t);
    all.said.text = (_, path) => (path === 'grub/grub.cfg' ? 'own' : undefined);
    assert.equal((await all.get(1, '/grub/grub.cfg')).text, 'own');
    assert.match((await all.get(1, '/grub/x86_64-efi/grub.cfg')).text, /^# Made by Tinsmith/);
    assert.deepEqual(all.reasons(1), ['completed sent', 'answered boot-environment']);
  });

  it('an iPXE script of an environment needs iPXE, and kernels that are not there are named', async (t) => {
    const all = await booting(t);
    all.said.boot = () => ({ ipxe: 'shell' });
    assert.match((await all.get(1, '/grub/grub.cfg')).text, new RegExp(`chainloader /boot/loaders/${mac}/ipxe\\.efi`));
    all.said.boot = () => ({ kernel: '', initrds: [], bootParams: '', unusable: ['linux is not there'] });
    const { status, text } = await all.get(1, '/grub/grub.cfg');
    assert.deepEqual([status, /cannot boot its environment debian: linux is not there/.test(text)], [503, true]);
  });
});
