/** The language of router rules, against a model of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matches, parseRule, type Rule, type RuleRequest } from '../../src/services/index.ts';

const HOSTS = ['a.example', 'b.example', 'c.example'];
const PATHS = ['/', '/x', '/x/y', '/xy', '/z'];
const METHODS = ['GET', 'HEAD', 'POST'];

const some = (values: string[]) => fc.subarray(values, { minLength: 1 });
const condition: fc.Arbitrary<Rule> = fc.oneof(
  some(HOSTS).map((values): Rule => ({ kind: 'host', values })),
  some(PATHS).map((values): Rule => ({ kind: 'path', values })),
  some(PATHS).map((values): Rule => ({ kind: 'prefix', values })),
  some(METHODS).map((values): Rule => ({ kind: 'method', values })),
);
const { rule: anyRule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    condition,
    tie('rule').map((rule): Rule => ({ kind: 'not', rule })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('rule'), { minLength: 2, maxLength: 3 }))
      .map(([kind, rules]): Rule => ({ kind, rules })),
  ),
}));
const anyRequest: fc.Arbitrary<RuleRequest> = fc.record({
  host: fc.constantFrom(...HOSTS),
  path: fc.constantFrom(...PATHS),
  method: fc.constantFrom(...METHODS),
});

const NAMES = { host: 'Host', path: 'Path', prefix: 'PathPrefix', method: 'Method' };
function written(rule: Rule, quote: string): string {
  switch (rule.kind) {
    case 'not':
      return `! (${written(rule.rule, quote)})`;
    case 'and':
    case 'or':
      return rule.rules.map((each) => `(${written(each, quote)})`).join(rule.kind === 'and' ? '&&' : ' || ');
    default:
      return `${NAMES[rule.kind]}(${rule.values.map((value) => `${quote}${value}${quote}`).join(', ')})`;
  }
}

/** What Traefik's documentation says of each condition. */
function model(rule: Rule, request: RuleRequest): boolean {
  if ('rule' in rule) return !model(rule.rule, request);
  if ('rules' in rule) {
    const right = rule.rules.filter((each) => model(each, request)).length;
    return rule.kind === 'and' ? right === rule.rules.length : right > 0;
  }
  const { kind, values } = rule;
  if (kind === 'prefix') return values.some((value) => request.path.indexOf(value) === 0);
  return values.some((value) => value === request[kind]);
}

function read(text: string): Rule {
  const parsed = parseRule(text);
  assert.ok('rule' in parsed, JSON.stringify(parsed));
  return parsed.rule;
}

describe('a rule', () => {
  it('that is written is read as what it was', () => {
    fc.assert(
      fc.property(anyRule, fc.constantFrom('`', '"', "'"), (rule, quote) => {
        assert.deepEqual(read(written(rule, quote)), rule);
      }),
    );
  });

  it('matches what the model says, and a host that is not known fits', () => {
    fc.assert(
      fc.property(anyRule, anyRequest, (rule, request) => {
        assert.equal(matches(rule, request), model(rule, request));
        if (HOSTS.some((host) => model(rule, { ...request, host }))) {
          assert.ok(matches(rule, { ...request, host: undefined }));
        }
      }),
    );
  });

  it('of any text is read or refused with a place, and never throws', () => {
    const scrap = fc.constantFrom(
      'Host',
      'Path',
      'Nope',
      '(',
      ')',
      '`/a`',
      '"b"',
      "'",
      '`',
      ',',
      '&&',
      '||',
      '!',
      '&',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(scrap).map((parts) => parts.join('')),
        ),
        (text) => {
          const parsed = parseRule(text);
          if ('problem' in parsed) assert.ok(parsed.at >= 0 && parsed.at <= text.length && parsed.problem !== '');
        },
      ),
    );
  });

  it('binds ! before && before ||', () => {
    assert.deepEqual(
      read('!Path(`/a`) && Path(`/b`) || Path(`/c`)'),
      read('((!Path(`/a`)) && Path(`/b`)) || Path(`/c`)'),
    );
  });

  it('compares hosts without case, and methods too when they are written in lower case', () => {
    const rule = read('host(`ABC.Example.`) && METHOD(`get`)');
    assert.ok(matches(rule, { host: 'abc.EXAMPLE', path: '/', method: 'GET' }));
    assert.ok(!matches(rule, { host: 'abc.example', path: '/', method: 'HEAD' }));
  });

  for (const [text, problem, at] of [
    ['', /a condition such as Path\(`\/x`\) must come here, and the rule ends/, 0],
    ['Headers(`a`, `b`)', /^Headers is not supported; there are Host, Path, PathPrefix and Method/, 0],
    ['Path(`/a`) && Pfad(`/b`)', /there is no condition Pfad/, 14],
    ['Path(`/a`', /\) must come after what Path is to be, and the rule ends/, 9],
    ['Path(`/a)', /the ` that opens here is not closed/, 5],
    ['Path(/a)', /\/ means nothing here/, 5],
    ['Path()', /a text in quotes must come here, and \) comes/, 5],
    ['Path(`a`)', /does not begin with \//, 5],
    ['Path(`/{id:[0-9]+}`)', /patterns in braces are not supported/, 5],
    ['Path(`/a?b`)', /is not a path/, 5],
    ['Host(`a:80`)', /not a host's name without port/, 5],
    ['Path(`/a`) Path(`/b`)', /&& or \|\| must come here, and Path comes/, 11],
    ['Path(`/a`) & Path(`/b`)', /& means nothing here/, 11],
    ['('.repeat(60), /nested more than 50 deep/, 50],
    [' '.repeat(9000), /longer than 8192/, 8192],
  ] as const) {
    it(`${text.slice(0, 30) || '(empty)'} is refused at its place`, () => {
      const parsed = parseRule(text);
      assert.ok('problem' in parsed);
      assert.match(parsed.problem, problem);
      assert.equal(parsed.at, at);
    });
  }
});
