/** Rules for machines that nobody knew: what they may say, which one counts, and how each mistake names its field. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TinsmithError } from '../../src/errors.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { applyRules, parseRules } from '../../src/machines/discovery/rules.ts';
import { anvil, card } from './inventories.ts';

/** Fills in `{path}`. */
const render = (template: string, data: Inventory): string =>
  template.replace(/\{([a-z.]+)\}/gi, (_, path: string) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], data);
    if (value === undefined) throw new Error(`there is no ${path}.`);
    return String(value);
  });

const holds = (when: Record<string, unknown>, inventory = anvil({})): boolean =>
  applyRules(parseRules([{ when }]), inventory, render) !== undefined;

function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof TinsmithError);
    assert.equal(error.code, 'INVALID_INPUT');
    return error.problems.map(({ field, message }) => `${field} ${message}`);
  }
  return [];
}

describe('conditions', () => {
  const table: [when: Record<string, unknown>, holds: boolean][] = [
    [{}, true],
    // Texts, of whatever case, and patterns of them.
    [{ 'system.vendor': 'blacksmith inc.' }, true],
    [{ 'system.vendor': 'Blacksmith' }, false],
    [{ 'system.vendor': 'Blacksmith*' }, true],
    [{ 'system.product': 'Anvil 6?0' }, true],
    [{ 'system.product': 'Anvil (6+0)' }, false],
    [{ 'cpu.model': 'hammer(r) 61*' }, true],
    [{ 'system.product': '/^Anvil [67]/' }, true],
    [{ 'system.product': '/anvil/' }, false],
    [{ 'system.product': '/anvil/i' }, true],
    [{ 'interfaces.mac': '9C:00:5e:*' }, true],
    [{ 'system.product': ['Tongs*', 'Anvil*'] }, true],
    [{ 'system.product': ['Tongs*', '/^Bellows/'] }, false],
    // Numbers, and sizes.
    [{ 'cpu.cores': 32 }, true],
    [{ 'cpu.cores': '32' }, true],
    [{ 'cpu.cores': '> 32' }, false],
    [{ 'cpu.cores': '>=32' }, true],
    [{ 'cpu.cores': ['< 8', '> 16'] }, true],
    [{ 'memory.total': '256GiB' }, true],
    [{ 'memory.total': '>= 256GB' }, true],
    [{ 'memory.total': '= 0.25TiB' }, true],
    [{ 'memory.total': '>256GiB' }, false],
    [{ 'interfaces.speed': '>=25000' }, false],
    // Lists: one of them; all conditions of the same; how many.
    [{ 'disks.size': '>= 4TB' }, true],
    [{ 'disks.size': '>= 4TiB' }, false],
    [{ 'disks.size': '> 1TB', 'disks.rotational': true }, true],
    [{ disks: { size: '>= 4TB', rotational: false } }, false],
    [{ disks: { size: '>= 1.6TB', transport: 'nvme' } }, true],
    [
      {
        disks: [
          { model: 'Furnace*', rotational: true },
          { model: 'Slag*', rotational: true },
        ],
      },
      true,
    ],
    [{ 'disks.count': 3 }, true],
    [{ 'disks.count': '> 3' }, false],
    [{ 'disks.transport': '!usb' }, true],
    [{ 'disks.transport': '!nvme' }, false],
    // Yes and no; there or not.
    [{ virtual: false }, true],
    [{ virtual: 'true' }, false],
    [{ 'firmware.secureBoot': 'on' }, true],
    [{ bmc: '!*' }, true],
    [{ bmc: '*' }, false],
    [{ system: '*', 'system.serial': '*' }, true],
    [{ 'system.assetTag': '!*' }, true],
    [{ 'system.assetTag': 'rack 12*' }, false],
    [{ 'system.assetTag': '!rack 12*' }, true],
    [{ system: { vendor: 'Blacksmith*', product: '!/^Tongs/' } }, true],
    [{ 'memory.modules.count': '*' }, false],
    // All of them.
    [{ 'system.vendor': 'Blacksmith*', 'cpu.cores': 8 }, false],
  ];
  for (const [when, expected] of table) {
    it(`${JSON.stringify(when)} ${expected ? 'holds' : 'does not'}`, () => assert.equal(holds(when), expected));
  }

  it('of any values are taken or refused with a problem, and never anything else', () => {
    const path = fc.constantFrom(
      'disks.size',
      'system.vendor',
      'virtual',
      'disks',
      'x.y',
      '__proto__',
      'disks.count',
      '',
    );
    fc.assert(
      fc.property(fc.dictionary(path, fc.jsonValue()), (when) => {
        const problems = problemsOf(() => holds(when));
        for (const problem of problems) assert.match(problem, /^\[0\]\.when/);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        problemsOf(() => holds({ 'system.vendor': text, 'disks.size': text }));
        return true;
      }),
    );
  });

  it('take no longer for the worst of texts', () => {
    const inventory = anvil({ system: { product: 'a'.repeat(256) } });
    assert.equal(holds({ 'system.product': '/^(a+)+$|(a|aa)*b/' }, inventory), true);
    assert.equal(holds({ 'system.product': '/^(a+)+b/' }, inventory), false);
    assert.equal(holds({ 'system.product': '*a*a*a*a*a*a*a*a*b' }, inventory), false);
  });
});

describe('rules', () => {
  const rules = parseRules([
    { when: { 'system.vendor': 'Tongs*' }, stage: 'tongs' },
    {
      name: 'anvil-{system.serial}',
      when: { 'system.product': 'Anvil*' },
      profiles: ['anvil', 'raid'],
      stage: 'discover',
      params: { 'raid/level': 1 },
    },
    { profiles: ['anything'] },
  ]);

  it('count in their order, the first that fits', () => {
    assert.deepEqual(applyRules(rules, anvil({}), render), {
      name: 'anvil-ANV7K2Q',
      profiles: ['anvil', 'raid'],
      stage: 'discover',
      params: { 'raid/level': 1 },
      rule: 1,
    });
    assert.deepEqual(applyRules(rules, anvil({ system: {} }), render), { profiles: ['anything'], params: {}, rule: 2 });
    assert.equal(applyRules(rules.slice(0, 2), anvil({ system: {} }), render), undefined);
  });

  it('give params of the machine’s own', () => {
    const given = applyRules(rules, anvil({}), render);
    if (given) given.params['raid/level'] = 5;
    given?.profiles.pop();
    assert.deepEqual(rules[1]?.params, { 'raid/level': 1 });
    assert.deepEqual(rules[1]?.profiles, ['anvil', 'raid']);
  });

  it('that give no usable name say which rule it is', () => {
    const name = (template: string): string[] =>
      problemsOf(() => applyRules(parseRules([{ when: { virtual: true } }, { name: template }]), anvil({}), render));
    assert.deepEqual(name('{system.product}'), ['[1].name "Anvil 640" is not a host name']);
    assert.deepEqual(name('{system.assetTag}'), ['[1].name there is no system.assetTag']);
    assert.deepEqual(name(' '), []);
    assert.throws(() => applyRules(parseRules([{ name: 'a_b' }]), anvil({}), render), {
      message: 'Discovery rule [0] gives the machine no name: "a_b" is not a host name.',
    });
  });

  it('with mistakes are refused, all of them at once, each with its field', () => {
    const problems = problemsOf(() =>
      parseRules(
        [
          { when: { 'system.vender': 'x', 'disks.size': '>= 1 ZB', 'cpu.cores': true } },
          { when: { disks: { sizes: 1, rotational: 'perhaps' } }, stages: 'x' },
          { when: { 'system.vendor': '>= 4', 'system.product': '/(/', 'system.family': '/x' } },
          { when: { disks: 'sda', virtual: {}, 'cpu.cores.count': 1, 'cpu.model': [] } },
          { when: { 'interfaces.mac': [1, { a: 1 }, ''], kernel: null }, stage: '' },
        ],
        { source: 'rules in discovery.yaml' },
      ),
    );
    const starts = [
      '[0].when.system.vender there is no field vender; system has uuid, vendor, product',
      '[0].when.disks.size is no comparison with a number: >= 1 ZB',
      '[0].when.cpu.cores is a number, and the condition a boolean',
      '[1].when.disks.sizes there is no field sizes; an inventory has name, size',
      '[1].when.disks.rotational is true or false, and not perhaps',
      '[1] Unrecognized key: "stages"',
      '[2].when.system.vendor compares, and the field is a text, not a number: >= 4',
      '[2].when.system.product is no regular expression: ',
      '[2].when.system.family begins with / and does not end with / or /i: /x',
      '[3].when.disks has fields: give conditions on them (name, size',
      '[3].when.virtual is a boolean and has no fields',
      '[3].when.cpu.cores.count cpu.cores is a number and has no fields',
      '[3].when.cpu.model is an empty list, so that it never holds',
      '[4].when.interfaces.mac[1] is a text and has no fields',
      '[4].when.interfaces.mac[2] is empty; "!*" means that there is none',
      '[4].when.kernel is no condition; give a text, a number, true, false, a list or fields',
      '[4].stage Too small',
    ];
    for (const start of starts)
      assert.ok(
        problems.some((problem) => problem.startsWith(start)),
        `${start}\n in\n${problems.join('\n')}`,
      );
    assert.equal(problems.length, starts.length, problems.join('\n'));
  });

  it('have their templates checked by whoever can', () => {
    const checkName = (template: string): string | undefined => (template.includes('{{') ? 'is not closed' : undefined);
    assert.deepEqual(
      problemsOf(() => parseRules([{ name: 'a' }, { name: '{{ .x' }], { checkName })),
      ['[1].name is not closed'],
    );
    assert.deepEqual(parseRules([{ name: 'a' }], { checkName }), [{ name: 'a', when: {}, profiles: [], params: {} }]);
  });

  it('on cards hold for one of them', () => {
    const cards = anvil({ interfaces: [card('9c:00:5e:00:00:01'), { ...card('aa:00:00:00:00:01'), link: 'down' }] });
    assert.equal(holds({ interfaces: { mac: 'aa:*', link: 'up' } }, cards), false);
    assert.equal(holds({ interfaces: { mac: 'aa:*', link: 'down' } }, cards), true);
  });
});
