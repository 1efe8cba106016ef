/** What firmware has said of its processor, and what of that counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REGISTERED } from '../../src/boots/architectures.ts';
import { PLAYED } from '../../src/boots/played.ts';
import { processorOfCodes, processorSeen } from '../../src/boots/processor.ts';
import { Trace } from '../../src/boots/trace.ts';
import { macOf } from '../machines/examples.ts';

const PI = 'dc:a6:32:00:00:01';

describe('the processor that firmware names by its codes', () => {
  for (const [codes, processor] of [
    [[0], 'amd64'],
    [[7], 'amd64'],
    [[9], 'amd64'],
    [[16], 'amd64'],
    [[11], 'arm64'],
    [[19], 'arm64'],
    [[22], 'arm64'],
    [[26], 'riscv32'],
    [[27], 'riscv64'],
    [[11, 7], 'arm64'],
    [[999, 11], 'arm64'],
    [[999], undefined],
    [[], undefined],
  ] as const)
    it(`of ${codes.join(' and ') || 'nothing'} is ${processor ?? 'not known'}`, () => {
      assert.equal(processorOfCodes(codes, macOf(1))?.processor, processor);
    });

  it('is known of every code that is registered', () => {
    for (const code of REGISTERED.keys()) assert.ok(processorOfCodes([code], macOf(1)), String(code));
  });

  it("is a Raspberry Pi's own where that says it is a BIOS PC", () => {
    assert.deepEqual(processorOfCodes([0], PI), { processor: 'arm64', said: 'a Raspberry Pi' });
    assert.deepEqual(processorOfCodes([11], PI), { processor: 'arm64', said: 'ARM 64-bit UEFI (architecture 11)' });
  });
});

describe('what was seen of it', () => {
  function made() {
    const time = { now: 0 };
    const trace = new Trace(() => time.now);
    const heard = (at: number, n: number, details: Record<string, string> = {}): void => {
      time.now = at;
      const said = { outcome: 'answered', reason: '', sentence: '' } as const;
      trace.note({ mac: macOf(n), role: 'dhcp', what: 'DISCOVER', ...said, details });
    };
    return { heard, seen: (...ns: number[]) => processorSeen(trace, ns.map(macOf))?.processor };
  }

  it('is nothing before any firmware has asked', () => {
    const { heard, seen } = made();
    heard(1, 1);
    assert.equal(seen(1), undefined);
  });

  it('is what was said last, on whichever card', () => {
    const { heard, seen } = made();
    heard(1, 1, { architecture: '11' });
    heard(2, 2, { architecture: '0,7' });
    heard(3, 1);
    assert.equal(seen(1), 'arm64');
    assert.equal(seen(1, 2), 'amd64');
    heard(4, 1, { architecture: '19' });
    assert.equal(seen(2, 1), 'arm64');
  });

  it('outlasts requests that go without, and boots that begin without DHCP', () => {
    const { heard, seen } = made();
    heard(1, 1, { architecture: '11', firmware: 'pxe' });
    heard(10_000_000, 1);
    assert.equal(seen(1), 'arm64');
  });

  it('is not what was said in its name where it was only played', () => {
    const { heard, seen } = made();
    heard(1, 1, { architecture: '11' });
    heard(2, 1, { architecture: '7', ...PLAYED });
    assert.equal(seen(1), 'arm64');
  });

  it('is in the vendor class where option 93 is nothing registered', () => {
    const { heard, seen } = made();
    heard(1, 1, { architecture: '200', vendorClass: 'HTTPClient:Arch:00019:UNDI:003001' });
    assert.equal(seen(1), 'arm64');
  });
});
