/**
 * Ways in which a boot fails, each provoked by packets and requests against the appliance's own servers, and what
 * `explain` says of it: the table in docs/explain.md, which `TINSMITH_WRITE_DOCS=1` writes.
 */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { WAYS } from './ways-to-fail.ts';

const DOCUMENT = new URL('../../docs/explain.md', import.meta.url);
const [BEGIN, END] = ['<!-- ways to fail: begin -->', '<!-- ways to fail: end -->'];

/** What differs from one run to the next. */
function masked(sentence: string): string {
  return sentence
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '*time*')
    .replace(/http:\/\/[\d.]+:\d+/g, '`http://SERVER`')
    .replace(/127\.0\.0\.\d:\d+|\bport \d{4,5}\b/g, '*port*')
    .replace(/\/tmp\/[^/ ]+/g, '…')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*id*')
    .replace(/after \d+( of \d+)? bytes/g, 'after *N*$1 bytes')
    .replace(/in \d+\.\d s|within [\d.]+ s and \d+ resends/g, 'in *n* s')
    .replace(/by process \d+ \([^)]*\)/g, 'by process *pid*');
}

describe('a boot that fails', () => {
  const table = new Map<string, string>();

  for (const { what, code, state = 'missing', says, provoke } of WAYS) {
    it(`is explained: ${what}`, async (t) => {
      const told = await provoke(t);
      const shown = JSON.stringify({ ...told, evidence: told.evidence.map(({ sentence }) => sentence) }, null, 1);
      assert.deepEqual([told.code, told.state], [code, state], shown);
      if (says) assert.match(told.sentence, says);
      assert.ok(!told.sentence.includes('undefined') && !/[.\s]$/.test(told.sentence), told.sentence);
      table.set(what, `| ${what} | \`${told.code}\` | ${masked(told.sentence)} |`);
    });
  }

  after(() => {
    if (table.size < WAYS.length) return;
    const rows = WAYS.map(({ what }) => table.get(what));
    const text = ['| What is wrong | Code | What `explain` says |', '|---|---|---|', ...rows].join('\n');
    const document = readFileSync(DOCUMENT, 'utf8');
    const [before = '', rest = ''] = document.split(BEGIN);
    const [, behind = ''] = rest.split(END);
    const made = `${before}${BEGIN}\n${text}\n${END}${behind}`;
    if (process.env.TINSMITH_WRITE_DOCS) {
      writeFileSync(`${DOCUMENT.pathname}.new`, made);
      renameSync(`${DOCUMENT.pathname}.new`, DOCUMENT.pathname);
    } else assert.equal(document, made, 'docs/explain.md is old: write it with TINSMITH_WRITE_DOCS=1');
  });
});
