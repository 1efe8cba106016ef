/** Objects and contexts to fill templates in for. */
import assert from 'node:assert/strict';
import type { z } from 'zod';
import { type Catalogue, SECTIONS, type Section, SHAPES } from '../../../src/content/objects.ts';
import { TinsmithError } from '../../../src/errors.ts';
import { Processors } from '../../../src/life/processors.ts';
import { type Life, NO_LIFE } from '../../../src/life/record.ts';
import type { RenderContext } from '../../../src/life/render/index.ts';
import { newKeyPair, open } from '../../../src/life/seal.ts';
import { parseHardware } from '../../../src/machines/hardware.ts';
import type { Machine } from '../../../src/machines/machines.ts';
import { hardware, idOf } from '../../machines/examples.ts';

type Written = { [S in Section]?: z.input<(typeof SHAPES)[S]>[] };

/** A catalogue of objects as they are written. */
export function catalogueOf(written: Written = {}): Catalogue {
  const maps = SECTIONS.map((section) => [
    section,
    new Map(
      (written[section] ?? []).map((each) => {
        const object = SHAPES[section].parse(each);
        return ['id' in object ? object.id : object.name, object];
      }),
    ),
  ]);
  return Object.fromEntries(maps) as Catalogue;
}

export const lifeOf = (life: Partial<Life>): Life => ({ ...NO_LIFE, ...life });

/** Machine `number`: `m<number>.example.org`, with two interfaces and the address 192.168.1.<number>. */
export function machineOf(number: number, arch = 'x86_64'): Machine {
  const first = hardware(number, { hostname: `m${number}.example.org`, ip: `192.168.1.${number}` });
  const parsed = parseHardware(first);
  const [only] = parsed.network.interfaces;
  assert.ok(only);
  only.dhcp.arch = arch;
  parsed.network.interfaces.push({ dhcp: { mac: `52:54:00:00:ff:${number.toString().padStart(2, '0')}` } });
  return { id: idOf(number), name: `m${number}.example.org`, hardware: parsed, createdAt: 1, updatedAt: 1 };
}

export const KEYS = newKeyPair();

/** Nothing is known of machines but their hardware data. */
export const SILENT = new Processors({ firmware: () => undefined, inventory: () => undefined });

/** Everything that a rendering needs, with what a test says otherwise. */
export function contextOf(more: Partial<RenderContext> = {}): RenderContext {
  return {
    machine: machineOf(1),
    processors: SILENT,
    life: lifeOf({}),
    catalogue: catalogueOf(),
    server: { url: 'http://192.168.1.250:8080', address: '192.168.1.250', port: '8080' },
    open: (value) => open(KEYS.privateKey, value),
    token: (kind) => `token-of-${kind}`,
    targetOs: 'linux',
    ...more,
  };
}

/** The error of what must fail. */
export function refusal(work: () => unknown): TinsmithError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof TinsmithError, error instanceof Error ? error.stack : String(error));
    return error;
  }
  assert.fail('it was taken');
}
