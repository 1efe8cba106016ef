/** What is said of a link that is missing: only what the packets and requests show. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExplainFacts, explain, lastBoot } from '../../../src/boots/explain/index.ts';
import type { TraceEntry } from '../../../src/boots/trace.ts';
import { discover, facts, http, request, script, tftp, traced } from './entries.ts';

/** After so many seconds. */
const told = (entries: Partial<TraceEntry>[], seconds = 200, more: Partial<ExplainFacts> = {}) => {
  const all = traced(...entries);
  return explain(all, facts(more), (all.at(-1)?.time ?? 0) + seconds * 1000);
};

const ADDRESS = [discover('pxe'), request('pxe')];
const SIZE = [tftp('ipxe.efi', 'answered'), { ...tftp('ipxe.efi'), reason: 'size-only' }];
const LOADED = [tftp('ipxe.efi', 'answered'), tftp('ipxe.efi')];

describe('a loader that was loaded and is silent', () => {
  it('was not loaded by a question for its size', () => {
    assert.match(told([...ADDRESS, ...SIZE, ...LOADED]).sentence, /^loaded ipxe\.efi and then nothing/);
    const head = { ...http('ipxe.efi', { bytes: 0, total: 0 }), reason: 'size-only' };
    assert.match(told([...ADDRESS, head, http('ipxe.efi')]).sentence, /^loaded ipxe\.efi and then nothing/);
  });

  it('was loaded once where it came in parts', () => {
    const cut = http('ipxe.efi', { bytes: 6, total: 10 }, 'failed');
    const rest = http('ipxe.efi', { bytes: 4, total: 4, range: 'bytes=6-9' });
    const first = http('ipxe.efi', { bytes: 1, total: 1, range: 'bytes=0-0' });
    assert.match(told([...ADDRESS, first, cut, rest]).sentence, /^loaded ipxe\.efi and then nothing/);
    assert.match(told([...ADDRESS, http('ipxe.efi'), first]).sentence, /^loaded ipxe\.efi and then nothing/);
  });

  it('was loaded as often as it came whole', () => {
    const { sentence, evidence } = told([...ADDRESS, ...SIZE, ...LOADED, ...SIZE, ...LOADED]);
    assert.match(sentence, /^loaded ipxe\.efi 2 times and then nothing/);
    assert.deepEqual(
      evidence.map(({ reason }) => reason),
      ['received', 'received'],
    );
  });
});

describe('a loader of which only the size was asked for', () => {
  it('is missing after its time, and was asked for', () => {
    assert.equal(told([...ADDRESS, ...SIZE], 5).state, 'under-way');
    const { state, code, link, sentence } = told([...ADDRESS, ...SIZE], 15);
    assert.deepEqual([state, code, link], ['missing', 'loader-declined', 'loader']);
    assert.equal(sentence, 'asked only for the size of its boot loader ipxe.efi, and then gave up');
  });

  it('is told the same over HTTP, by HEAD or by a part', () => {
    const head = { ...http('ipxe.efi', { bytes: 0, total: 0 }), reason: 'size-only' };
    const part = http('ipxe.efi', { bytes: 1, total: 1, range: 'bytes=0-0' });
    assert.match(told([...ADDRESS, head]).sentence, /^asked only for the size of /);
    assert.match(told([...ADDRESS, part]).sentence, /^asked only for a part of /);
  });

  it('is no missing address where another server gives those', () => {
    assert.deepEqual([told(SIZE).link, told(SIZE).code], ['loader', 'loader-declined']);
  });

  it('comes while it is fetched after that, and is broken where that breaks off', () => {
    assert.equal(told([...ADDRESS, ...SIZE, tftp('ipxe.efi', 'answered')], 100).state, 'under-way');
    const cut = http('ipxe.efi', { bytes: 6, total: 10 }, 'failed');
    const head = { ...http('ipxe.efi', { bytes: 0, total: 0 }), reason: 'size-only' };
    assert.equal(told([...ADDRESS, cut, head]).code, 'loader-broke-off');
  });
});

describe('a machine with an address and no loader', () => {
  const from = (vendorClass: string | undefined) =>
    [discover(), request()].map((entry) => ({ ...entry, details: { ...entry.details, vendorClass } }));

  it('boots from something else, or its firmware was not understood', () => {
    assert.equal(told(from('MSFT 5.0')).code, 'not-from-network');
    const { code, sentence } = told(from('PXEClient:Arch:00007:UNDI:003000'));
    assert.equal(code, 'firmware-not-understood');
    assert.match(
      sentence,
      /^took the address 10\.0\.0\.1, and nothing to boot: its firmware says PXEClient:Arch:00007/,
    );
  });
});

describe('a machine with two cards', () => {
  const LATER = 60_000;
  const second = (...entries: Partial<TraceEntry>[]) =>
    traced(...entries).map((entry) => ({ ...entry, mac: 'b', time: entry.time + LATER }));
  const macOf = (...entries: Partial<TraceEntry>[]) => lastBoot(traced(...entries))[0]?.mac;
  const booted = [...ADDRESS, ...LOADED, script('local')];

  it('is where the card has come that got furthest', () => {
    assert.equal(macOf(...ADDRESS, ...LOADED, ...second(discover('pxe'))), 'a', 'its firmware tries the other');
    assert.equal(macOf(...booted, ...second(discover('ipxe'))), 'a', 'iPXE tries the other');
    assert.equal(macOf(...booted, ...second(discover(), request())), 'a', 'its system is up');
    const broken = [...ADDRESS, ...LOADED, script('osie'), http('vmlinuz', { bytes: 1, total: 10 }, 'failed')];
    const unanswered = { ...discover('pxe'), outcome: 'ignored', reason: 'no-address' } as const;
    assert.equal(macOf(...broken, ...second(unanswered)), 'a', 'iPXE has left to the next boot device');
    assert.equal(macOf(...broken, ...second(...ADDRESS)), 'b');
  });

  it('was started again where the other asks after that', () => {
    assert.equal(macOf(...booted, ...second(discover('pxe'))), 'b');
    assert.equal(macOf(...second(...booted), ...traced(discover('pxe'))), 'b');
  });
});

describe('an iPXE that was loaded', () => {
  const before = [...ADDRESS, ...LOADED];

  it('has no address before it has taken one', () => {
    const { code, link, sentence } = told([...before, discover('ipxe'), discover('ipxe')]);
    assert.deepEqual([code, link], ['offer-not-taken', 'script']);
    assert.match(sentence, /^runs ipxe\.efi, was offered 10\.0\.0\.1 and has not taken it/);
  });

  it('has one that it took, of whichever server, and keeps it when it asks once more', () => {
    assert.equal(told([...before, discover('ipxe'), request('ipxe')]).code, 'http-unreachable');
    assert.equal(told([...before, discover('ipxe'), request('ipxe'), discover('ipxe')]).code, 'http-unreachable');
  });

  it('has an address of the server that it took one from', () => {
    const others: Partial<TraceEntry> = {
      ...{ ...request('ipxe'), outcome: 'ignored', reason: 'other-server' },
      details: { firmware: 'ipxe', serverIdentifier: '10.0.0.7' },
    };
    const second = told([...before, discover('ipxe'), others]);
    assert.equal(second.code, 'second-server');
    assert.match(
      second.sentence,
      /^runs ipxe\.efi, and took an address from 10\.0\.0\.7, which does not name its script/,
    );
    assert.equal(told([...before, discover('ipxe'), others, discover('ipxe')]).code, 'http-unreachable');
    const beside = { ...discover('ipxe'), reason: 'boot-offered', details: { firmware: 'ipxe' } };
    assert.equal(told([...before, beside, others]).code, 'http-unreachable');
  });
});

describe('an iPXE that has found autoexec.ipxe', () => {
  const autoexec = [tftp('a/autoexec.ipxe', 'answered'), tftp('a/autoexec.ipxe')];

  it('has no script yet: that leads to it', () => {
    const taken = [discover('ipxe'), request('ipxe')];
    for (const entries of [
      [...ADDRESS, ...LOADED, ...autoexec, ...taken],
      [...ADDRESS, ...LOADED, ...taken, ...autoexec],
    ]) {
      const { code, link, sentence } = told(entries);
      assert.deepEqual([code, link], ['http-unreachable', 'script']);
      assert.match(sentence, /^runs ipxe\.efi and has an address, and never asked for its script/);
    }
  });

  it('runs, though its DHCP was not heard here', () => {
    assert.equal(told([...ADDRESS, ...LOADED, ...autoexec]).code, 'http-unreachable');
    assert.deepEqual([told(autoexec).code, told(autoexec).link], ['http-unreachable', 'script']);
  });

  it('was given its script where it asked for it', () => {
    assert.equal(told([...ADDRESS, ...LOADED, ...autoexec, script('osie')]).code, 'kernel-not-asked');
  });

  it('does without one that is not there', () => {
    const none = tftp('autoexec.ipxe', 'refused');
    assert.equal(told([...ADDRESS, ...LOADED, none]).code, 'secure-boot');
  });
});

describe('what to do about a loader', () => {
  const next = (loader: string, more: Partial<ExplainFacts> = {}) => told([...ADDRESS, tftp(loader)], 200, more).next;

  it('is to try the next one for the same firmware', () => {
    assert.equal(next('undionly.kpxe'), 'Try another loader for it: ipxe.pxe.');
    assert.equal(next('a/ipxe.pxe'), 'Try another loader for it: undionly.kpxe.');
    const off = { machine: { secureBoot: 'off' } } as const;
    assert.equal(next('ipxe.efi', off), 'Try another loader for it: snponly.efi.');
    assert.equal(next('snponly.efi', off), 'Try another loader for it: ipxe.efi.');
    assert.equal(next('ipxe-arm64.efi', off), undefined);
    const unaddressed = told([...ADDRESS, tftp('undionly.kpxe'), discover('ipxe')]).next;
    assert.match(unaddressed ?? '', /\(portfast, edge port\)\. Try another loader for it: ipxe\.pxe\.$/);
  });

  it('that is not here is to change the hardware data, where that names it', () => {
    const none = { ...discover('pxe'), outcome: 'ignored', reason: 'no-loader' } as const;
    const given = { ...request('pxe'), details: { firmware: 'pxe', nothingToBoot: 'no-loader' } } as const;
    for (const entries of [[none], [discover('pxe'), given]]) {
      assert.match(told(entries).next ?? '', /tinsmith up --loader/);
      const named = told(entries, 200, { machine: { binary: 'nosuch.efi' } });
      assert.equal(named.code, 'no-loader');
      assert.equal(
        named.next,
        'Change netboot.ipxe.binary in its hardware data (tinsmith machine push), or put nosuch.efi below the served files.',
      );
    }
  });
});
