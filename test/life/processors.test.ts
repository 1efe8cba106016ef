/** Whose word counts for the processor of a machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SaidProcessor } from '../../src/boots/processor.ts';
import { Processors } from '../../src/life/processors.ts';
import { parseHardware } from '../../src/machines/hardware.ts';
import type { Machine } from '../../src/machines/machines.ts';
import { hardware, idOf } from '../machines/examples.ts';

const ARM: SaidProcessor = { processor: 'arm64', said: 'ARM 64-bit UEFI (architecture 11)' };

function machine(arch?: string): Machine {
  const made = hardware(1, { hostname: 'node1' });
  const interfaces = made.network.interfaces.map(({ dhcp }) => ({ dhcp: { ...dhcp, ...(arch && { arch }) } }));
  return {
    ...{ id: idOf(1), name: 'node1', createdAt: 0, updatedAt: 0 },
    hardware: parseHardware({ ...made, network: { interfaces } }),
  };
}

const of = (named: string | undefined, firmware: SaidProcessor | undefined, found?: string) =>
  new Processors({ firmware: () => firmware, inventory: () => found }).of(machine(named));

describe('the processor of a machine', () => {
  it('is what its hardware data names, whatever others say', () => {
    assert.deepEqual(of('x86_64', ARM, 'arm64'), { arch: 'amd64' });
    assert.deepEqual(of('AARCH64', undefined, 'amd64'), { arch: 'arm64' });
  });

  it('is what its firmware said last where they name none', () => {
    assert.deepEqual(of(undefined, ARM, 'amd64'), {
      arch: 'arm64',
      because: 'as its hardware data names no arch, and its firmware is ARM 64-bit UEFI (architecture 11)',
    });
    assert.equal(of('', ARM).arch, 'arm64');
  });

  it('is what its worker found where its firmware has not been heard', () => {
    assert.deepEqual(of(undefined, undefined, 'arm64'), {
      arch: 'arm64',
      because: 'as its hardware data names no arch, and its worker found arm64',
    });
  });

  it('is x86-64 where nobody has said anything', () => {
    assert.deepEqual(of(undefined, undefined), {
      arch: 'amd64',
      because: 'as its hardware data names no arch, and its firmware has not said otherwise',
    });
  });

  it('is that of the firmware that asks, before what was said earlier', () => {
    const heard = new Processors({ firmware: () => ARM, inventory: () => undefined });
    const pc = heard.askedBy({ processor: 'amd64', said: 'x64 UEFI (architecture 7)' });
    assert.equal(pc.of(machine()).arch, 'amd64');
    assert.equal(pc.of(machine('aarch64')).arch, 'arm64');
    assert.equal(heard.of(machine()).arch, 'arm64');
  });
});
