/** The kernel's table of neighbours, and its interfaces. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { neighbour, parseArp } from '../../src/boots/neighbours.ts';

const HEAD = 'IP address       HW type     Flags       HW address            Mask     Device\n';

describe('the table of neighbours', () => {
  it('gives the MAC address of those that have answered', () => {
    const table = parseArp(
      `${HEAD}10.0.0.5         0x1         0x2         52:54:00:AA:00:05     *        eth0
10.0.0.6         0x1         0x0         00:00:00:00:00:00     *        eth0
10.0.0.7         0x1         0x6         52:54:00:aa:00:07     *        eth0
`,
    );
    assert.deepEqual(
      [...table],
      [
        ['10.0.0.5', '52:54:00:aa:00:05'],
        ['10.0.0.7', '52:54:00:aa:00:07'],
      ],
    );
  });

  it('may be empty or end in the middle', () => {
    for (const text of ['', HEAD, `${HEAD}10.0.0.5  0x1`]) assert.equal(parseArp(text).size, 0);
    assert.equal(neighbour('0.0.0.1'), undefined);
  });
});

describe('the interfaces', () => {
  it('are listed with their addresses, without a cable too; those that are down or have no address are not', () => {
    const module = join(import.meta.dirname, '../../src/boots/interface-addresses.ts');
    const program = `import { interfaceAddresses } from '${module}'; console.log(JSON.stringify(interfaceAddresses()));`;
    // A namespace of its own: none of this is seen outside, and it goes with the shell.
    const script = `set -e
ip link set lo up
ip link add wired type veth peer name plug
ip address add 10.7.0.1/20 dev wired && ip link set wired up
ip link add down type dummy && ip address add 10.8.0.1/24 dev down
ip link add bare type dummy && ip link set bare up
"$@"`;
    const told = execFileSync(
      'unshare',
      ['-n', 'sh', '-c', script, 'sh', process.execPath, '--input-type=module', '-e', program],
      { encoding: 'utf8' },
    );
    assert.deepEqual(JSON.parse(told), [
      { name: 'lo', address: '127.0.0.1', netmask: '255.0.0.0' },
      { name: 'wired', address: '10.7.0.1', netmask: '255.255.240.0' },
    ]);
  });
});
