/** What a machine boots that has a life: stages, and the environments that they are in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bootAnswer, type Firmware } from '../../src/boots/loaders.ts';
import { type BootLife, type BootPlan, plan } from '../../src/boots/plan.ts';
import { parseHardware } from '../../src/machines/hardware.ts';
import type { MachineWork } from '../../src/machines/work.ts';
import { hardware, idOf, macOf } from '../machines/examples.ts';

const installed = { workflow: 'w0', at: 1, disks: ['vda'] };

function planned(life: BootLife | undefined, work: Partial<MachineWork> = {}, netboot?: object): BootPlan {
  const machine = {
    id: idOf(1),
    name: 'alpha',
    hardware: parseHardware(hardware(1, netboot ? { netboot } : {})),
    createdAt: 0,
    updatedAt: 0,
  };
  return plan({ machine, mac: macOf(1), work: { queue: [], ended: 0, ...work }, life });
}

/** The plan without its sentence. */
function shape(decided: BootPlan): object {
  const { sentence: _, ...rest } = decided;
  return rest;
}

const reason = 'boot-environment';
const debian = { stage: 'install', bootEnv: 'debian', workflow: 'mine' };

describe('what a machine with a life boots', () => {
  for (const [what, life, work, expected, sentence] of [
    [
      'its environment, with nothing to do',
      debian,
      {},
      { boot: 'environment', environment: 'debian', reason },
      /^alpha is in stage install and is to boot environment debian$/,
    ],
    [
      'its environment, for what its stage has made',
      debian,
      { queue: ['mine', 'other'], ended: 3, installed },
      { boot: 'environment', environment: 'debian', reason },
      /environment debian/,
    ],
    [
      'its environment, in no stage',
      { bootEnv: 'debian' },
      {},
      { boot: 'environment', environment: 'debian', reason },
      /^alpha is to boot environment debian$/,
    ],
    [
      'the OSIE for a workflow of somebody else',
      debian,
      { queue: ['other', 'mine'] },
      { boot: 'osie', environment: 'osie', reason: 'workflow-waiting' },
      /workflow other is to be run on alpha/,
    ],
    [
      'the OSIE for a workflow of somebody else, where its stage has made none',
      { bootEnv: 'local' },
      { queue: ['other'], installed },
      { boot: 'osie', environment: 'osie', reason: 'workflow-waiting' },
      /workflow other/,
    ],
    [
      'the OSIE as its environment',
      { stage: 'discover', bootEnv: 'osie', workflow: 'mine' },
      { queue: ['mine'] },
      { boot: 'osie', environment: 'osie', reason },
      /stage discover and is to boot environment osie, the in-memory system/,
    ],
    ['its disk', { stage: 's', bootEnv: 'local' }, { ended: 1 }, { boot: 'local', reason }, /its own disk/],
    ['nothing', { stage: 's', bootEnv: 'ignore' }, { installed }, { boot: 'nothing', reason }, /not answered/],
    [
      'as without a life, where no environment is set: a workflow',
      { stage: 's', workflow: 'mine' },
      { queue: ['mine'] },
      { boot: 'osie', reason: 'workflow-waiting' },
      /workflow mine/,
    ],
    [
      'as without a life, where no environment is set: its disk',
      { stage: 's' },
      { installed, ended: 1 },
      { boot: 'local', reason: 'installed' },
      /w0 installed/,
    ],
  ] as [string, BootLife, Partial<MachineWork>, object, RegExp][]) {
    it(what, () => {
      const decided = planned(life, work);
      assert.deepEqual(shape(decided), expected);
      assert.match(decided.sentence, sentence);
    });
  }

  it('what its hardware data forbid or name comes first', () => {
    assert.equal(planned(debian, {}, { allow_pxe: false }).reason, 'netboot-not-allowed');
    assert.equal(planned(debian, {}, { ipxe: { contents: 'shell' } }).reason, 'own-script');
    assert.equal(planned(debian, {}, { ipxe: { url: 'http://x/' } }).reason, 'own-script');
  });

  it('is what it would be without a life, whatever is known, as long as no environment is set', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const work = fc.record({ queue: fc.array(id, { maxLength: 3 }), ended: fc.nat(2) });
    fc.assert(
      fc.property(work, fc.boolean(), fc.option(id, { nil: undefined }), (known, isInstalled, workflow) => {
        const all = { ...known, ...(isInstalled && { installed }) };
        assert.deepEqual(planned({ stage: 's', workflow }, all), planned(undefined, all));
      }),
    );
  });
});

describe('the loader for a boot environment', () => {
  const mac = macOf(1);
  const served = { http: 'http://10.0.0.1:8080', mac };
  const own = (firmware: Firmware): string | undefined =>
    firmware === '386-pcbios' ? undefined : `bootenvs/deb ian/${firmware}.efi`;
  for (const [architecture, kind, expected] of [
    [0, 'pxe', `${mac}/undionly.kpxe`],
    [7, 'pxe', 'bootenvs/deb ian/amd64-uefi.efi'],
    [11, 'pxe', 'bootenvs/deb ian/arm64-uefi.efi'],
    [16, 'http', 'http://10.0.0.1:8080/bootenvs/deb%20ian/amd64-uefi.efi'],
    [7, 'ipxe', `http://10.0.0.1:8080/boot/${mac}/auto.ipxe`],
  ] as const) {
    it(`is ${expected} for ${kind} of architecture ${architecture}`, () => {
      const client = { kind, architectures: [architecture] };
      const answer = bootAnswer(planned(debian), client, { ...served, loaderFor: own });
      assert.equal(
        answer.answer === 'file' ? answer.name : answer.answer === 'url' ? answer.url : answer.answer,
        expected,
      );
      assert.equal(answer.reason, reason);
    });
  }

  it('is ours where the environment has none, and in every other plan', () => {
    const client = { kind: 'pxe' as const, architectures: [7] };
    const ours = { answer: 'file', name: `${mac}/ipxe.efi` };
    for (const [decided, loaderFor] of [
      [planned(debian), undefined],
      [planned(debian), () => undefined],
      [planned({ bootEnv: 'osie' }), own],
    ] as const) {
      const { reason: _, sentence: __, ...answer } = bootAnswer(decided, client, { ...served, loaderFor });
      assert.deepEqual(answer, ours);
    }
  });
});
