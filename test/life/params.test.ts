/** Which value of a param counts, values of several levels together, and the map of changes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stage as stageShape } from '../../src/content/objects.ts';
import { type About, changeStageMap, compose, effectiveParams } from '../../src/life/params.ts';
import { seal } from '../../src/life/seal.ts';
import { parseTransition } from '../../src/life/transition.ts';
import { catalogueOf, KEYS, refusal } from './render/examples.ts';

/** All levels, highest first; `global` names a profile of its own. */
const LEVELS = [
  'machine',
  'profile one',
  'profile inner',
  'profile two',
  'stage s',
  'stage s, profile staged',
  'profile global',
  'profile worldwide',
  'default',
] as const;
type Level = (typeof LEVELS)[number];

/** A machine of which each of these levels gives the param `p`. */
function given(values: Partial<Record<Level, unknown>>, name = 'p'): About {
  const params = (level: Level): Record<string, unknown> => (level in values ? { [name]: values[level] } : {});
  return {
    life: { params: params('machine'), profiles: ['one', 'missing', 'two'] },
    stage: stageShape.parse({ name: 's', params: params('stage s'), profiles: ['staged', 'one'] }),
    catalogue: catalogueOf({
      profiles: [
        // `two` and `one` name each other.
        { name: 'one', params: params('profile one'), profiles: ['inner', 'one'] },
        { name: 'inner', params: params('profile inner'), profiles: ['one'] },
        { name: 'two', params: params('profile two'), profiles: ['one'] },
        { name: 'staged', params: params('stage s, profile staged') },
        { name: 'global', params: params('profile global'), profiles: ['worldwide'] },
        { name: 'worldwide', params: params('profile worldwide') },
      ],
      params: 'default' in values ? [{ name, schema: { type: 'string', default: values.default } }] : [],
    }),
  };
}

describe('effective params', () => {
  LEVELS.forEach((level, index) => {
    it(`of ${level} count before all below`, () => {
      const lower = LEVELS.slice(index);
      const about = given(Object.fromEntries(lower.map((each) => [each, `of ${each}`])));
      assert.deepEqual(effectiveParams(about).get('p'), { value: `of ${level}`, from: level });
    });
  });

  it('are those of whichever levels there are', () => {
    fc.assert(
      fc.property(fc.subarray([...LEVELS]), (levels) => {
        const about = given(Object.fromEntries(levels.map((each) => [each, each])));
        assert.equal(effectiveParams(about).get('p')?.value, levels[0]);
      }),
    );
  });

  it('may be false, null or empty, which is a value, too', () => {
    for (const value of [false, null, '', 0])
      assert.deepEqual(effectiveParams(given({ machine: value, 'profile one': 'x' })).get('p')?.value, value);
  });

  it('without stage, profiles and schema are the machine’s own', () => {
    const about = { life: { params: { a: 1 }, profiles: [] }, catalogue: catalogueOf({ params: [{ name: 'b' }] }) };
    assert.deepEqual([...effectiveParams(about)], [['a', { value: 1, from: 'machine' }]]);
  });
});

describe('composed params', () => {
  it('of maps have the nearest value of each key', () => {
    const about = given({ machine: { a: 1 }, 'profile inner': { a: 2, b: 2 }, default: { a: 3, b: 3, c: 3 } });
    assert.deepEqual(compose('p', about), { value: { a: 1, b: 2, c: 3 }, from: 'machine, profile inner, default' });
    assert.deepEqual(effectiveParams(about).get('p')?.value, { a: 1 });
  });

  it('of lists have all elements, the nearest first, and each profile once', () => {
    const about = given({ 'profile one': ['one'], 'profile two': ['two'], machine: ['own'], 'stage s': ['s'] });
    assert.deepEqual(compose('p', about)?.value, ['own', 'one', 'two', 's']);
  });

  it('of another kind than the nearest do not count', () => {
    assert.deepEqual(compose('p', given({ machine: 'x', 'profile one': { a: 1 } }))?.value, 'x');
    assert.deepEqual(compose('p', given({ machine: { a: 1 }, 'profile one': ['x'], default: { b: 2 } })), {
      value: { a: 1, b: 2 },
      from: 'machine, default',
    });
    assert.equal(compose('p', given({})), undefined);
  });

  it('keep a key that is the name of something else in JavaScript', () => {
    const about = given({ machine: JSON.parse('{"__proto__": 1, "constructor": 2}'), default: { a: 3 } });
    assert.deepEqual(Object.entries(compose('p', about)?.value as object).toSorted(), [
      ['__proto__', 1],
      ['a', 3],
      ['constructor', 2],
    ]);
  });

  it('are not mixed with sealed values, but with what is in them', () => {
    const sealed = seal(KEYS.publicKey, { a: 1 });
    const about = given({ machine: sealed, 'profile one': { b: 2 } });
    assert.deepEqual(compose('p', about), { value: sealed, from: 'machine' });
    const read = (value: unknown): unknown => (value === sealed ? { a: 1 } : value);
    assert.deepEqual(compose('p', about, read)?.value, { a: 1, b: 2 });
  });
});

describe('change-stage/map', () => {
  const name = 'change-stage/map';

  it('is composed of all levels', () => {
    const about = given(
      { machine: { discover: 'install:Reboot' }, 'profile global': { discover: 'x', install: 'local:Stop' } },
      name,
    );
    assert.deepEqual(
      changeStageMap(about),
      new Map([
        ['discover', { next: 'install', action: 'Reboot' }],
        ['install', { next: 'local', action: 'Stop' }],
      ]),
    );
    assert.deepEqual(effectiveParams(about).get(name), {
      value: { discover: 'install:Reboot', install: 'local:Stop' },
      from: 'machine, profile global',
    });
    assert.equal(changeStageMap(given({})).size, 0);
  });

  it('with entries that are none is refused, all of them named', () => {
    const about = given({ machine: { a: 'b:Restart', c: '', d: 'e', f: 5 } }, name);
    const error = refusal(() => changeStageMap(about));
    assert.equal(error.code, 'INVALID_INPUT');
    assert.deepEqual(
      error.problems.map(({ field }) => field),
      ['params.change-stage/map.a', 'params.change-stage/map.c', 'params.change-stage/map.f'],
    );
    assert.match(error.message, /\(machine\).*what it says of a has the action "Restart".*Reboot, Stop, Shutdown/);
    assert.match(refusal(() => changeStageMap(given({ machine: ['a'] }, name))).message, /is not a map of stages/);
  });

  it('may be wrong about other stages than the one that is asked about', () => {
    const about = given({ machine: { a: 'b:Restart', d: 'e' } }, name);
    assert.deepEqual(changeStageMap(about, 'd').get('d'), { next: 'e', action: undefined });
    assert.match(refusal(() => changeStageMap(about, 'a')).message, /of a has the action/);
  });

  it('entries are parted at the first colon', () => {
    assert.deepEqual(parseTransition('next'), { next: 'next', action: undefined });
    assert.deepEqual(parseTransition(' next : Shutdown '), { next: 'next', action: 'Shutdown' });
    assert.deepEqual(parseTransition('next:reboot'), { next: 'next', action: 'Reboot' });
    for (const [text, problem] of [
      ['', /names no stage/],
      [':Reboot', /names no stage/],
      ['a:', /the action ""/],
      ['a:b:Reboot', /the action "b:Reboot"/],
    ] as const) {
      const read = parseTransition(text);
      assert.match('problem' in read ? read.problem : 'taken', problem, text);
    }
  });
});
