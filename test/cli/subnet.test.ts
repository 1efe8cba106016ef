/** Subnets on the command line, against the appliance's own API. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { running } from '../api/running.ts';
import { hardware } from '../machines/examples.ts';
import { tinsmith as run } from './fake-appliance.ts';

async function appliance(t: TestContext) {
  const all = await running(t);
  const tinsmith = (words: string[], stdin?: string) =>
    run({ url: all.url }, words, { environment: { TINSMITH_TOKEN: all.adminToken }, ...(stdin ? { stdin } : {}) });
  const good = async (words: string[], stdin?: string): Promise<string> => {
    const { code, out, err } = await tinsmith(words, stdin);
    assert.equal(code, 0, err);
    return out;
  };
  return { ...all, tinsmith, good };
}

const FLAGS = [
  ...['--range', '192.168.1.100-192.168.1.199', '--exclude', '192.168.1.150', '--router', '192.168.1.1'],
  ...['--dns', '1.1.1.1,9.9.9.9', '--dns', '8.8.8.8', '--ntp', '192.168.1.3', '--domain', 'lab.example'],
  ...['--search', 'lab.example', '--route', '10.0.0.0/8 via 192.168.1.254', '--mtu', '1400', '--lease-time', '12h'],
  ...['--interface', 'eth0', '--relay', 'giaddr=192.168.1.9,circuit-id=a,b,remote-id=0x0a'],
  ...['--option', '150=10.0.0.1', '--option', 'tz-posix=CET', '--description', 'Rack 1'],
];

describe('subnet', () => {
  it('add makes one of its flags', async (t) => {
    const { good, tinsmith, subnets } = await appliance(t);
    assert.equal(await good(['subnet', 'add', 'lab', '192.168.1.0/24', ...FLAGS]), 'Added Subnet:  lab\n');
    assert.deepEqual(subnets.get('lab').subnet, {
      ...{ name: 'lab', description: 'Rack 1', network: '192.168.1.0/24', mode: 'pool' },
      ...{ ranges: ['192.168.1.100-192.168.1.199'], exclude: ['192.168.1.150'], routers: ['192.168.1.1'] },
      ...{ dns: ['1.1.1.1', '9.9.9.9', '8.8.8.8'], ntp: ['192.168.1.3'], domain: 'lab.example' },
      ...{ search: ['lab.example'], routes: ['10.0.0.0/8 via 192.168.1.254'], mtu: 1400, leaseTime: 43_200 },
      ...{ interface: 'eth0', relays: [{ giaddr: '192.168.1.9', circuitId: 'a,b', remoteId: '0x0a' }] },
      options: { 'tftp-server-addresses': '10.0.0.1', 'tz-posix': 'CET' },
    });
    assert.equal(
      await good(['subnet', 'add', 'plain', '10.9.0.0/24', '--option', 'tz-posix=']),
      'Added Subnet:  plain\n',
    );
    const again = await tinsmith(['subnet', 'add', 'lab', '192.168.1.0/24']);
    assert.equal(again.code, 65);
    assert.match(again.err, /There is a subnet lab already/);
  });

  it('update changes what it names only, and takes away what is empty', async (t) => {
    const { good, tinsmith, subnets } = await appliance(t);
    await good(['subnet', 'add', 'lab', '192.168.1.0/24', ...FLAGS]);
    const { dns: _, domain: __, relays: ___, options: ____, ...rest } = subnets.get('lab').subnet;
    const flags = ['--dns', '9.9.9.9', '--domain', '', '--relay', '', '--option', 'tz-posix=', '--disable'];
    assert.equal(await good(['subnet', 'update', 'lab', ...flags]), 'Updated Subnet:  lab\n');
    const options = { 'tftp-server-addresses': '10.0.0.1' };
    assert.deepEqual(subnets.get('lab').subnet, { ...rest, dns: ['9.9.9.9'], options, enabled: false });
    await good(['subnet', 'update', 'lab', '--enable', '--network', '192.168.0.0/16']);
    assert.deepEqual(
      [subnets.get('lab').subnet.enabled, subnets.get('lab').subnet.network],
      [undefined, '192.168.0.0/16'],
    );
    assert.equal((await tinsmith(['subnet', 'update', 'lab'])).code, 64);
    const twice = await tinsmith(['subnet', 'update', 'lab', '--option', '150=10.0.0.1', '--option', '150=10.0.0.2']);
    assert.equal(twice.code, 64);
    assert.match(twice.err, /--option 150 is there twice/);
    assert.equal((await tinsmith(['subnet', 'update', 'none', '--disable'])).code, 66);
  });

  it('says all that is wrong with its field, and changes nothing', async (t) => {
    const { good, tinsmith, subnets } = await appliance(t);
    await good(['subnet', 'add', 'lab', '192.168.1.0/24', '--dns', '1.1.1.1']);
    const before = subnets.list();
    const { code, err } = await tinsmith([
      'subnet',
      'update',
      'lab',
      '--range',
      '10.0.0.1',
      '--route',
      'x',
      '--mtu',
      '9',
    ]);
    assert.equal(code, 65);
    for (const each of [/ranges\[0\].*10\.0\.0\.1 is outside of/, /routes\[0\].*is not a route/, /mtu.*68 to 65535/])
      assert.match(err, each);
    assert.match(err, /nothing has been changed/);
    for (const flags of [
      ['--relay', 'x=1'],
      ['--option', 'x'],
      ['--mtu', 'big'],
      ['--enable', '--disable'],
    ])
      assert.equal((await tinsmith(['subnet', 'update', 'lab', ...flags])).code, 64, flags.join(' '));
    assert.deepEqual(subnets.list(), before);
  });

  it('list and show tell what is served', async (t) => {
    const { good, tinsmith } = await appliance(t);
    await good(['subnet', 'add', 'lab', '192.168.1.0/24', ...FLAGS]);
    await good(['subnet', 'add', 'known', '10.1.0.0/16', '--disable']);
    await good(['subnet', 'add', 'beside', '10.2.0.0/16', '--mode', 'proxy']);
    const table = await good(['subnet', 'list']);
    assert.match(
      table,
      /\| lab +\| 192\.168\.1\.0\/24 +\| pool +\| 192\.168\.1\.100-192\.168\.1\.199 +\| 192\.168\.1\.1 +\| interface eth0/,
    );
    assert.match(table, /reservation \(disabled\)/);
    const shown = await good(['subnet', 'show', 'lab']);
    for (const each of [
      'or one of 99',
      '3 router',
      '121 classless-static-route',
      '10.0.0.0/8 via 192.168.1.254',
      '12h',
      ' 10.0.0.1 ',
    ])
      assert.ok(shown.includes(each), `${each}\n${shown}`);
    assert.match(await good(['subnet', 'show', 'known']), /nothing: it is not answered/);
    assert.match(await good(['subnet', 'show', 'beside']), /what to boot, and no address/);
    const json = JSON.parse(await good(['subnet', 'show', 'lab', '-o', 'json']));
    assert.equal(json.data.gives.options.find(({ code }: { code: number }) => code === 51).hex, '0000a8c0');
    assert.equal(JSON.parse(await good(['subnet', 'list', '-o', 'json'])).data.length, 3);
    assert.match((await tinsmith(['subnet', 'show', 'none'])).err, /There is no subnet none/);
  });

  it('warns of what may be a mistake', async (t) => {
    const { tinsmith, machines } = await appliance(t);
    await machines.push([hardware(1, { ip: '10.7.0.1', hostname: 'node1' })]);
    const added = await tinsmith(['subnet', 'add', 'lab', '10.7.0.0/16', '--interface', 'eth9']);
    assert.deepEqual([added.code, added.err.includes('eth9, which is not served now')], [0, true], added.err);
    await tinsmith(['subnet', 'add', 'other', '10.8.0.0/16']);
    const { err, out } = await tinsmith(['subnet', 'delete', 'lab', 'none']);
    assert.match(out, /^Deleted\tlab\n/);
    assert.match(err, /warning: machine node1: 10\.7\.0\.1 is in no subnet/);
    assert.match(err, /none\tnot found/);
  });

  it('is waited for', async (t) => {
    const { good, tinsmith } = await appliance(t);
    await good(['subnet', 'add', 'lab', '192.168.1.0/24']);
    const waiting = good(['subnet', 'wait', 'lab', 'ranges[0]', '192.168.1.100-192.168.1.199', '60']);
    await good(['subnet', 'update', 'lab', '--range', '192.168.1.100-192.168.1.199']);
    assert.equal(await waiting, 'Subnet lab: ranges[0] 192.168.1.100-192.168.1.199\n');
    assert.equal((await tinsmith(['subnet', 'wait', 'lab', 'mode', 'proxy', '0'])).code, 75);
    assert.equal((await tinsmith(['subnet', 'wait', 'lab', 'colour', 'red'])).code, 64);
  });

  it('comes and goes as a document', async (t) => {
    const { good, subnets } = await appliance(t);
    await good(['subnet', 'add', 'lab', '192.168.1.0/24', ...FLAGS]);
    const before = subnets.get('lab').subnet;
    const documents = [await good(['get', 'subnet', 'lab']), await good(['subnet', 'show', 'lab', '-o', 'yaml'])];
    assert.equal(documents[0], documents[1]);
    assert.match(documents[0] ?? '', /^kind: Subnet\nname: lab\n/);
    for (const text of [...documents, await good(['get', 'all']), await good(['get', 'all', '-o', 'json'])]) {
      await good(['subnet', 'delete', 'lab']);
      assert.equal(await good(['apply', '-f', '-'], text), 'subnet/lab created\n');
      assert.deepEqual(subnets.get('lab').subnet, before);
    }
    assert.match(await good(['events', 'list', '--from', '40000000', '-o', 'csv']), /subnet\.deleted,[^,]*,lab/);
  });
});
