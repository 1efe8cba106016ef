import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TinsmithError } from '../../../src/errors.ts';
import { render, type Value } from '../../../src/workflows/template/gotemplate/index.ts';
import { parseImageReference } from '../../../src/workflows/template/image-reference.ts';
import { checkTemplate, renderTemplate, type TemplateData } from '../../../src/workflows/template/index.ts';
import { CLOUD_IMAGE, WORKFLOW_SERVICES } from './examples.ts';

const DATA: TemplateData = {
  devices: { device_1: '08:00:27:00:00:01', server: 'h', n: 3, list: [1, 2], nothing: null },
  hardware: { Disks: ['/dev/sda'], Interfaces: [{ dhcp: { ip: { address: '10.0.0.1', netmask: '255.0.0.0' } } }] },
};

/** Longest processor time that one input of these sizes may take, generous for a slow machine. */
const MICROSECONDS = 3_000_000;

/** Does `work`; its result, or the error that it may throw. Anything else fails, and so does taking long. */
function outcome<T>(text: string, work: () => T): T | TinsmithError {
  const start = process.cpuUsage();
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT', `${error}\n${text}`);
    assert.ok(error.problems.length > 0);
    const lines = text.split('\n');
    for (const { line = 0, column = 0 } of error.problems) {
      assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
      assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column} of line ${line}`);
    }
    return error;
  } finally {
    assert.ok(process.cpuUsage(start).user < MICROSECONDS, 'took too long');
  }
}

const PIECES = [
  ...[
    '{{',
    '}}',
    '{{-',
    '-}}',
    ' ',
    '\n',
    '(',
    ')',
    '|',
    '.',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    '"',
    '`',
    "'",
    '\\',
    '/*',
    '*/',
  ],
  ...[
    'if',
    'else',
    'end',
    'range',
    'with',
    'define "t"',
    'template "t"',
    'block "b"',
    'break',
    'continue',
    'nil',
    'true',
  ],
  ...[
    '.n',
    '.list',
    '.device_1',
    'device_1',
    '.nothing',
    '.Hardware.Disks',
    '.absent',
    '1',
    '1.5',
    '0x1f',
    "'a'",
    '"s"',
  ],
  ...[
    'and',
    'or',
    'not',
    'eq',
    'lt',
    'index',
    'slice',
    'len',
    'print',
    'printf "%v %d %5s"',
    'html',
    'js',
    'urlquery',
    'call',
  ],
  ...['formatPartition', 'toYaml', 'fromYaml', 'é', '\u0000', '\ud800', '€'],
];

/** Texts that look like templates. */
const templateLike = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), { maxLength: 40 })
  .map((parts) => parts.join(''));

/** Holes that are mostly right. */
const holes = fc
  .array(fc.array(fc.constantFrom(...PIECES.filter((piece) => !piece.includes('{'))), { maxLength: 5 }), {
    maxLength: 6,
  })
  .map((all) => all.map((parts) => `text {{ ${parts.join(' ')} }}`).join('\n'));

const YAML_PIECES = [
  '- ',
  ': ',
  '\n',
  '  ',
  '    ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!t ',
  '|',
  '>',
  '"',
  "'",
  '#',
  '---\n',
  '<<: *a\n',
  'name: x\n',
  '\t',
  '{{.n}}',
  '{{ if .n }}',
  '{{ end }}',
  '~',
  'image: A',
  '\u0000',
  '\ud800',
];

/** An example with pieces cut out, put in, or repeated. */
const mutated = fc
  .tuple(
    fc.constantFrom(WORKFLOW_SERVICES, CLOUD_IMAGE),
    fc.array(
      fc.tuple(fc.nat(2000), fc.nat(12), fc.oneof(fc.constantFrom('', ...YAML_PIECES), fc.string({ maxLength: 3 }))),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, edits]) => {
    return edits.reduce<string>((before, [at, cut, put]) => {
      const start = at % before.length;
      return before.slice(0, start) + put + before.slice(start + cut);
    }, text);
  });

describe('properties of templates', () => {
  test('any text renders or is refused with a place in it', () => {
    fc.assert(
      fc.property(fc.oneof(templateLike, holes, fc.string()), (text) => {
        outcome(text, () => render(text, DATA.devices as Value));
        outcome(text, () => renderTemplate(text, DATA));
        outcome(text, () => checkTemplate(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('mutated documents render or are refused with a place in them', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        outcome(text, () => renderTemplate(text, DATA));
        outcome(text, () => checkTemplate(text));
      }),
      { numRuns: 1000 },
    );
  });

  test('what renders to a right document is not refused at upload', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        if (outcome(text, () => renderTemplate(text, DATA)) instanceof TinsmithError) return;
        const checked = outcome(text, () => checkTemplate(text));
        if (!(checked instanceof TinsmithError)) return;
        // Only the name must not be a hole, though it renders.
        assert.ok(
          checked.problems.every(({ field }) => field === 'name'),
          `${checked.message}\n${text}`,
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('text without holes stays as it is, each character at its own place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(50), (text, at) => {
        fc.pre(!text.includes('{{'));
        const rendered = render(text, null);
        assert.equal(rendered.text, text);
        if (at < text.length) assert.equal(rendered.map.originOf(at).offset, at);
      }),
    );
  });

  test('every literal character leads back to itself, every other to its hole', () => {
    const piece = fc.oneof(
      fc.stringMatching(/^[a-c\n ]{1,8}$/),
      fc.constantFrom('{{ .n }}', '{{ .list }}', '{{- .n -}}', '{{/* c */}}', '{{ $x := 1 }}'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const template = pieces.join('');
        const { text, map } = render(template, { n: 'multi\nline', list: [1, 2] });
        for (let at = 0; at < text.length; at++) {
          const origin = map.originOf(at);
          if (origin.hole === undefined) assert.equal(template[origin.offset], text[at]);
          else assert.ok(template.startsWith(origin.hole, origin.offset) && origin.hole.startsWith('{{'));
        }
      }),
    );
  });

  test('any string written as a Go literal reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const quoted = render('{{printf "%q" .}}', value).text;
        assert.equal(render(`{{${quoted}}}`, null).text, value);
        const ascii = render('{{printf "%+q" .}}', value).text;
        assert.match(ascii, /^[ -~]*$/);
        assert.equal(render(`{{${ascii}}}`, null).text, value);
      }),
    );
  });

  test('image references are taken apart as they were put together', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
    const parts = fc.record(
      {
        domain: fc.constantFrom('quay.io', 'localhost', 'localhost:5000', '10.1.2.3:80', '[::1]:5000', 'a.b-c.d'),
        path: fc.array(component, { minLength: 1, maxLength: 3 }).map((all) => all.join('/')),
        tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/),
        digest: fc.stringMatching(/^[a-f0-9]{64}$/).map((hex) => `sha256:${hex}`),
      },
      { requiredKeys: ['path'] },
    );
    fc.assert(
      fc.property(parts, (reference) => {
        const first = reference.path.split('/')[0] ?? '';
        const ambiguous =
          reference.domain === undefined &&
          reference.path.includes('/') &&
          (first.includes('.') || first === 'localhost');
        fc.pre(!ambiguous);
        const { domain, path, tag, digest } = reference;
        const text = [domain && `${domain}/`, path, tag && `:${tag}`, digest && `@${digest}`].filter(Boolean).join('');
        assert.deepEqual(parseImageReference(text), { reference: { ...reference } });
      }),
    );
  });
});
