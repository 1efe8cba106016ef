/**
 * Rendering a large template: parsing and executing it, on our side and on Go's, the same text and data in the same
 * run. The reading of the YAML that comes of it is told beside, as Go's text/template does none.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execute, parse, type Value } from '../../src/workflows/template/gotemplate/index.ts';
import { renderTemplate } from '../../src/workflows/template/index.ts';
import { TEMPLATE_FUNCTIONS } from '../../src/workflows/template/tinkerbell-functions.ts';
import { type Row, rowOf } from '../report.ts';

const ACTIONS = 1000;
const ROUNDS = 5;
/** Renderings in a round; a round's figure is that of one of them. */
const RENDERINGS = 20;

const DEVICES = { device_1: '52:54:00:00:00:01', image: 'busybox', minutes: 5, disks: ['/dev/sda', '/dev/nvme0n1'] };

/** What actions name: a field, an element, a formatted value, a choice. */
const HOLES = [
  '{{ .image }}',
  '{{ index .disks 1 }}',
  '{{ printf "%s-%v" .image .minutes }}',
  '{{ if eq .image "busybox" }}long{{ else }}short{{ end }}',
];

/** A template of 1,000 actions and 100 kB, with a hole in each of them. */
function template(): string {
  const actions = Array.from({ length: ACTIONS }, (_, index) => {
    const number = String(index).padStart(4, '0');
    return `      - name: action-${number}\n        image: actions/one\n        command: ["${HOLES[index % HOLES.length]}"]\n`;
  });
  const head = 'version: "0.1"\nname: large\ntasks:\n  - name: only\n    worker: "{{.device_1}}"\n    actions:\n';
  return head + actions.join('');
}

/**
 * Measures ours against Go's, whose compiler must be installed (Debian: golang-go).
 *
 * @throws Error where Go is missing, or renders another text
 */
export async function benchRendering(progress: (text: string) => void): Promise<Row[]> {
  const text = template();
  progress(`rendering: a template of ${ACTIONS} actions, ${(text.length / 1000).toFixed(0)} kB`);
  const render = () =>
    execute(parse(text, TEMPLATE_FUNCTIONS), DEVICES as Value, { functions: TEMPLATE_FUNCTIONS }).text;
  const first = timed(render, 1);
  timed(render, 4 * RENDERINGS);
  const ours = Array.from({ length: ROUNDS }, () => timed(render, RENDERINGS));
  const peer = inGo(text);
  if (peer.text !== render()) throw new Error("rendering: ours and Go's texts differ");
  const whole = () => renderTemplate(text, { devices: DEVICES });
  timed(whole, 3);
  return [
    rowOf({
      name: `rendering a ${(text.length / 1000).toFixed(0)} kB template of ${ACTIONS} actions`,
      ours,
      peer: peer.figures,
      peerName: "Go's text/template",
      unit: 'ms',
      better: 'less',
      goal: 0.2,
      details: { 'first rendering, ms': rounded(first), 'with YAML and schema, ms': rounded(timed(whole, 3)) },
    }),
  ];
}

/** Milliseconds of one of `count` runs. */
function timed(work: () => unknown, count: number): number {
  const start = performance.now();
  for (let run = 0; run < count; run++) work();
  return (performance.now() - start) / count;
}

function rounded(milliseconds: number): number {
  return Number(milliseconds.toPrecision(3));
}

function inGo(text: string): { figures: number[]; text: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'rendering-'));
  try {
    copyFileSync(path.join(import.meta.dirname, 'rendering.go'), path.join(folder, 'main.go'));
    const env = { GOCACHE: path.join(tmpdir(), 'go-cache'), ...process.env, GO111MODULE: 'off' };
    const program = path.join(folder, 'rendering');
    const built = spawnSync('go', ['build', '-o', program, 'main.go'], { cwd: folder, env, encoding: 'utf8' });
    if (built.error || built.status !== 0) {
      throw new Error(`rendering: Go is needed (Debian: golang-go): ${built.error?.message ?? built.stderr}`);
    }
    const input = JSON.stringify({ template: text, data: DEVICES, rounds: ROUNDS, renderings: RENDERINGS });
    const { stdout, stderr, status } = spawnSync(program, { input, encoding: 'utf8', maxBuffer: 1 << 24 });
    if (status !== 0) throw new Error(`rendering: ${stderr}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
