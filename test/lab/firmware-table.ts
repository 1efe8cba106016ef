/**
 * The table of docs/firmware.md: which firmware was booted, into the OSIE or on arm64 into a boot environment, in which mode
 * of DHCP, and the test that did it.
 * A test that has seen it checks its cell; `TINSMITH_WRITE_TABLE=1` writes the cell instead.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ARM64_FIRMWARES, type Firmware, OSIE_FIRMWARES } from '../../src/lab/firmware.ts';

const MODES = ['reservation', 'proxy', 'pool'] as const;
export type Mode = (typeof MODES)[number];

const DOCUMENT = join(import.meta.dirname, '../../docs/firmware.md');
const [BEGIN, END] = ['<!-- booted -->\n', '<!-- /booted -->'];
const NAMES: Record<Firmware, string> = {
  bios: 'BIOS PXE',
  uefi: 'UEFI PXE',
  'uefi-http': 'UEFI HTTP boot',
  'secure-boot': 'UEFI, Secure Boot on',
  arm64: 'ARM 64-bit UEFI PXE',
  'arm64-http': 'ARM 64-bit UEFI HTTP boot',
  'arm64-secure-boot': 'ARM 64-bit UEFI, Secure Boot on',
};

type Cells = Map<string, string>;
const cell = (firmware: Firmware, mode: Mode): string => `${NAMES[firmware]}/${mode}`;

function readCells(table: string): Cells {
  const [head = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((part) => part.trim()));
  return new Map(rows.flatMap((row) => head.map((mode, i): [string, string] => [`${row[1]}/${mode}`, row[i] ?? ''])));
}

function tableOf(cells: Cells): string {
  const rows = [...OSIE_FIRMWARES, ...ARM64_FIRMWARES].map((firmware) => [
    NAMES[firmware],
    ...MODES.map((mode) => cells.get(cell(firmware, mode)) || 'not shown'),
  ]);
  return [['firmware', ...MODES], ['', ...MODES].map(() => '---'), ...rows]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('');
}

/** Called when a machine with this firmware has been seen in the system that it boots. @param file the test's `import.meta.url` */
export function assertDocumented(firmware: Firmware, mode: Mode, file: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const to = text.indexOf(END);
  const cells = readCells(text.slice(from, to));
  const seen = `yes (\`${basename(file)}\`)`;
  if (process.env.TINSMITH_WRITE_TABLE) {
    cells.set(cell(firmware, mode), seen);
    writeFileSync(DOCUMENT, text.slice(0, from) + tableOf(cells) + text.slice(to));
    return;
  }
  assert.equal(cells.get(cell(firmware, mode)), seen, `the table of docs/firmware.md, at ${cell(firmware, mode)}`);
}
