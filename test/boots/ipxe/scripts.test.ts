/** The scripts, word by word: a change to what machines run is seen here first. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localScript, osieScript, ownScript, scriptOf } from '../../../src/boots/ipxe/scripts.ts';

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

  const facts = { server, mac, token: 'TOKEN', arguments: ['quiet'] };

  it('of a machine that nobody knows says so to its worker', () => {
    const plan = { boot: 'osie', discovers: true, reason: 'discovery', sentence: '' } as const;
    const plain = osieScript(facts);
    assert.equal(scriptOf(plan, facts), plain.replace(' quiet ', ' tinsmith.discover quiet '));
  });

  const waiting = { boot: 'osie', reason: 'workflow-waiting', sentence: '' } as const;

  it('of a service is chained to with what it needs, and the OSIE follows where that fails', () => {
    const osie = osieScript(facts).replace('#!ipxe\n', '');
    assert.equal(
      scriptOf({ ...waiting, autoIpxe: { workflow: 'w1', state: 'up' } }, facts),
      `#!ipxe
echo Tinsmith: \${netX/mac} boots what workflow w1 serves
clear tinsmith_waits
set tinsmith_server ${server}
set tinsmith_workflow w1
set base ${server}/workflows/w1
set worker_args console=tty0 console=ttyS0,115200 rootfstype=ramfs panic=30 BOOTIF=01-\${netX/mac:hexhyp} tinsmith.server=${server} tinsmith.id=${mac} tinsmith.token=TOKEN quiet
chain --autofree ${server}/workflows/w1/auto.ipxe && exit 0 ||
echo Tinsmith: the script of the service cannot be had, or failed
imgfree
${osie}`,
    );
  });

  it('of a service that is not up waits for it, two minutes at most, and has no token in it', () => {
    assert.equal(
      scriptOf({ ...waiting, autoIpxe: { workflow: 'w1', state: 'starting' } }, facts),
      `#!ipxe
isset \${tinsmith_waits} || set tinsmith_waits:int32 0
inc tinsmith_waits
iseq \${tinsmith_waits} 40 && goto without ||
echo Tinsmith: \${netX/mac} waits for a service of workflow w1 to come up (\${tinsmith_waits} of 40)
sleep 3
chain --autofree --replace ${server}/boot/${mac}/auto.ipxe || goto without
:without
echo Tinsmith: going on without the service
chain --autofree --replace ${server}/boot/${mac}/auto.ipxe?service=no || exit 1
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

describe('syslog in a script', () => {
  const facts = { server: 'http://10.0.0.1:8080', mac: '52:54:00:00:00:01', token: 'T', arguments: [] };

  it('is set for iPXE on its only port, and told our worker on any', () => {
    const osie = (syslog: number | undefined) =>
      scriptOf({ boot: 'osie', reason: 'discovery', sentence: '' }, { ...facts, syslog });
    assert.match(osie(514), /^#!ipxe\nset syslog 10\.0\.0\.1 \|\|\n/);
    assert.match(osie(514), / tinsmith\.syslog=514 /);
    assert.doesNotMatch(osie(5514), /set syslog/);
    assert.match(osie(5514), / tinsmith\.syslog=5514 /);
    assert.doesNotMatch(osie(undefined), /syslog/);
    const local = scriptOf({ boot: 'local', reason: 'installed', sentence: '' }, { ...facts, syslog: 514 });
    assert.match(local, /^#!ipxe\nset syslog 10\.0\.0\.1 \|\|\n/);
  });
});
