import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { masker } from '../src/mask.ts';
import { OutputReader } from '../src/worker/output.ts';

describe('the mask', () => {
  test('hides secrets, the lines of long ones, and their base64', () => {
    const mask = masker(['s3cr.t', 'first line of a key\nsecond line of it\n', '']);
    assert.equal(mask('x s3cr.t y s3crXt'), 'x ******** y s3crXt');
    assert.equal(mask('second line of it'), '********');
    assert.equal(mask(`token ${Buffer.from('s3cr.t').toString('base64')}`), 'token ********');
    assert.equal(masker([])('as it is'), 'as it is');
  });

  test('hides the longer of two secrets of which one holds the other', () => {
    assert.equal(masker(['pass', 'password'])('password pass'), '******** ********');
  });

  test('hides what goes over from one fragment to the next, and loses nothing else', () => {
    const secrets = ['abcabd', 'cab', 'dd'];
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'abcabd'), { maxLength: 30 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 5 }), (line, cuts) => {
        const reader = new OutputReader(secrets);
        const edges = [0, ...cuts.map((cut) => cut % (line.length + 1)).sort((a, b) => a - b), line.length];
        const pieces = edges.slice(1).map((edge, n) => line.slice(edges[n], edge));
        const outputs = [
          ...pieces.flatMap((piece) =>
            reader.read({ stream: 'stdout', payload: Buffer.from(`2026-01-02T03:04:05Z ${piece}`) }),
          ),
          ...reader.rest(),
        ];
        const shown = outputs.map((output) => (output.kind === 'entry' ? output.entry.text : '')).join('');
        assert.equal(shown, masker(secrets)(line));
      }),
      { numRuns: 1000 },
    );
  });

  test('holds back no more than could be the beginning of a secret', () => {
    const reader = new OutputReader(['password']);
    const read = (text: string) =>
      reader.read({ stream: 'stdout', payload: Buffer.from(`2026-01-02T03:04:05Z ${text}`) });
    assert.deepEqual(
      [...read('enter pass'), ...read('age\n')].map((output) => (output.kind === 'entry' ? output.entry.text : '')),
      ['enter ', 'passage\n'],
    );
  });
});
