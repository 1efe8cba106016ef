import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { TinsmithError } from '../../../../src/errors.ts';
import { GO_FUNCTIONS, render, type Value } from '../../../../src/workflows/template/gotemplate/index.ts';
import { TEMPLATE_FUNCTIONS } from '../../../../src/workflows/template/tinkerbell-functions.ts';
import { CASES, REFUSALS } from '../gotemplate/cases.ts';

/** One file of `cases/`: the cases of one feature, all with the data of `data.json`. */
const featureSchema = z.strictObject({
  /** With sprig's functions and Tinkerbell's; else with Go's own. */
  sprig: z.boolean().default(true),
  /** Why Go's own result is another one, or cannot be had. */
  notCompared: z.string().optional(),
  cases: z.array(
    z.union([
      z.strictObject({ template: z.string(), expected: z.string() }),
      z.strictObject({ template: z.string(), refused: z.literal(true) }),
    ]),
  ),
});

interface Case {
  feature: string;
  template: string;
  data: Value;
  sprig: boolean;
  /** Undefined: refused. */
  expected: string | undefined;
  compared: boolean;
}

const answerSchema = z.array(z.object({ output: z.string(), error: z.string().optional() }));

const HERE = import.meta.dirname;
const DATA: Value = JSON.parse(readFileSync(path.join(HERE, 'data.json'), 'utf8'));

const cases: Case[] = [
  ...readdirSync(path.join(HERE, 'cases')).flatMap((file): Case[] => {
    const feature = featureSchema.parse(JSON.parse(readFileSync(path.join(HERE, 'cases', file), 'utf8')));
    return feature.cases.map((one) => ({
      feature: file.replace('.json', ''),
      template: one.template,
      data: DATA,
      sprig: feature.sprig,
      expected: 'expected' in one ? one.expected : undefined,
      compared: feature.notCompared === undefined,
    }));
  }),
  // The language's own tests are held against Go as well.
  ...[...Object.values(CASES), ...Object.values(REFUSALS)].flat().map(([template, data, expected, message]): Case => {
    const refused = message !== undefined;
    return { feature: '', template, data, sprig: false, expected: refused ? undefined : expected, compared: true };
  }),
];

/** What our own implementation makes of it; undefined where it refuses. */
function ours({ template, data, sprig }: Case): string | undefined {
  try {
    return render(template, structuredClone(data), { functions: sprig ? TEMPLATE_FUNCTIONS : GO_FUNCTIONS }).text;
  } catch (error) {
    assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT', String(error));
    return undefined;
  }
}

for (const feature of new Set(cases.map((one) => one.feature).filter((name) => name !== ''))) {
  describe(`conformance: ${feature}`, () => {
    for (const one of cases.filter((other) => other.feature === feature)) {
      test(one.template.slice(0, 120), () => assert.equal(ours(one), one.expected));
    }
  });
}

test('the suite has at least 300 cases', () => assert.ok(cases.length >= 300, String(cases.length)));

describe("the same by Go's own text/template and sprig", { skip: whyNoGo() }, () => {
  const compared = cases.filter((one) => one.compared);
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'conformance-'));
    copyFileSync(path.join(HERE, 'reference.go'), path.join(folder, 'main.go'));
    const built = go(['build', '-o', 'reference', 'main.go'], folder);
    assert.equal(built.status, 0, built.stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test(`${compared.length} cases`, () => {
    const input = JSON.stringify(compared.map(({ template, data, sprig }) => ({ template, data, sprig })));
    const env = { ...process.env, TZ: 'UTC' };
    const { stdout, stderr, status } = spawnSync(path.join(folder, 'reference'), { input, env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const answers = answerSchema.parse(JSON.parse(stdout));
    const differing = compared.flatMap((one, index) => {
      const answer = answers[index];
      const theirs = answer?.error === undefined ? answer?.output : undefined;
      const mine = ours(one);
      return mine === theirs ? [] : [{ template: one.template, ours: mine, go: answer?.error ?? theirs }];
    });
    assert.deepEqual(differing, []);
  });
});

function go(args: string[], cwd: string) {
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' };
  // Go wants a place for its cache, which an account without a home directory has not.
  return spawnSync('go', args, { cwd, env: { GOCACHE: path.join(tmpdir(), 'go-cache'), ...env }, encoding: 'utf8' });
}

function whyNoGo(): string | false {
  if (go(['version'], HERE).status !== 0) return 'there is no Go (Debian: golang-go)';
  const { stdout } = go(['list', '-f', '{{.Dir}}', 'github.com/Masterminds/sprig'], HERE);
  return stdout.trim() === '' ? 'there is no sprig (Debian: golang-github-masterminds-sprig-dev)' : false;
}
