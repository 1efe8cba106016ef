/** How far a boot has got: only what is proven counts, and what is overdue is named. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ALLOWED, explain, isOverdue, type Leads, STAGES, stagesOf } from '../../../src/boots/explain/index.ts';
import type { TraceEntry } from '../../../src/boots/trace.ts';
import { discover, facts, given, http, request, script, tftp, traced } from './entries.ts';

const stateOf = (entries: TraceEntry[], facts: { leads?: Leads; callsHome?: boolean } = {}) =>
  Object.fromEntries((stagesOf(entries, facts)?.stages ?? []).map(({ stage, state }) => [stage, state]));
const awaited = (entries: TraceEntry[], facts: { leads?: Leads; callsHome?: boolean } = {}) =>
  stagesOf(entries, facts)?.awaited;

describe('the stages of a boot', () => {
  it('are proven one after the other', () => {
    const boot = traced(discover('pxe'), request('pxe'), tftp('ipxe.efi', 'answered'));
    assert.deepEqual([stateOf(boot).address, stateOf(boot).loader], ['proven', 'under-way']);
    const loaded = traced(...boot, tftp('ipxe.efi'));
    assert.deepEqual([stateOf(loaded).loader, awaited(loaded)?.stage], ['proven', 'script']);
    const all = traced(...loaded, request('ipxe'), script('osie'), http('vmlinuz'), http('initrd.img'));
    assert.deepEqual([stateOf(all).initrd, awaited(all)?.stage], ['proven', 'worker']);
    assert.equal(awaited(traced(...all, given('worker')))?.stage, undefined);
  });

  it('are not proven by a file that went out in part, by a question for its size, or by a look at its head', () => {
    const until = [request('ipxe'), script('osie')];
    const states = (...more: Partial<TraceEntry>[]) => stateOf(traced(...until, ...more)).kernel;
    assert.equal(states(http('vmlinuz', { bytes: 5, total: 10 }, 'failed')), 'broken');
    for (const reason of ['size-only', 'not-changed', 'not-given'])
      assert.equal(states({ ...http('vmlinuz', { bytes: 0, total: 0 }), reason }), 'to-come', reason);
    assert.equal(states({ ...tftp('vmlinuz'), reason: 'size-only' }), 'to-come');
    assert.equal(
      states(http('vmlinuz', { bytes: 5, total: 5, range: 'bytes=5-9' })),
      'to-come',
      'only its second half',
    );
  });

  it('are not proven by an answer of DHCP that could not be sent', () => {
    const unsent = { outcome: 'failed', reason: 'not-sent' } as const;
    const boot = traced(discover('pxe'), { ...request('pxe'), ...unsent });
    assert.equal(stateOf(boot).address, 'broken');
    assert.deepEqual([awaited(boot)?.stage, awaited(boot)?.broken?.reason], ['address', 'not-sent']);
    assert.equal(stateOf(traced(...boot, request('pxe'))).address, 'proven');
  });

  it('are proven by an empty file that went out whole', () => {
    assert.equal(stateOf(traced(script('osie'), http('vmlinuz', { bytes: 0, total: 0 }))).kernel, 'proven');
  });

  it('are proven by parts of a file that come to all of it', () => {
    const cut = http('vmlinuz', { bytes: 6, total: 10 }, 'failed');
    const states = (...more: Partial<TraceEntry>[]) => stateOf(traced(script('osie'), ...more)).kernel;
    assert.equal(states(cut, http('vmlinuz', { bytes: 4, total: 4, range: 'bytes=6-' })), 'proven');
    assert.equal(states(cut, http('vmlinuz', { bytes: 5, total: 5, range: 'bytes=5-9' })), 'proven');
    const head = { ...http('vmlinuz', { bytes: 0, total: 0 }), reason: 'size-only' };
    assert.equal(states(cut, head, http('vmlinuz', { bytes: 4, total: 4, range: 'bytes=6-9' })), 'proven');
    assert.equal(
      states(cut, http('vmlinuz', { bytes: 3, total: 3, range: 'bytes=7-' })),
      'broken',
      'a byte is missing',
    );
  });

  it('that broke off are whole once they came again', () => {
    const boot = traced(script('osie'), http('vmlinuz', { bytes: 1, total: 9 }, 'failed'), http('vmlinuz'));
    assert.equal(stateOf(boot).kernel, 'proven');
  });

  it('that were not seen are implied by later ones', () => {
    assert.deepEqual(stateOf(traced(given('worker'))), {
      ...{ address: 'implied', loader: 'implied', script: 'implied', kernel: 'implied', initrd: 'implied' },
      ...{ worker: 'proven', system: 'not-needed' },
    });
  });

  it('end where the disk takes over, and wait for the system only where it is known to call home', () => {
    const local = traced(request('ipxe'), script('local'));
    assert.equal(awaited(local), undefined);
    assert.equal(awaited(local, { callsHome: true })?.stage, 'system');
    assert.equal(awaited(traced(request('pxe'), tftp('localboot.efi'))), undefined);
  });

  it('go as a loader’s own configuration says, whose transfer does not change that', () => {
    const name = '/grub/grub.cfg';
    const boot = traced(request('pxe'), tftp('shimaa64.efi'), tftp('grubaa64.efi'), { ...script('local'), what: name });
    const fetched = traced(...boot, tftp(name, 'answered'), tftp(name));
    assert.deepEqual([stateOf(fetched).script, awaited(fetched)], ['proven', undefined]);
    assert.equal(awaited(traced(...boot, tftp('/other/grub.cfg')), { leads: 'environment' })?.stage, 'kernel');
  });

  it('of another loader go as the plan says: it reads files of its own', () => {
    const boot = traced(request('pxe'), tftp('shimx64.efi'), tftp('grubx64.efi'));
    assert.equal(awaited(boot, { leads: 'osie' })?.stage, 'kernel');
    const loaded = traced(...boot, tftp('grub.cfg-01', 'refused'), tftp('vmlinuz'), http('initrd.img'));
    assert.equal(awaited(loaded, { leads: 'osie' })?.stage, 'worker');
    assert.equal(awaited(loaded, { leads: 'environment' }), undefined);
  });

  it('are overdue after their time, and not before', () => {
    const boot = traced(discover('pxe'), request('pxe'));
    const since = boot.at(-1)?.time ?? 0;
    const progress = stagesOf(boot) ?? assert.fail();
    assert.deepEqual(
      [since + ALLOWED.loader * 1000 - 1, since + ALLOWED.loader * 1000].map((now) => isOverdue(progress, now)),
      [false, true],
    );
  });

  it('an address that another computer has is none', () => {
    const declined = { role: 'dhcp', what: 'DECLINE', outcome: 'completed', reason: 'address-declined' } as const;
    assert.equal(stateOf(traced(discover('pxe'), request('pxe'), declined)).address, 'broken');
  });

  it('a system that goes on with its address for hours does not get on by that', () => {
    const boot = traced(request('ipxe'), script('osie'), http('vmlinuz'), http('initrd.img'));
    const renewed = {
      ...boot.at(-1),
      role: 'dhcp',
      what: 'REQUEST',
      outcome: 'answered',
      reason: 'lease-renewed',
    } as const;
    const later = [...boot, { ...renewed, mac: 'a', boot: 1, sentence: '', details: {}, time: 1e9 }];
    assert.equal(awaited(later)?.dueAt, awaited(boot)?.dueAt);
  });
});

const texts = fc.constantFrom(
  ...[
    'DISCOVER',
    'REQUEST',
    'DECLINE',
    'INFORM',
    'ipxe.efi',
    'vmlinuz',
    'initrd.img',
    'auto.ipxe',
    'hello',
    '',
    'x/y?z',
  ],
);
const anyEntry: fc.Arbitrary<Partial<TraceEntry>> = fc.record({
  role: fc.constantFrom('dhcp', 'tftp', 'http', 'script', 'worker', 'system', 'syslog' as 'http'),
  what: texts,
  outcome: fc.constantFrom('answered', 'ignored', 'refused', 'completed', 'failed'),
  reason: fc.constantFrom(
    ...['address-confirmed', 'other-server', 'no-loader', 'not-firmware', 'sent', 'received', 'client-left', 'silence'],
    ...['not-this-machine', 'worker-heard', 'something-new', 'address-declined', 'lease-renewed'],
  ),
  sentence: fc.constantFrom('a sentence', 'another one.', 'one that\ngoes on. '),
  details: fc.dictionary(
    fc.constantFrom('firmware', 'boot', 'bytes', 'total', 'range', 'architecture', 'address', 'bootFile', 'size'),
    fc.oneof(fc.constantFrom('pxe', 'ipxe', 'osie', 'local', 'bytes=3-', 'bytes=0-4'), fc.nat(9)),
  ),
});

describe('what is explained', () => {
  it('is one whole sentence and a code, whatever was noted, and in order', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 12 }), fc.nat(2_000_000), (entries, after) => {
        const all = traced(...entries);
        const now = (all.at(-1)?.time ?? 0) + after;
        const told = explain(all, facts(), now);
        assert.match(told.code, /^[a-z][a-z-]+$/);
        assert.ok(told.sentence.length > 5 && !/undefined|NaN|[.\s]$|\n/.test(told.sentence), told.sentence);
        assert.ok(told.evidence.every((entry) => all.includes(entry)));
        if (told.state === 'under-way') assert.ok(told.dueAt !== undefined && told.dueAt > now);
        const states = stagesOf(all)?.stages ?? [];
        const last = states.findLastIndex(({ state }) => state === 'proven');
        assert.ok(states.slice(0, Math.max(last, 0)).every(({ state }) => state === 'proven' || state === 'implied'));
        assert.deepEqual(
          states.map(({ stage }) => stage),
          all.length === 0 ? [] : [...STAGES],
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('is about the card that got furthest, and not about one that only asked', () => {
    const boot = traced(request('ipxe'), script('osie'), http('vmlinuz'), http('initrd.img'));
    const other = { ...(boot[0] as TraceEntry), mac: 'b', time: (boot.at(-1)?.time ?? 0) + 5, what: 'DISCOVER' };
    assert.equal(explain([...boot, other], facts(), 1e7).code, 'worker-not-heard');
  });
});
