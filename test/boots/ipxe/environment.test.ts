/** The scripts of boot environments, word by word. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { environmentScript, osieScript, scriptOf } from '../../../src/boots/ipxe/scripts.ts';
import { kernelArguments } from '../../../src/worker/settings.ts';

const server = 'http://10.0.0.1:8080';
const mac = '52:54:00:00:00:01';
const facts = { server, mac, token: 'TOKEN', arguments: ['console=ttyS1'] };
const worker = `tinsmith.server=${server} tinsmith.id=${mac} tinsmith.token=TOKEN`;

describe('the script of a boot environment', () => {
  it('loads kernel and initrds, each by the name that the command line has, and gives up in the end', () => {
    const boots = {
      environment: 'debian',
      kernel: `${server}/bootenvs/debian/linux`,
      initrds: [`${server}/bootenvs/debian/a.gz`, 'https://mirror/b.gz'],
      bootParams: ' auto=true\n  priority=critical  --- quiet\n',
    };
    assert.equal(
      environmentScript(boots, facts),
      `#!ipxe
echo Tinsmith: \${netX/mac} boots into environment debian
set tries:int32 0
:again
kernel --name vmlinuz ${server}/bootenvs/debian/linux initrd=initrd0.img initrd=initrd1.img BOOTIF=01-\${netX/mac:hexhyp} ${worker} tinsmith.boot-env=debian console=ttyS1 auto=true priority=critical  --- quiet || goto failed
initrd --name initrd0.img ${server}/bootenvs/debian/a.gz || goto failed
initrd --name initrd1.img https://mirror/b.gz || goto failed
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

  it('needs neither initrds nor arguments of its own, and BOOTIF once', () => {
    const boots = { environment: 'e', kernel: 'http://x/k', initrds: [], bootParams: '' };
    assert.match(
      environmentScript(boots, facts),
      /^kernel --name vmlinuz http:\/\/x\/k BOOTIF=\S+ tinsmith\.server=\S+ tinsmith\.id=\S+ tinsmith\.token=TOKEN tinsmith\.boot-env=e console=ttyS1 \|\| goto failed\nboot /m,
    );
    const twice = environmentScript({ ...boots, bootParams: 'BOOTIF=own' }, facts);
    assert.equal(twice.match(/BOOTIF=/g)?.length, 1);
  });

  it('tells the worker a name with spaces as one word', () => {
    const boots = { environment: 'my own', kernel: 'k', initrds: [], bootParams: '' };
    const [, line = ''] = /vmlinuz k (.*) \|\|/.exec(environmentScript(boots, facts)) ?? [];
    assert.equal(kernelArguments(line).get('tinsmith.boot-env'), 'my own');
  });
});

describe('the script of the OSIE', () => {
  it('names the environment only where the machine is to be in it, after a service too', () => {
    const osie = osieScript(facts);
    assert.ok(!osie.includes('boot-env'));
    const told = osie.replace('tinsmith.token=TOKEN', 'tinsmith.token=TOKEN tinsmith.boot-env=osie');
    const plan = { boot: 'osie', environment: 'osie', reason: 'boot-environment', sentence: '' } as const;
    assert.equal(scriptOf(plan, facts), told);
    const service = scriptOf({ ...plan, autoIpxe: { workflow: 'w', state: 'up' } }, facts);
    assert.equal(service.match(/tinsmith\.boot-env=osie/g)?.length, 2);
  });
});
