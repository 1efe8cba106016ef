/** The catalogue of errors: every code has an entry that says what the code does, and every entry is a code's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ERROR_MEANINGS, errorPage } from '../../src/api/error-catalogue.ts';
import { codeOfStatus, ERROR_PAGE, toProblemDetails } from '../../src/api/problem.ts';
import { ERROR_CODES, exitOf, isErrorCode, statusOf, TinsmithError } from '../../src/errors.ts';
import { running } from './running.ts';

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const entries = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((entry) => [entry.split('\n')[0] ?? '', entry.replace(/\s+/g, ' ').trim()]),
);

describe('docs/errors.md', () => {
  for (const code of ERROR_CODES) {
    it(`says what ${code} means and what to do`, () => {
      const { meaning, remedy } = ERROR_MEANINGS[code];
      const facts = `HTTP status ${statusOf(code)}, exit code ${exitOf(code)}.`;
      assert.equal(entries.get(code), `${code} ${facts} ${meaning} What to do: ${remedy}`);
    });
  }

  it('has no entry without a code', () => {
    assert.deepEqual(
      [...entries.keys()].filter((code) => !isErrorCode(code)),
      [],
    );
  });
});

describe('the type of a problem', () => {
  it('points to its entry on the appliance', async (t) => {
    const { call } = await running(t);
    const { json } = await call('GET', '/api/v1/machines/none');
    assert.equal(json.type, `${ERROR_PAGE}#NOT_FOUND`);
    const page = await call('GET', ERROR_PAGE, { token: '' });
    assert.equal(page.text, errorPage());
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    for (const code of ERROR_CODES) assert.ok(page.text.includes(`<h2 id="${code}">`), code);
  });

  it('goes with a status that leads back to the code, where none is named', () => {
    for (const code of ['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED'] as const)
      assert.equal(codeOfStatus(toProblemDetails(new TinsmithError(code, '')).status), code);
  });
});
