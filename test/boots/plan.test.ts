/** The decision, row by row, and the loader that each firmware is given for it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bootAnswer } from '../../src/boots/loaders.ts';
import { type AutoIpxe, type BootPlan, plan } from '../../src/boots/plan.ts';
import { parseHardware } from '../../src/machines/hardware.ts';
import type { MachineWork } from '../../src/machines/work.ts';
import { hardware, idOf, macOf } from '../machines/examples.ts';

function planned(work: Partial<MachineWork>, netboot?: object, autoIpxe?: AutoIpxe): BootPlan {
  const machine = {
    id: idOf(1),
    name: 'alpha',
    hardware: parseHardware(hardware(1, netboot ? { netboot } : {})),
    createdAt: 0,
    updatedAt: 0,
  };
  return plan({ machine, mac: macOf(1), work: { queue: [], ended: 0, ...work }, autoIpxe });
}

const installed = { workflow: 'w0', at: 1, disks: ['vda', 'vdb'] };
const queue = ['w1', 'w2'];

describe('what a machine boots', () => {
  it('that nobody knows: nothing', () => {
    const { boot, reason } = plan(undefined);
    assert.deepEqual([boot, reason], ['nothing', 'unknown-machine']);
    assert.deepEqual(plan(undefined, 'ignore'), plan(undefined));
  });

  it('that nobody knows, where such are discovered: the OSIE', () => {
    const decided = plan(undefined, 'discover');
    assert.deepEqual([decided.boot, decided.reason], ['osie', 'discovery']);
    assert.match(decided.sentence, /no machine has this MAC address: .*discovered/);
    assert.ok(decided.boot === 'osie' && decided.discovers && decided.autoIpxe === undefined);
    assert.ok(!('discovers' in planned({ queue })), 'of a machine that is known nothing is discovered');
  });

  for (const [what, work, netboot, boot, reason, sentence] of [
    ['without any workflow', {}, undefined, 'nothing', 'no-workflow', /no workflow is defined for alpha/],
    ['with one waiting', { queue }, undefined, 'osie', 'workflow-waiting', /workflow w1 is to be run on alpha/],
    ['with one waiting, installed before', { queue, installed, ended: 1 }, {}, 'osie', 'workflow-waiting', /w1/],
    [
      'installed and done',
      { installed, ended: 1 },
      undefined,
      'local',
      'installed',
      /w0 installed a system on vda, vdb/,
    ],
    ['done, nothing installed', { ended: 1 }, undefined, 'osie', 'nothing-installed', /waits in the OSIE/],
    ['not allowed to', { queue }, { allow_pxe: false }, 'nothing', 'netboot-not-allowed', /allow_pxe is false/],
    [
      'not allowed to, script or not',
      { queue },
      { allow_pxe: false, ipxe: { url: 'http://x/' } },
      'nothing',
      'netboot-not-allowed',
      /allow_pxe/,
    ],
    [
      'with a script URL',
      { queue },
      { ipxe: { url: 'http://x/y', contents: '' } },
      'script',
      'own-script',
      /http:\/\/x\/y/,
    ],
    [
      'with a script',
      {},
      { ipxe: { url: 'http://x/y', contents: 'shell' } },
      'script',
      'own-script',
      /script of its own/,
    ],
    [
      'with empty script fields',
      { queue },
      { allow_pxe: true, ipxe: { url: '', contents: '' } },
      'osie',
      'workflow-waiting',
      /w1/,
    ],
  ] as [string, Partial<MachineWork>, object | undefined, string, string, RegExp][]) {
    it(`${what}: ${boot}`, () => {
      const decided = planned(work, netboot);
      assert.deepEqual([decided.boot, decided.reason], [boot, reason]);
      assert.match(decided.sentence, sentence);
    });
  }

  it('with a service that has its boot script: the OSIE, after that', () => {
    const up = planned({ queue }, undefined, { workflow: 'w1', state: 'up' });
    assert.deepEqual(up.boot === 'osie' && up.autoIpxe, { workflow: 'w1', state: 'up' });
    assert.match(up.sentence, /w1 is to be run on alpha, and a service of it has its boot script/);
    const starting = planned({ queue }, undefined, { workflow: 'w1', state: 'starting' });
    assert.match(starting.sentence, /has to start a service that has its boot script/);
    // Another workflow's, or with a script of its own, or with nothing to do: none.
    for (const other of [
      planned({ queue }, undefined, { workflow: 'w2', state: 'up' }),
      planned({ queue }, { ipxe: { contents: 'shell' } }, { workflow: 'w1', state: 'up' }),
      planned({ ended: 1 }, undefined, { workflow: 'w1', state: 'up' }),
    ]) {
      assert.ok(!('autoIpxe' in other));
    }
  });

  it('with several cards: what the card that asks is allowed', () => {
    const two = hardware(1, { netboot: { allow_pxe: false } });
    const interfaces = [...two.network.interfaces, { dhcp: { mac: macOf(2) } }];
    const machine = {
      id: idOf(1),
      name: 'a',
      hardware: parseHardware({ ...two, network: { interfaces } }),
      createdAt: 0,
      updatedAt: 0,
    };
    const work = { queue, ended: 0 };
    assert.equal(plan({ machine, mac: macOf(1), work }).boot, 'nothing');
    assert.equal(plan({ machine, mac: macOf(2), work }).boot, 'osie');
  });
});

describe('the boot file', () => {
  const served = { http: 'http://10.0.0.1:8080', mac: macOf(1) };
  const osie = planned({ queue });
  const local = planned({ installed });
  const script = planned({}, { ipxe: { contents: 'shell' } });
  const path = `http://10.0.0.1:8080/boot/${macOf(1)}/auto.ipxe`;

  for (const [architectures, kind, decided, expected] of [
    [[0], 'pxe', osie, `${macOf(1)}/undionly.kpxe`],
    [[20], 'pxe', osie, `${macOf(1)}/undionly.kpxe`],
    [[0], 'pxe', local, `${macOf(1)}/undionly.kpxe`],
    [[0], 'pxe', script, `${macOf(1)}/undionly.kpxe`],
    [[7], 'pxe', osie, `${macOf(1)}/ipxe.efi`],
    [[9], 'pxe', osie, `${macOf(1)}/ipxe.efi`],
    [[9], 'pxe', script, `${macOf(1)}/ipxe.efi`],
    [[7], 'pxe', local, `${macOf(1)}/localboot.efi`],
    [[11, 7], 'pxe', osie, `${macOf(1)}/ipxe.efi`],
    [[6], 'pxe', osie, `${macOf(1)}/ipxe.efi`],
    [[16], 'http', osie, `http://10.0.0.1:8080/boot/loaders/${macOf(1)}/ipxe.efi`],
    [[16], 'http', local, `http://10.0.0.1:8080/boot/loaders/${macOf(1)}/localboot.efi`],
    [[0], 'ipxe', osie, path],
    [[7], 'ipxe', local, path],
    [[], 'ipxe', script, path],
    [[0], 'pxe', plan(undefined, 'discover'), `${macOf(1)}/undionly.kpxe`],
    [[7], 'ipxe', plan(undefined, 'discover'), path],
  ] as const) {
    it(`for ${kind} of architecture ${architectures.join(', ') || 'unknown'} and the plan ${decided.boot} is ${expected}`, () => {
      const answer = bootAnswer(decided, { kind, architectures: [...architectures] }, served);
      assert.equal(
        answer.answer === 'file' ? answer.name : answer.answer === 'url' ? answer.url : answer.answer,
        expected,
      );
      assert.equal(answer.reason, decided.reason);
    });
  }

  it('is none for architectures that there is nothing for, and for machines that boot nothing', () => {
    for (const [kind, code, why, words] of [
      [
        'pxe',
        11,
        'no-system',
        /ARM 64-bit UEFI \(architecture 11\), and the in-memory system, which runs workflows, is for x86-64/,
      ],
      ['ipxe', 11, 'no-system', /ARM 64-bit UEFI \(architecture 11\), and the in-memory system/],
      ['pxe', 27, 'no-loader', /asks for RISC-V 64-bit UEFI \(architecture 27\), for which there is no boot file here/],
      ['pxe', 999, 'no-loader', /asks for something that is not registered \(architecture 999\)/],
    ] as const) {
      const other = bootAnswer(osie, { kind, architectures: [code] }, served);
      assert.deepEqual([other.answer, other.reason], ['ignore', why]);
      assert.match(other.sentence, words);
    }
    for (const kind of ['pxe', 'http', 'ipxe'] as const) {
      const { answer, reason } = bootAnswer(planned({}), { kind, architectures: [7] }, served);
      assert.deepEqual([answer, reason], ['ignore', 'no-workflow']);
    }
  });
});
