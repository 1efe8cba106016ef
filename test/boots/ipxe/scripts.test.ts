/** The scripts, word by word: a change to what machines run is seen here first. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localScript, osieScript, ownScript } from '../../../src/boots/ipxe/scripts.ts';

const server = 'http://10.0.0.1:8080';
const mac = '52:54:00:00:00:01';

describe('the script', () => {
  it('of the OSIE carries the server, the machine, the token and further arguments, and gives up in the end', () => {
    assert.equal(
      osieScript({ server, mac, token: 'TOKEN', arguments: ['console=ttyS1', 'quiet'] }),
      `#!ipxe
echo Tinsmith: \${netX/mac} boots into the in-memory system
set tries:int32 0
:again
kernel --name vmlinuz ${server}/boot/${mac}/vmlinuz console=tty0 console=ttyS0,115200 initrd=osie.img rootfstype=ramfs panic=30 BOOTIF=01-\${netX/mac:hexhyp} tinsmith.server=${server} tinsmith.id=${mac} tinsmith.token=TOKEN console=ttyS1 quiet || goto failed
initrd --name osie.img ${server}/boot/${mac}/initrd.img || goto failed
boot || goto failed
:failed
imgfree
inc tries
iseq \${tries} 10 && goto end ||
echo Tinsmith: could not boot, trying again in 3 seconds
sleep 3
goto again
:end
echo Tinsmith: giving up; leaving to the next boot device
exit 1
`,
    );
  });

  it('of an installed machine leaves to its disk, by BIOS and by UEFI', () => {
    assert.equal(
      localScript({ server, mac }),
      `#!ipxe
echo Tinsmith: \${netX/mac} boots the system on its own disk
iseq \${platform} efi && goto efi ||
sanboot --no-describe --drive 0x80 || exit 1
:efi
chain --autofree ${server}/boot/loaders/${mac}/localboot.efi || exit 1
`,
    );
  });

  it('of the hardware data is handed out as it is, or chained to', () => {
    assert.equal(ownScript({ contents: '#!ipxe\nshell\n' }), '#!ipxe\nshell\n');
    assert.equal(ownScript({ contents: 'shell' }), '#!ipxe\nshell\n');
    assert.equal(ownScript({ url: 'http://x/menu.ipxe' }), '#!ipxe\nchain --autofree http://x/menu.ipxe\n');
  });
});
