/** What the way of a firmware through a network means. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Answer, firmwareNamed } from '../../src/boots/dhcp-client/index.ts';
import { fatSegments } from '../../src/boots/files/index.ts';
import type { Boot } from '../../src/doctor/client/boot.ts';
import type { Fetched } from '../../src/doctor/client/fetch.ts';
import { judgeBoot } from '../../src/doctor/client/judge.ts';
import { placeOf, select } from '../../src/doctor/client/select.ts';

const MAC = '52:54:00:00:00:01';
const lease = { address: '10.0.0.50', netmask: undefined, router: undefined, nameServers: [], seconds: 60 };
const told = { vendorClass: undefined, file: undefined, fileServer: undefined, useFile: false, menu: [] };

function offer(server: string, more: Partial<Answer>): Answer {
  return {
    xid: 1,
    type: 'OFFER',
    server,
    source: server,
    mac: MAC,
    lease: undefined,
    boot: undefined,
    message: undefined,
    ...more,
  };
}
const boot = (of: Partial<NonNullable<Answer['boot']>>) => ({ boot: { ...told, ...of } });
const firmware = (name: string) => firmwareNamed(name) ?? assert.fail(name);

const ROUTER = offer('10.0.0.1', { lease });
const PLAIN = offer('10.0.0.2', { lease, ...boot({ file: 'ipxe.efi' }) });
const PROXY = offer('10.0.0.3', boot({ vendorClass: 'PXEClient', file: 'ipxe.efi', useFile: true }));
const MENU = offer('10.0.0.4', boot({ vendorClass: 'PXEClient', menu: [1] }));
const BOTH = offer('10.0.0.5', { lease, ...boot({ vendorClass: 'PXEClient', file: 'ipxe.efi', useFile: true }) });
const HTTP = offer('10.0.0.6', { lease, ...boot({ vendorClass: 'HTTPClient', file: 'http://10.0.0.6/x.efi' }) });
const HTTP_PLAIN = offer('10.0.0.7', { lease, ...boot({ file: 'http://10.0.0.7/x.efi' }) });

describe('firmware', () => {
  for (const [name, answers, leaseOf, bootOf, asks] of [
    ['uefi', [ROUTER], '10.0.0.1', undefined, false],
    ['uefi', [ROUTER, PROXY], '10.0.0.1', '10.0.0.3', false],
    ['uefi', [PLAIN, ROUTER, PROXY], '10.0.0.2', '10.0.0.3', false],
    ['uefi', [ROUTER, PLAIN], '10.0.0.2', '10.0.0.2', false],
    ['uefi', [ROUTER, PROXY, BOTH], '10.0.0.5', '10.0.0.5', false],
    ['uefi', [ROUTER, MENU], '10.0.0.1', '10.0.0.4', true],
    ['uefi', [HTTP], '10.0.0.6', undefined, false],
    ['http', [PLAIN, HTTP], '10.0.0.6', '10.0.0.6', false],
    ['http', [HTTP_PLAIN], '10.0.0.7', undefined, false],
    ['ipxe', [HTTP_PLAIN], '10.0.0.7', '10.0.0.7', false],
    ['bios', [], undefined, undefined, false],
  ] as const)
    it(`${name} of ${answers.map(({ server }) => server).join(', ') || 'nobody'} takes ${bootOf ?? 'nothing'}`, () => {
      const chosen = select(firmware(name), answers);
      assert.deepEqual([chosen.lease?.server, chosen.boot?.server, chosen.asksBootServer], [leaseOf, bootOf, asks]);
    });

  it('finds its file by name, server, or URL, with its own MAC address in it', () => {
    const place = (of: Partial<NonNullable<Answer['boot']>>) => placeOf(offer('10.0.0.1', boot(of)), MAC);
    assert.deepEqual(place({ file: 'a' }), { protocol: 'tftp', host: '10.0.0.1', port: 69, file: 'a' });
    assert.deepEqual(place({ file: 'a', fileServer: '10.0.0.9' }), {
      protocol: 'tftp',
      host: '10.0.0.9',
      port: 69,
      file: 'a',
    });
    assert.deepEqual(place({ file: 'tftp://10.0.0.9:70/a%20b' }), {
      protocol: 'tftp',
      host: '10.0.0.9',
      port: 70,
      file: 'a b',
    });
    assert.deepEqual(place({ file: `http://h/\${netX/mac}/\${net0/mac:hexhyp}` }), {
      protocol: 'http',
      url: `http://h/${MAC}/52-54-00-00-00-01`,
    });
    assert.deepEqual(place({ file: `http://h/\${uuid}` }), { protocol: 'other', file: `http://h/\${uuid}` });
    assert.equal(place({ file: 'ftp://h/a' })?.protocol, 'other');
    assert.equal(place({}), undefined);
  });
});

const EFI = Buffer.alloc(512);
EFI.write('MZ');
EFI.writeUInt32LE(0x80, 0x3c);
EFI.write('PE\0\0', 0x80);
EFI.writeUInt16LE(0x8664, 0x84);
const EFI_32 = Buffer.from(EFI);
EFI_32.writeUInt16LE(0x14c, 0x84);

/** The first sector of a disk that we make ourselves. */
const [sector] = fatSegments([{ path: 'a', content: [{ kind: 'bytes', bytes: Buffer.from('a') }] }]);
const DISK = sector?.kind === 'bytes' ? sector.bytes : assert.fail('a disk begins with its first sector');
const disk = (file: string) => offer('10.0.0.6', { lease, ...boot({ vendorClass: 'HTTPClient', file }) });
const [IMG, ISO] = [disk('http://10.0.0.6/signed-x64.img'), disk('http://10.0.0.6/a.iso?b')];

describe('what was given', () => {
  const fetched = (head: Buffer, more: object = {}): Fetched => ({ ok: true, bytes: 500, ms: 1, head, ...more });
  const judged = (name: string, answers: Answer[], more: Partial<Boot> = {}): string[] => {
    const selection = select(firmware(name), answers);
    const place = selection.boot && placeOf(selection.boot, MAC);
    const file = selection.boot && place && { place, toldBy: selection.boot, how: 'offer' as const };
    return judgeBoot({ firmware: firmware(name), mac: MAC, answers, selection, file, ...more }, []).map(
      ({ code }) => code,
    );
  };
  for (const [what, found, expected] of [
    ['nothing', judged('uefi', []), ['no-answer']],
    ['an address', judged('uefi', [ROUTER]), ['no-boot-file']],
    ['a boot file without an address', judged('uefi', [PROXY], { fetched: fetched(EFI) }), ['no-address', 'boots']],
    ['a URL by who does not say HTTPClient', judged('http', [HTTP_PLAIN]), ['http-without-class']],
    [
      'a menu, and silence',
      judged('uefi', [ROUTER, MENU], { bootServer: { ok: false, why: 'silent' } }),
      ['no-boot-server'],
    ],
    ['a file that is there', judged('uefi', [PLAIN], { fetched: fetched(EFI) }), ['boots']],
    ['a file that is not', judged('uefi', [PLAIN], { fetched: { ok: false, why: 'gone' } }), ['not-fetchable']],
    ['a file, and no address to fetch it from', judged('uefi', [PLAIN]), ['not-fetched']],
    ['an EFI program for BIOS', judged('bios', [PLAIN], { fetched: fetched(EFI) }), ['wrong-architecture']],
    ['one for another architecture', judged('arm64', [PLAIN], { fetched: fetched(EFI) }), ['wrong-architecture']],
    ['one for an architecture that we do not know', judged('33', [PLAIN], { fetched: fetched(EFI) }), ['boots']],
    ['one for the 64-bit firmware that says 6', judged('6', [PLAIN], { fetched: fetched(EFI) }), ['boots']],
    ['one for the 64-bit firmware that says 15', judged('15', [HTTP], { fetched: fetched(EFI) }), ['boots']],
    ['one for EFI byte code, by HTTP', judged('17', [HTTP], { fetched: fetched(EFI) }), ['boots']],
    ['an EFI program for BIOS by HTTP', judged('20', [HTTP], { fetched: fetched(EFI) }), ['wrong-architecture']],
    ['one of 32 bits for those of 64', judged('7', [PLAIN], { fetched: fetched(EFI_32) }), ['wrong-architecture']],
    ['one of 32 bits for those of 32', judged('6', [PLAIN], { fetched: fetched(EFI_32) }), ['boots']],
    [
      'a script for firmware',
      judged('uefi', [PLAIN], { fetched: fetched(Buffer.from('#!ipxe')) }),
      ['script-for-firmware'],
    ],
    ['a script for iPXE', judged('ipxe-uefi', [PLAIN], { fetched: fetched(Buffer.from('#!ipxe')) }), ['boots']],
    ['a web page', judged('ipxe', [PLAIN], { fetched: fetched(Buffer.from('<html>')) }), ['not-a-program']],
    ['an empty file', judged('bios', [PLAIN], { fetched: fetched(Buffer.alloc(0)) }), ['empty-file']],
    [
      'what is no EFI program',
      judged('uefi', [PLAIN], { fetched: fetched(Buffer.alloc(600)) }),
      ['not-an-efi-program'],
    ],
    [
      'a disk for UEFI HTTP boot, by its type of content',
      judged('http', [HTTP], { fetched: fetched(DISK, { contentType: 'application/vnd.efi-img' }) }),
      ['boots'],
    ],
    ['such a disk by its name', judged('http', [IMG], { fetched: fetched(DISK) }), ['boots']],
    ['an ISO by its name', judged('http', [ISO], { fetched: fetched(Buffer.alloc(600)) }), ['boots']],
    [
      'a disk that firmware takes for a program',
      judged('http', [IMG], { fetched: fetched(DISK, { contentType: 'application/efi' }) }),
      ['not-an-efi-program'],
    ],
    [
      'what is called a disk and is none',
      judged('http', [IMG], { fetched: fetched(Buffer.alloc(600)) }),
      ['not-an-efi-program'],
    ],
    ['a disk for PXE', judged('uefi', [PLAIN], { fetched: fetched(DISK) }), ['not-an-efi-program']],
    [
      'a type of content that firmware refuses',
      judged('http', [HTTP], { fetched: fetched(EFI, { contentType: 'text/plain' }) }),
      ['boots', 'content-type'],
    ],
    [
      'a file too large for TFTP',
      judged('uefi', [PLAIN], { fetched: fetched(EFI, { bytes: 50e6 }) }),
      ['boots', 'large-for-tftp'],
    ],
    [
      'an address that is refused',
      judged('uefi', [PLAIN], { fetched: fetched(EFI), taken: { ok: false, why: 'NAK' } }),
      ['address-refused', 'boots'],
    ],
    ['two addresses', judged('uefi', [ROUTER, PLAIN], { fetched: fetched(EFI) }), ['several-servers', 'boots']],
  ] as const)
    it(`was ${what}`, () => assert.deepEqual(found, expected));
});

describe('firmware that nobody answered', () => {
  const silent: Boot = { firmware: firmware('arm64'), mac: MAC, answers: [], selection: select(firmware('arm64'), []) };
  const heard: Boot = { ...silent, firmware: firmware('uefi'), answers: [PLAIN] };
  const judged = (boot: Boot, run: readonly Boot[]) => {
    const [finding, ...more] = judgeBoot(boot, run);
    assert.deepEqual(more, []);
    return finding ?? assert.fail('something is said of it');
  };

  it('is a problem where no other was answered either', () => {
    const { level, code } = judged(silent, [silent, silent]);
    assert.deepEqual([level, code], ['problem', 'no-answer']);
  });

  it('is none where the server is there, before or after it', () => {
    for (const run of [
      [heard, silent],
      [silent, heard, heard],
    ]) {
      const { level, code, sentence } = judged(silent, run);
      assert.deepEqual([level, code], ['warning', 'not-for-this-firmware']);
      assert.equal(
        sentence,
        'Nobody answered UEFI arm64, though 10.0.0.2 answered other firmware: that gives nothing to architecture 11.',
      );
    }
  });

  it('was answered by servers that --server leaves out', () => {
    const only = { server: '10.0.0.9', others: ['10.0.0.1', '10.0.0.2'] };
    const { level, code, sentence } = judged({ ...silent, only }, [{ ...silent, only }]);
    assert.deepEqual([level, code], ['problem', 'no-answer']);
    assert.equal(sentence, '10.0.0.9 did not answer; 10.0.0.1 and 10.0.0.2 did, which --server leaves out.');
    const elsewhere = judged({ ...silent, only }, [heard]);
    assert.equal(elsewhere.code, 'not-for-this-firmware');
    assert.match(elsewhere.sentence, /^10\.0\.0\.9 did not answer /);
    const nobody = { ...silent, only: { ...only, others: [] } };
    assert.equal(judged(nobody, [nobody]).sentence, 'No DHCP server answered at all.');
  });
});
