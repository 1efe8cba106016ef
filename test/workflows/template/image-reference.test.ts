import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseImageReference } from '../../../src/workflows/template/image-reference.ts';

const HEX = 'a'.repeat(64);

describe('image references', () => {
  const valid: [string, object][] = [
    ['disk-wipe', { path: 'disk-wipe' }],
    ['disk-wipe:v1.0.42', { path: 'disk-wipe', tag: 'v1.0.42' }],
    ['library/debian', { path: 'library/debian' }],
    [
      'quay.io/tinkerbell/actions/image2disk:latest',
      { domain: 'quay.io', path: 'tinkerbell/actions/image2disk', tag: 'latest' },
    ],
    ['localhost/a', { domain: 'localhost', path: 'a' }],
    ['localhost:5000/a', { domain: 'localhost:5000', path: 'a' }],
    ['10.0.0.1:8080/a/b:1', { domain: '10.0.0.1:8080', path: 'a/b', tag: '1' }],
    ['[::1]:5000/a', { domain: '[::1]:5000', path: 'a' }],
    ['[2001:db8::1]/a', { domain: '[2001:db8::1]', path: 'a' }],
    ['Registry/a', { domain: 'Registry', path: 'a' }],
    [`a@sha256:${HEX}`, { path: 'a', digest: `sha256:${HEX}` }],
    [`host.example/a:t@sha256:${HEX}`, { domain: 'host.example', path: 'a', tag: 't', digest: `sha256:${HEX}` }],
    [`a@sha512:${HEX}${HEX}`, { path: 'a', digest: `sha512:${HEX}${HEX}` }],
    ['a__b/c--d/e.f_g', { path: 'a__b/c--d/e.f_g' }],
    ['a:_T.-9', { path: 'a', tag: '_T.-9' }],
    ['a:5000', { path: 'a', tag: '5000' }],
    [`a/${HEX}`, { path: `a/${HEX}` }],
  ];
  for (const [text, reference] of valid) {
    test(text.slice(0, 60), () => assert.deepEqual(parseImageReference(text), { reference }));
  }
  const invalid: [string, RegExp][] = [
    ['', /is empty/],
    ['Disk-Wipe', /capital letters/],
    ['a/B', /capital letters/],
    ['a//b', /part of the name is empty/],
    ['/a', /part of the name is empty/],
    ['a/', /part of the name is empty/],
    ['a b', /no part of a name/],
    ['-a', /no part of a name/],
    ['a..b', /no part of a name/],
    ['a___b', /no part of a name/],
    ['a:', /no tag/],
    ['a:-x', /no tag/],
    [`a:${'t'.repeat(129)}`, /no tag/],
    ['a:b:c', /no part of a name|no registry/],
    ['host:99999/a', /no registry/],
    ['ho_st.x:1/a', /no registry/],
    ['-h.x/a', /no registry/],
    ['a@', /no digest/],
    ['a@md5:abc', /no digest/],
    ['a@sha256:abc', /64 hexadecimal digits/],
    [`a@sha256:${HEX.toUpperCase()}`, /64 hexadecimal digits/],
    [HEX, /image id/],
    ['a'.repeat(256), /longer than 255/],
    ['http://host/a', /part of the name is empty|no registry/],
    ['a\n', /no part of a name/],
  ];
  for (const [text, message] of invalid) {
    test(`refused: ${JSON.stringify(text.slice(0, 40))}`, () => {
      const parsed = parseImageReference(text);
      assert.ok('problem' in parsed);
      assert.match(parsed.problem, message);
    });
  }
});
