/** What holds a machine up, and what ends it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterHello, elsewhere, exitOf, goingDown, strongest } from '../../src/life/halts.ts';
import { type Halt, NO_LIFE } from '../../src/life/record.ts';

const halt = (why: Halt['why']): Halt => ({ why, sentence: why, at: 1, boot: 'b1', agent: 'a1' });

describe('of two exits', () => {
  it('reboot beats power-off, and that beats stop', () => {
    assert.equal(strongest('reboot', 'poweroff'), 'reboot');
    assert.equal(strongest('stop', 'poweroff'), 'poweroff');
    assert.equal(strongest('stop', undefined), 'stop');
    assert.equal(strongest(undefined, 'reboot'), 'reboot');
    assert.equal(strongest(undefined, undefined), undefined);
  });
});

describe('a halt after a worker has said hello', () => {
  const same = { boot: 'b1', agent: 'a1' };
  const restarted = { boot: 'b1', agent: 'a2' };
  const rebooted = { boot: 'b2', agent: 'a3' };
  for (const [why, kept] of [
    ['reboot', { same: true, restarted: true, rebooted: false }],
    ['poweroff', { same: true, restarted: true, rebooted: false }],
    ['stop', { same: true, restarted: false, rebooted: false }],
    ['incomplete', { same: true, restarted: false, rebooted: false }],
    ['paused', { same: true, restarted: true, rebooted: true }],
    ['failed', { same: true, restarted: true, rebooted: true }],
    ['bootenv', { same: false, restarted: false, rebooted: false }],
  ] as const) {
    it(`${why}: ${Object.entries(kept)
      .map(([by, is]) => `${by} ${is ? 'keeps' : 'ends'} it`)
      .join(', ')}`, () => {
      for (const [by, hello] of Object.entries({ same, restarted, rebooted }))
        assert.equal(afterHello(halt(why), hello) !== undefined, kept[by as keyof typeof kept], by);
    });
  }

  it('there is none where there was none', () => assert.equal(afterHello(undefined, same), undefined));
});

describe('the environment', () => {
  it('holds up a machine that is in another one, and only that', () => {
    const seen = { bootEnv: 'osie', boot: 'b', at: 0 };
    assert.equal(elsewhere({ bootEnv: 'local', in: seen }, 5)?.why, 'bootenv');
    assert.match(elsewhere({ bootEnv: 'local', in: seen }, 5)?.sentence ?? '', /in boot environment osie.*in local/);
    assert.equal(elsewhere({ bootEnv: 'osie', in: seen }, 5), undefined);
    assert.equal(elsewhere({ bootEnv: 'osie', in: undefined }, 5), undefined, 'nobody knows');
    assert.equal(elsewhere({ bootEnv: undefined, in: seen }, 5), undefined, 'anything will do');
  });
});

describe('going down', () => {
  it('is for the boot and the agent that were told', () => {
    const life = { ...NO_LIFE, in: { bootEnv: 'osie', boot: 'b1', agent: 'a1', at: 0 } };
    for (const exit of ['reboot', 'poweroff', 'stop'] as const) {
      const down = goingDown(exit, 'because', life, 7);
      assert.equal(exitOf(down), exit);
      assert.deepEqual([down.boot, down.agent, down.at], ['b1', 'a1', 7]);
    }
    for (const why of ['paused', 'failed', 'incomplete', 'bootenv'] as const)
      assert.equal(exitOf(halt(why)), undefined);
  });
});
