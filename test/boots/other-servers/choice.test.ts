/** Who else is on a network, which mode suits it, and who comes and goes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/boots/dhcp-client/index.ts';
import {
  checkMode,
  givesAddresses,
  describe as inWords,
  modeOf,
  type OtherServer,
  warningOf,
} from '../../../src/boots/other-servers/index.ts';
import { serversOf } from '../../../src/boots/other-servers/server.ts';
import { follow, type Known, watchServers } from '../../../src/boots/other-servers/watch.ts';
import { TinsmithError } from '../../../src/errors.ts';

const lease = { address: '10.0.0.50', netmask: undefined, router: '10.0.0.1', nameServers: [], seconds: 3600 };
const router: OtherServer = { interface: 'eth0', address: '10.0.0.1', mac: '02:00:00:00:00:01', lease, boots: [] };
const proxy: OtherServer = {
  ...{ interface: 'eth0', address: '10.0.0.2', mac: '02:00:00:00:00:02' },
  boots: [
    { firmware: 'BIOS', file: 'pxelinux.0', server: '10.0.0.2' },
    { firmware: 'UEFI x86-64', file: 'pxelinux.0', server: '10.0.0.2' },
  ],
};
const on = (...servers: OtherServer[]) => ({ servers, asked: ['eth0'], unasked: [] });

describe('the mode of DHCP', () => {
  it('is proxy where nobody said', () => {
    assert.deepEqual((['auto', 'proxy', 'reservation', 'pool'] as const).map(modeOf), [
      'proxy',
      'proxy',
      'reservation',
      'pool',
    ]);
  });

  it('is refused only for pool, where another gives addresses', () => {
    checkMode('reservation', [router], false);
    checkMode('proxy', [router], false);
    checkMode('pool', [], false);
    checkMode('pool', [proxy], false);
    checkMode('pool', [router], true);
    assert.throws(
      () => checkMode('pool', [proxy, router], false),
      (error) => {
        assert.ok(error instanceof TinsmithError && error.code === 'CONFLICT');
        assert.match(
          error.message,
          /10\.0\.0\.1 \(02:00:00:00:00:01\) on eth0 gives addresses \(10\.0\.0\.50, router 10\.0\.0\.1, for 3600 s\)/,
        );
        assert.ok(!error.message.includes('10.0.0.2'));
        assert.match(error.next ?? '', /--dhcp proxy.*--beside-other-dhcp on/);
        return true;
      },
    );
  });

  it('comes with a warning where it does not suit the network', () => {
    assert.equal(warningOf('proxy', on(router)), undefined);
    const nobody = warningOf('proxy', on(proxy));
    assert.equal(nobody?.code, 'nobody-gives-addresses');
    assert.match(nobody?.next ?? '', /tinsmith up --dhcp pool --range FIRST-LAST/);
    const unasked = { servers: [], asked: [], unasked: ['nothing is plugged into eth0'] };
    assert.match(warningOf('proxy', unasked)?.sentence ?? '', /not known.*nothing is plugged into eth0/);
    assert.equal(warningOf('reservation', on(proxy)), undefined);
    assert.equal(warningOf('reservation', on(router))?.code, 'another-server-gives-addresses');
    assert.equal(warningOf('pool', on(router))?.code, 'another-server-gives-addresses');
  });
});

describe('the servers behind answers', () => {
  const answer = (more: Partial<Answer>): Answer => ({
    ...{ xid: 1, type: 'OFFER', server: '10.0.0.1', source: '10.0.0.1', mac: '02:00:00:00:00:01' },
    ...{ lease: undefined, boot: undefined, message: undefined, ...more },
  });
  const heard = (more: Partial<Answer>, firmware?: string) => ({ interface: 'eth0', answer: answer(more), firmware });

  it('are told apart, and our own is none of them', () => {
    const boot = { vendorClass: undefined, file: 'a\x1b[31m', fileServer: undefined, useFile: false, menu: [] };
    const found = serversOf(
      [
        heard({ lease }),
        heard({ lease, boot }, 'BIOS'),
        heard({ lease, boot }, 'BIOS'),
        heard({ mac: '02:00:00:00:00:09' }),
        heard({ server: '10.0.0.99' }),
        heard({ type: 'NAK', server: '10.0.0.7' }),
      ],
      (address) => address === '10.0.0.99',
    );
    assert.deepEqual(
      found.map(({ address, mac, boots }) => [address, mac, boots.length]),
      [
        ['10.0.0.1', '02:00:00:00:00:01', 1],
        ['10.0.0.1', '02:00:00:00:00:09', 0],
      ],
    );
    assert.match(inWords(found[0] ?? router), /names boot file a\?\[31m to BIOS$/);
  });

  it('are not more than can be kept, however many somebody makes up', () => {
    const flood = Array.from({ length: 1000 }, (_, n) => heard({ server: `10.1.${n >> 8}.${n & 255}` }));
    assert.equal(serversOf(flood, () => false).length, 64);
  });

  it('are named with what they offer, once for all firmware that gets the same', () => {
    assert.match(
      inWords(proxy),
      /gives no addresses, and names boot file pxelinux\.0 from 10\.0\.0\.2 to BIOS and UEFI x86-64$/,
    );
  });
});

describe('rounds', () => {
  const asked = { interface: 'eth0', outcome: 'asked' } as const;
  const unplugged = { interface: 'eth0', outcome: 'no-carrier' } as const;

  it('find who has come, and who has not answered twice; where nobody could answer, nothing changes', () => {
    let known: Known[] = [];
    const told: string[] = [];
    const round = (looked: typeof asked | typeof unplugged, ...servers: OtherServer[]) => {
      const { appeared, gone, known: next } = follow(known, { looked: [looked], servers }, told.length);
      known = next;
      told.push(
        [...appeared.map(({ address }) => `+${address}`), ...gone.map(({ address }) => `-${address}`)].join(' '),
      );
    };
    round(asked, router);
    round(asked, router, proxy);
    round(asked, proxy);
    round(unplugged);
    round(asked, router);
    round(asked, router);
    round(asked, router);
    round(asked);
    round(asked);
    assert.deepEqual(told, ['+10.0.0.1', '+10.0.0.2', '', '', '', '-10.0.0.2', '', '', '-10.0.0.1']);
    assert.deepEqual(known, []);
  });

  it('go on until they are stopped, past one that fails, and settle the first question at the first answer', async () => {
    const told: string[] = [];
    const done = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    let rounds = 0;
    const watch = watchServers({
      async probe({ onServers }) {
        await null;
        rounds++;
        if (rounds === 2) throw new Error('broken');
        onServers?.([proxy]);
        if (rounds === 1) {
          assert.equal(watch.found()?.servers.length, 1);
          onServers?.([proxy, router]);
          await answered.promise;
        }
        if (rounds === 4) done.resolve();
        return { looked: [asked], servers: rounds === 1 ? [router, proxy] : [proxy] };
      },
      every: 1,
      clock: () => 5,
      settles: (servers) => servers.some(givesAddresses),
      random: () => 0.5,
      appeared: ({ address }) => told.push(`+${address}`),
      gone: ({ address }) => told.push(`-${address}`),
      ended: () => told.push('.'),
      failed: (error) => told.push(String(error)),
    });
    assert.deepEqual((await watch.first).servers, [proxy, router]);
    assert.deepEqual(told, []);
    answered.resolve();
    await done.promise;
    await watch.stop();
    assert.deepEqual(told.slice(0, 7), ['+10.0.0.1', '+10.0.0.2', '.', 'Error: broken', '.', '-10.0.0.1', '.']);
    assert.deepEqual(watch.servers(), [{ server: proxy, since: 5 }]);
  });
});
