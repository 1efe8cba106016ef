import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../../../src/errors.ts';
import { Float, render, type Value } from '../../../../src/workflows/template/gotemplate/index.ts';
import { CASES, REFUSALS } from './cases.ts';

/** The error of a rendering that must fail. */
function refusal(template: string, data: Value, options = {}): TinsmithError {
  try {
    render(template, data, options);
  } catch (error) {
    assert.ok(error instanceof TinsmithError, String(error));
    return error;
  }
  assert.fail(`accepted: ${template}`);
}

for (const [group, cases] of Object.entries(CASES)) {
  describe(`Go templates: ${group}`, () => {
    for (const [template, data, expected] of cases) {
      test(JSON.stringify(template), () => assert.equal(render(template, data).text, expected));
    }
  });
}

for (const [group, cases] of Object.entries(REFUSALS)) {
  describe(`Go templates refuse: ${group}`, () => {
    for (const [template, data, place, message] of cases) {
      test(template, () => {
        const error = refusal(template, data);
        assert.equal(error.code, 'INVALID_INPUT');
        const [problem] = error.problems;
        assert.match(problem?.message ?? '', message);
        assert.equal(`${problem?.line}:${problem?.column}`, place);
        assert.match(error.message, new RegExp(`line ${problem?.line}, column ${problem?.column}`));
      });
    }
  });
}

describe('beyond Go 1.19', () => {
  test('range over an int', () => assert.equal(render('{{range $i := 3}}{{$i}}{{end}}', null).text, '012'));
  test('range without a round', () => assert.equal(render('{{range 0}}x{{else}}none{{end}}', null).text, 'none'));
  test('else with', () => {
    assert.equal(render('{{with .a}}{{.}}{{else with .b}}b={{.}}{{else}}none{{end}}', { a: '', b: 2 }).text, 'b=2');
  });
  test('range assigns to variables that exist', () => {
    const template = '{{$i := 9}}{{$e := ""}}{{range $i, $e = .}}{{end}}{{$i}}{{$e}}';
    assert.equal(render(template, ['a', 'b']).text, '1b');
  });
});

describe('bare names', () => {
  const data = { device_1: 'mac', workflowid: 'w', nested: { a: 1 }, list: [1, 2], len: 'shadowed' };
  const cases: [string, string][] = [
    ['{{device_1}}', 'mac'],
    ['{{ workflowid }}.local', 'w.local'],
    ['{{nested.a}}', '1'],
    ['{{device_1 | printf "<%s>"}}', '<mac>'],
    ['{{printf "%s" device_1}}', 'mac'],
    ['{{range list}}{{device_1}}{{end}}', 'macmac'],
    ['{{define "t"}}{{device_1}}{{end}}{{template "t" 1}}', 'mac'],
    ['{{with nested}}{{device_1}}{{.a}}{{end}}', 'mac1'],
  ];
  for (const [template, expected] of cases) {
    test(template, () => assert.equal(render(template, data).text, expected));
  }
  test('a function keeps its name', () => {
    assert.match(refusal('{{len}}', data).message, /len takes 1 argument/);
  });
  test('an unknown one is no value and no function', () => {
    const error = refusal('a: {{devcie_1}}', data);
    assert.match(error.message, /no value for "devcie_1"; did you mean "device_1"\?.*no function of that name/);
    assert.deepEqual({ line: error.problems[0]?.line, column: error.problems[0]?.column }, { line: 1, column: 6 });
  });
});

describe('values', () => {
  test('call calls a function of the data', () => {
    const data = { join: (...parts: Value[]) => parts.join('+') };
    assert.equal(render('{{call .join "a" "b"}}', data).text, 'a+b');
    assert.match(refusal('{{.join}}', data).message, /function cannot be written/);
  });
  test('a whole float stays a float', () => {
    assert.equal(render('{{printf "%.1f %T" .x .x}}', { x: new Float(2) }).text, '2.0 float64');
  });
  test('a hole without value can be refused', () => {
    const error = refusal('a\n{{ .x }}', { x: null }, { nilHoles: 'refuse' });
    assert.match(error.message, /line 2, column 4.*\.x has no value/);
  });
});

describe('limits', () => {
  const cases: [string, string, Value, RegExp][] = [
    [
      'output',
      '{{range .}}{{range $}}{{range $}}0123456789{{end}}{{end}}{{end}}',
      Array(40).fill('x'),
      /exceeds 262144 bytes/,
    ],
    ['output in bytes', '{{range .}}{{range $}}éééééééééé{{end}}{{end}}', Array(115).fill('x'), /exceeds 262144 bytes/],
    ['steps', '{{range 10000000}}{{end}}', null, /more than 1000000 steps/],
    [
      'nested ranges',
      '{{range 9999}}{{range 9999}}{{range 9999}}{{end}}{{end}}{{end}}',
      null,
      /more than 1000000 steps/,
    ],
    ['recursion', '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', null, /nested more than 400 deep/],
    [
      'recursion with branches',
      '{{define "t"}}{{if 1}}{{template "t" .}}{{end}}{{end}}{{template "t"}}',
      null,
      /nested more than/,
    ],
    ['doubling', `{{$x := "0123456789"}}${'{{$x = print $x $x}}'.repeat(40)}`, null, /exceeds 262144 bytes/],
    ['width', '{{printf "%999999d" 1}}', null, /exceeds 262144 bytes/],
    ['many widths', `{{printf "${'%999999d'.repeat(3)}" 1 1 1}}`, null, /longer than 1048576/],
    ['nested parentheses', `{{${'('.repeat(5000)}1${')'.repeat(5000)}}}`, null, /nested more than 100 deep/],
    ['nested blocks', `${'{{if 1}}'.repeat(5000)}${'{{end}}'.repeat(5000)}`, null, /nested more than 100 deep/],
    ['else if without end', `{{if 0}}${'{{else if 0}}'.repeat(5000)}{{end}}`, null, /nested more than 100 deep/],
  ];
  for (const [name, template, data, message] of cases) {
    test(name, () => assert.match(refusal(template, data).message, message));
  }
  test('a list that holds itself many times over', () => {
    let list: Value = ['x'];
    for (let level = 0; level < 60; level++) list = [list, list];
    assert.match(refusal('{{.}}', list).message, /longer than 1048576/);
  });
  test('256 KiB exactly are allowed', () => {
    const text = 'x'.repeat(256 * 1024);
    assert.equal(render(text, null).text.length, text.length);
    assert.match(refusal(`${text}y`, null).message, /exceeds 262144 bytes/);
  });
});

describe('the way back to the template', () => {
  const template = 'one\n{{- range .list }}\n  item: {{ . }} end\n{{- end }}\nlast {{ .multi }} tail';
  const { text, map } = render(template, { list: ['a', 'b'], multi: 'x\ny\nz' });
  const cases: [string, number, string, string | undefined][] = [
    ['one', 1, '1:1', undefined],
    ['item: a', 1, '3:3', undefined],
    ['item: b', 1, '3:3', undefined],
    ['a end', 1, '3:9', '{{ . }}'],
    ['b end', 3, '3:17', undefined],
    ['y\nz', 1, '5:6', '{{ .multi }}'],
    ['tail', 1, '5:19', undefined],
    ['tail', 4, '5:22', undefined],
  ];
  for (const [piece, nth, place, hole] of cases) {
    test(`${JSON.stringify(piece)} character ${nth}`, () => {
      const origin = map.originOf(text.indexOf(piece) + nth - 1);
      assert.equal(`${origin.line}:${origin.column}`, place);
      assert.equal(origin.hole, hole);
    });
  }
  test('offsets past the end lead to the end', () => {
    assert.equal(map.originOf(10_000).offset, template.length);
  });
  test('an empty text leads to the beginning', () => {
    assert.deepEqual(render('', null).map.originOf(0), { offset: 0, line: 1, column: 1, hole: undefined });
  });
});
