import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { TEMPLATE_FUNCTIONS } from '../../../src/workflows/template/tinkerbell-functions.ts';

test('docs/template-language.md names every function, and no other', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../../../docs/template-language.md'), 'utf8');
  const functions = text.slice(text.indexOf('## Functions'), text.indexOf('These sprig has, too'));
  const named = Array.from(functions.matchAll(/`(\w+)`/g), ([, name]) => name);
  // Named twice is what Go and sprig both have.
  assert.deepEqual([...new Set(named)].toSorted(), [...TEMPLATE_FUNCTIONS.keys()].toSorted());
});
