/** Which loader a firmware gets by what is set, by what it says, and by what came of the loaders that it had before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeInVendorClass, codeOf, REGISTERED } from '../../src/boots/architectures.ts';
import { failedLoaders } from '../../src/boots/attempts.ts';
import type { FirmwareClient } from '../../src/boots/dhcp/index.ts';
import { bootAnswer, type LoaderChoice } from '../../src/boots/loaders.ts';
import type { BootPlan } from '../../src/boots/plan.ts';
import { PLAYED } from '../../src/boots/played.ts';
import type { TraceEntry } from '../../src/boots/trace.ts';
import { macOf } from '../machines/examples.ts';

const mac = macOf(1);
const http = 'http://10.0.0.1:8080';
const SCRIPT = `${http}/boot/${mac}/auto.ipxe`;
const told = { reason: 'workflow-waiting', sentence: 'it has work' } as const;
const osie: BootPlan = { boot: 'osie', ...told };
const local: BootPlan = { boot: 'local', ...told, reason: 'installed' };
const environment: BootPlan = { boot: 'environment', environment: 'debian', ...told, reason: 'boot-environment' };

function given(
  plan: BootPlan,
  client: Partial<FirmwareClient> & { architectures: number[] },
  choice: LoaderChoice = {},
  more: object = {},
): { what: string; reason: string; sentence: string } {
  const answer = bootAnswer(plan, { kind: 'pxe', ...client }, { http, mac, choice, ...more });
  const what = answer.answer === 'file' ? answer.name : answer.answer === 'url' ? answer.url : answer.answer;
  return { what: what.replace(`${mac}/`, ''), reason: answer.reason, sentence: answer.sentence };
}

describe('architectures', () => {
  it('are all of the registry, each with a name of its own, found by code and by key', () => {
    assert.deepEqual(
      [...REGISTERED.keys()],
      Array.from({ length: 42 }, (_, code) => code),
    );
    for (const [code, { key }] of REGISTERED) assert.equal(codeOf(key), code);
    assert.equal(new Set([...REGISTERED.values()].map(({ name }) => name)).size, REGISTERED.size);
    assert.deepEqual([codeOf('65535'), codeOf('65536'), codeOf('nothing')], [65_535, undefined, undefined]);
  });

  it('are read from the vendor class where it has one', () => {
    assert.equal(codeInVendorClass('PXEClient:Arch:00007:UNDI:003000'), 7);
    assert.equal(codeInVendorClass('HTTPClient:Arch:00016'), 16);
    for (const none of [undefined, 'PXEClient', 'PXEClient:Arch:7', 'MSFT 5.0'])
      assert.equal(codeInVendorClass(none), undefined);
  });
});

describe('the loader', () => {
  it('is that of the vendor class where option 93 says nothing that there is one for', () => {
    const { what, sentence } = given(osie, { architectures: [27], vendorClass: 'PXEClient:Arch:00007:UNDI:003000' });
    assert.equal(what, 'ipxe.efi');
    assert.match(
      sentence,
      /taken for x64 UEFI \(architecture 7\), as its vendor class says, and not for RISC-V 64-bit/,
    );
    assert.equal(given(osie, { architectures: [0], vendorClass: 'PXEClient:Arch:00007' }).what, 'undionly.kpxe');
  });

  it('is by the hardware data where the firmware says nothing registered', () => {
    const recorded = { arch: 'x86_64', uefi: true };
    const { what, sentence } = given(osie, { architectures: [4711] }, { recorded });
    assert.equal(what, 'ipxe.efi');
    assert.match(sentence, /as its hardware data says/);
    assert.equal(given(osie, { architectures: [4711] }, { recorded: { arch: 'x86_64' } }).what, 'undionly.kpxe');
    assert.equal(given(osie, { architectures: [27] }, { recorded }).reason, 'no-loader');
  });

  it('is what is set for the architecture, and for the machine before that', () => {
    const hasFile = (name: string): boolean => name.startsWith('mine');
    const byArchitecture = new Map([
      [7, 'mine.efi'],
      [11, 'mine-arm.efi'],
      [27, 'gone.efi'],
    ]);
    const set = { byArchitecture, hasFile };
    assert.equal(given(osie, { architectures: [7] }, set).what, 'mine.efi');
    assert.match(given(osie, { architectures: [7] }, set).sentence, /settings name the loader mine\.efi for x64 UEFI/);
    assert.equal(given(osie, { architectures: [9] }, set).what, 'ipxe.efi');
    assert.equal(given(osie, { architectures: [11] }, set).what, 'mine-arm.efi', 'the person knows what it boots');
    const gone = given(osie, { architectures: [27] }, set);
    assert.deepEqual([gone.what, gone.reason], ['ignore', 'no-loader']);
    assert.match(gone.sentence, /gone\.efi.*, which is not here/);

    const binary = { ...set, binary: 'snp-x86_64.efi' };
    assert.equal(given(osie, { architectures: [7] }, binary).what, 'snponly.efi', 'Tinkerbell’s name for ours');
    assert.equal(given(local, { architectures: [7] }, { binary: 'ipxe.efi' }).what, 'ipxe.efi');
    assert.equal(given(osie, { architectures: [0] }, { binary: 'snp-arm64.efi' }).reason, 'no-loader');
    assert.equal(
      given(osie, { kind: 'http', architectures: [16] }, { ...set, binary: 'mine/a b.efi' }).what,
      `${http}/boot/loaders/mine/a%20b.efi`,
    );
    assert.equal(given(osie, { kind: 'ipxe', architectures: [7] }, binary).what, SCRIPT.replace(`${mac}/`, ''));
  });

  it('for arm64 is signed, and only for what is not the in-memory system', () => {
    for (const plan of [local, environment]) assert.equal(given(plan, { architectures: [11] }).what, 'shimaa64.efi');
    const overHttp = given(environment, { kind: 'http', architectures: [19] });
    assert.equal(overHttp.what, `${http}/boot/signed-arm64.img`);
    const beside = given(environment, { architectures: [11] }, { isProxy: true });
    assert.deepEqual([beside.what, beside.reason], ['ignore', 'http-only']);
    assert.match(beside.sentence, /for the firmware to go on to HTTP boot/);
  });

  it('with Secure Boot is signed: where that is said, where the machine found it so, and never where it is off', () => {
    const wasSecure = (): boolean => true;
    for (const plan of [osie, local, environment]) {
      assert.equal(given(plan, { architectures: [7] }, { secureBoot: 'on' }).what, 'shimx64.efi');
      assert.equal(given(plan, { architectures: [7] }, { secureBoot: 'auto', wasSecure }).what, 'shimx64.efi');
      assert.notEqual(given(plan, { architectures: [7] }, { secureBoot: 'off', wasSecure }).what, 'shimx64.efi');
    }
    assert.equal(given(osie, { architectures: [0] }, { secureBoot: 'on' }).what, 'undionly.kpxe');
    const overHttp = given(osie, { kind: 'http', architectures: [16] }, { secureBoot: 'on' });
    assert.deepEqual([overHttp.what, overHttp.reason], [`${http}/boot/signed-x64.img`, 'workflow-waiting']);
    const beside = given(osie, { architectures: [7] }, { secureBoot: 'on', isProxy: true });
    assert.deepEqual([beside.what, beside.reason], ['ignore', 'secure-boot']);
    assert.match(beside.sentence, /asks the server that gave the address.*for the firmware to go on to HTTP boot/);
  });

  it('with Secure Boot is that of a boot environment where it is signed', () => {
    const brings = (file: string) => ({ loaderFor: () => `bootenvs/debian/${file}` });
    const on: LoaderChoice = { secureBoot: 'on' };
    const of = (file: string, choice: LoaderChoice): string =>
      given(environment, { architectures: [7] }, choice, brings(file)).what;
    assert.equal(of('shimx64.efi', on), 'bootenvs/debian/shimx64.efi');
    assert.equal(of('ipxe.efi', on), 'shimx64.efi');
    assert.equal(of('ipxe.efi', {}), 'bootenvs/debian/ipxe.efi');
  });

  it('is another when the last came to nothing, and in the end the script itself', () => {
    const order = (plan: BootPlan, code: number, choice: LoaderChoice = {}): string[] => {
      const failed = new Map<string, number>();
      return Array.from({ length: 5 }, () => {
        const { what } = given(plan, { architectures: [code] }, { ...choice, failed: () => failed });
        const name = what.startsWith('http') ? 'script' : what;
        failed.set(name, (failed.get(name) ?? 0) + 1);
        return name;
      });
    };
    assert.deepEqual(order(osie, 0), ['undionly.kpxe', 'ipxe.pxe', 'script', 'undionly.kpxe', 'ipxe.pxe']);
    assert.deepEqual(order(osie, 7), ['ipxe.efi', 'shimx64.efi', 'snponly.efi', 'script', 'ipxe.efi']);
    const off = { secureBoot: 'off' } as const;
    assert.deepEqual(order(osie, 7, off), ['ipxe.efi', 'snponly.efi', 'script', 'ipxe.efi', 'snponly.efi']);
    assert.deepEqual(order(local, 7).slice(0, 2), ['localboot.efi', 'shimx64.efi']);
    assert.deepEqual(order(osie, 7, { isProxy: true }).slice(0, 3), ['ipxe.efi', 'snponly.efi', 'script']);
    const failed = (): Map<string, number> => new Map([['undionly.kpxe', 2]]);
    assert.match(
      given(osie, { architectures: [0] }, { failed }).sentence,
      /^it has work; it has fetched undionly\.kpxe \(twice\) and asked again as if nothing had started, so it gets ipxe\.pxe$/,
    );
  });

  it('of a Raspberry Pi is its own, whatever it is told', () => {
    const pi = { mac: 'dc:a6:32:00:00:01' };
    const answer = given(osie, { architectures: [0] }, {}, pi);
    assert.equal(answer.what, 'dc:a6:32:00:00:01/bootcode.bin');
    assert.match(answer.sentence, /Raspberry Pi, which fetches the files of its own firmware below its serial number/);
    assert.equal(given(local, { architectures: [0] }, {}, pi).what, 'none');
    assert.equal(given(environment, { architectures: [11] }, {}, pi).what, 'dc:a6:32:00:00:01/shimaa64.efi');
  });
});

describe('loaders that came to nothing', () => {
  const entry = (time: number, role: TraceEntry['role'], what: string, more: Partial<TraceEntry> = {}): TraceEntry => ({
    ...{ time, mac, boot: 1, role, what, outcome: 'completed', reason: '', sentence: '', details: {} },
    ...more,
  });
  const asks = (time: number, firmware = 'pxe'): TraceEntry =>
    entry(time, 'dhcp', 'DISCOVER', { outcome: 'answered', details: { firmware } });
  const fetches = (time: number, name: string, bytes = 10): TraceEntry =>
    entry(time, 'tftp', `${mac}/${name}`, { details: { bytes, size: 10 } });
  const failed = (entries: TraceEntry[], now = 200_000): Record<string, number> =>
    Object.fromEntries(failedLoaders(entries, now));

  it('are those after which the firmware asks again', () => {
    const once = [asks(0), fetches(1000, 'ipxe.efi')];
    // The OFFER is decided before it is noted that the firmware asks, the ACK after it: they must say the same.
    for (const noted of [once, [...once, asks(2000)], [...once, asks(2000), asks(3000)]])
      assert.deepEqual(failed(noted), { 'ipxe.efi': 1 });
    assert.deepEqual(failed([fetches(0, 'ipxe.efi'), asks(1, 'http'), fetches(2, 'ipxe.efi'), asks(3)]), {
      'ipxe.efi': 2,
    });
    assert.deepEqual(failed([fetches(0, 'ipxe.efi', 4), asks(1)]), {}, 'it was not fetched whole');
    assert.deepEqual(failed([fetches(0, 'kernel'), asks(1)]), {}, 'it is no loader');
    const overHttp = (reason: string, bytes = 10, range?: string): TraceEntry =>
      entry(0, 'http', 'ipxe.efi', { reason, details: { bytes, total: bytes, range } });
    assert.deepEqual(failed([overHttp('sent'), asks(1)]), { 'ipxe.efi': 1 });
    assert.deepEqual(failed([overHttp('sent', 0), asks(1)]), { 'ipxe.efi': 1 }, 'there is nothing in it to run');
    assert.deepEqual(failed([overHttp('size-only', 0), asks(1)]), {}, 'HEAD');
    assert.deepEqual(failed([overHttp('sent', 10, 'bytes=0-9'), asks(1)]), {}, 'a part');
  });

  it('are none where a machine was only played', () => {
    const details = { bytes: 10, size: 10, ...PLAYED };
    const played = [asks(0), entry(1, 'tftp', 'ipxe.efi', { details }), asks(2)];
    assert.deepEqual(failed(played), {});
    const asked = { ...asks(2), details: { firmware: 'pxe', ...PLAYED } };
    assert.deepEqual(failed([asks(0), fetches(1, 'ipxe.efi'), asked, asks(3, 'ipxe')]), {});
  });

  it('are not those that speak, nor what failed before they did', () => {
    for (const speaks of [
      asks(2, 'ipxe'),
      entry(2, 'script', 'auto.ipxe'),
      entry(2, 'tftp', `${mac}/autoexec.ipxe`, { outcome: 'refused' }),
      entry(2, 'http', 'vmlinuz'),
    ]) {
      assert.deepEqual(failed([fetches(1, 'ipxe.efi'), speaks, asks(3)]), {});
      assert.deepEqual(failed([fetches(0, 'ipxe.efi'), asks(1), fetches(1, 'ipxe.efi'), speaks, asks(3)]), {});
    }
    const signed = [fetches(0, 'shimx64.efi'), fetches(1, 'grubx64.efi'), entry(2, 'script', 'grub.cfg'), asks(3)];
    assert.deepEqual(failed([fetches(0, 'ipxe.efi'), asks(0), ...signed]), { 'ipxe.efi': 1 });
  });

  it('are the loader of the local disk only at once, and all of them for an hour', () => {
    assert.deepEqual(failed([fetches(0, 'localboot.efi'), asks(5000)]), { 'localboot.efi': 1 });
    assert.deepEqual(
      failed([fetches(0, 'localboot.efi'), asks(90_000)]),
      {},
      'its system has started the machine again',
    );
    assert.deepEqual(failed([fetches(0, 'ipxe.efi'), asks(1)], 3_600_002), {});
  });

  it('are the script, where the firmware takes its URL for a file', () => {
    assert.deepEqual(failed([entry(0, 'tftp', SCRIPT, { outcome: 'refused' })]), { script: 1 });
  });
});
