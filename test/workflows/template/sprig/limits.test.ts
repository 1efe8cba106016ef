import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TinsmithError } from '../../../../src/errors.ts';
import { parse, render, type Value } from '../../../../src/workflows/template/gotemplate/index.ts';
import { renderTemplate } from '../../../../src/workflows/template/index.ts';
import { SPRIG_FUNCTIONS } from '../../../../src/workflows/template/sprig/index.ts';
import { TEMPLATE_FUNCTIONS as functions } from '../../../../src/workflows/template/tinkerbell-functions.ts';

/** What a template that cannot be rendered is refused with. */
function refusal(template: string, data: Value = null): string {
  try {
    render(template, data, { functions });
  } catch (error) {
    assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT', String(error));
    return error.message;
  }
  assert.fail(`accepted: ${template}`);
}

describe('sprig within its limits', () => {
  const nested = (wrapped: string) => `{{$x := list}}{{range until 1000}}{{$x = list $x}}{{end}}{{${wrapped}}}`;
  const doubled = (wrapped: string) => `{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{${wrapped}}}`;
  const cases: [string, string, RegExp][] = [
    ['a long list', '{{until 100000000}}', /list becomes longer/],
    ['a list with a small step', '{{untilStep 0 2147483647 1}}', /list becomes longer/],
    ['a long sequence', '{{seq 100000000}}', /list becomes longer/],
    ['a long text', '{{repeat 1000000000 "x"}}', /text becomes longer/],
    ['a wide margin', '{{indent 1000000000 "x"}}', /text becomes longer/],
    ['replacing by more', '{{repeat 1000 "a" | replace "a" (repeat 10000 "b")}}', /text becomes longer/],
    [
      'replacing matches by more',
      '{{regexReplaceAll "a" (repeat 1000 "a") (repeat 10000 "b")}}',
      /text becomes longer/,
    ],
    ['nested lists as text', nested('$x'), /nested more than/],
    ['nested lists as JSON', nested('toJson $x'), /nested more than/],
    ['nested lists as YAML', nested('toYaml $x'), /too large/],
    ['nested lists compared', nested('deepEqual $x (list $x)'), /nested more than/],
    ['nested lists copied', nested('deepCopy $x'), /nested more than/],
    ['doubled lists as text', doubled('$x'), /longer than|steps/],
    ['doubled lists as JSON', doubled('toJson $x'), /longer than|steps/],
    ['doubled lists as YAML', doubled('toYaml $x'), /too large/],
    ['doubled lists copied', doubled('deepCopy $x'), /steps/],
    [
      'doubled lists compared',
      '{{$x := list 1}}{{$y := list 1}}{{range until 60}}{{$x = list $x $x}}{{$y = list $y $y}}{{end}}{{deepEqual $x $y}}',
      /steps/,
    ],
    ['nested JSON read', `{{fromJson (print (repeat 5000 "[") (repeat 5000 "]")) | toJson}}{{fail "deep"}}`, /deep/],
    ['all by all', '{{$l := until 3000}}{{uniq (concat $l (list 1.5)) | len}}', /steps/],
    ['matches at every place', `{{regexFindAll "x|.*y" (repeat 100000 "x") -1 | len}}`, /steps/],
    ['a pattern of many states', `{{regexMatch "((a{0,30}){0,30}b){0,1}c" (repeat 200000 "a")}}`, /steps/],
    ['digits', `{{$x := 1e308}}{{mulf ${'$x '.repeat(40)}}}`, /digits/],
    ['the year 10000', '{{date "2006" 300000000000}}', /years 0 to 9999/],
    ['a map in itself', '{{$d := dict}}{{$_ := set $d "a" (list (dict "d" $d))}}', /cannot hold itself/],
    [
      'a map merged into itself',
      '{{$x := dict "k" 1}}{{merge (dict "a" $x) (dict "a" (dict "b" $x))}}',
      /cannot hold itself/,
    ],
  ];
  for (const [name, template, message] of cases) {
    test(name, () => {
      const start = process.cpuUsage();
      assert.match(refusal(template), message);
      // A rendering must not hold up what else the server does; the machine may be a slow one, and a busy one.
      assert.ok(process.cpuUsage(start).user < 5_000_000);
    });
  }

  test('backtracking patterns take no longer than others', () => {
    const { text } = render('{{regexMatch "^(a+)+$" (print (repeat 5000 "a") "!")}}', null, { functions });
    assert.equal(text, 'false');
  });

  test('any function with any arguments gives a value or is refused', () => {
    const names = [...functions].filter(([, { refused }]) => refused === undefined).map(([name]) => name);
    const argument = fc.oneof(
      fc.constantFrom(
        'nil',
        '.',
        '$',
        '.a',
        '.l',
        '.m',
        'true',
        '1.0',
        '-1.5',
        '1i',
        '""',
        '"a.b-C 1"',
        '"%d"',
        '"1h"',
      ),
      fc.integer({ min: -5, max: 2000 }).map(String),
      fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text.toWellFormed())),
      fc.constantFrom('(list 1 "b" nil)', '(dict "a" 1)', '(semver "1.2")', '(toDate "2006" "2020")', '(int64 7)'),
    );
    const data: Value = { a: 'text', l: [1, 'x', null, [2]], m: { k: { v: 1.5 } } };
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(argument, { maxLength: 4 }), (name, args) => {
        try {
          render(`{{${[name, ...args].join(' ')}}}`, structuredClone(data), { functions });
        } catch (error) {
          assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT', String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('what is not hermetic', () => {
  const refused = [...SPRIG_FUNCTIONS].filter(([, one]) => one.refused !== undefined).map(([name]) => name);
  for (const name of refused) {
    test(`${name} is refused where the template is read`, () => {
      assert.throws(
        () => parse(`a\n{{ if .x }}{{ print (${name} "x") }}{{ end }}`, functions),
        ({ message, problems }: TinsmithError) => {
          assert.match(message, new RegExp(`${name} is not hermetic.*the same template must give the same result`));
          assert.deepEqual([problems[0]?.line, problems[0]?.column], [2, 22]);
          return true;
        },
      );
    });
  }
  test('there are such functions', () => assert.ok(refused.length > 20 && refused.includes('now')));
});

describe("the caller's data", () => {
  const template = (hole: string) =>
    `version: "0.1"\nname: n\ntasks:\n  - name: t\n    worker: w\n    actions:\n      - name: ${hole}\n        image: i\n`;
  test('stays as it is when a template changes a map', () => {
    const devices = { m: { a: 'before' } };
    const { document } = renderTemplate(template('{{ $_ := set .m "a" "after" }}{{ .m.a }}'), { devices });
    assert.equal(document.tasks[0]?.actions[0]?.name, 'after');
    assert.deepEqual(devices, { m: { a: 'before' } });
  });
  test('a key that JavaScript has a meaning for is a key like others', () => {
    const made = '{{ $d := dict }}{{ $_ := set $d "__proto__" "x" }}{{ index $d "__proto__" }}{{ keys $d | len }}';
    assert.equal(render(made, null, { functions }).text, 'x1');
  });
  test('secrets are found by their names, and a device cannot have theirs', () => {
    const secrets = { password: 's3cret' };
    const { document } = renderTemplate(template('{{ .secrets.password }}'), { devices: {}, secrets });
    assert.equal(document.tasks[0]?.actions[0]?.name, 's3cret');
    assert.throws(() => renderTemplate(template('x'), { devices: { secrets: 1 } }), /cannot be named secrets/);
  });
});
